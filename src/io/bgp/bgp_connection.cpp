#include "io/bgp/bgp_connection.hpp"

#include <unistd.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace metallb::io {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// Messages written with one call.
constexpr std::size_t kGathered = 64;

}  // namespace

BgpConnection::BgpConnection(asio::io_context& loop, std::span<std::uint8_t> buffer, Handlers handlers)
    : loop_(loop), buffer_(buffer), handlers_(std::move(handlers)), socket_(loop), timer_(loop) {}

// ---- dialling ----

void BgpConnection::dial(const bgp::Transport& transport, Duration limit) {
  password_set_ = !transport.password.empty();
  auto opened = open_bgp_socket(transport);
  if (opened) return connect(*opened, limit);
  asio::post(loop_, [self = shared_from_this(), error = std::move(opened.error())] { self->fail(error); });
}

void BgpConnection::connect(const BgpSocket& opened, Duration limit) {
  error_code error;
  socket_.assign(opened.to.family() == AF_INET ? Tcp::v4() : Tcp::v6(), opened.descriptor, error);
  if (error) {
    ::close(opened.descriptor);
    asio::post(loop_, [self = shared_from_this(), error] {
      self->fail({DialError::Kind::kOther, "cannot watch a socket: " + error.message()});
    });
    return;
  }
  socket_.non_blocking(true, error);
  Tcp::endpoint to;
  std::memcpy(to.data(), opened.to.get(), opened.to.size);
  to.resize(opened.to.size);
  md5_before_ = read_md5_counters();
  timer_.expires_after(limit);
  timer_.async_wait([self = shared_from_this()](const error_code& cancelled) {
    if (!cancelled) self->fail({DialError::Kind::kOther, self->no_answer()});
  });
  socket_.async_connect(to, [self = shared_from_this()](const error_code& failed) {
    if (self->phase_ != Phase::kDialling) return;
    if (failed) {
      const bool silent = failed.value() == ETIMEDOUT;
      return self->fail({DialError::Kind::kOther, silent ? self->no_answer() : connect_error(failed.value())});
    }
    self->timer_.cancel();
    self->phase_ = Phase::kOpen;
    self->wait_to_read();
    self->handlers_.connected();
  });
}

void BgpConnection::fail(DialError error) {
  if (phase_ != Phase::kDialling) return;
  detach();
  handlers_.failed(error);
}

/// bgp spec 4.12: the kernel's counters say what it does not tell the socket.
std::string BgpConnection::no_answer() const {
  std::string out(kNoAnswer);
  const auto now = read_md5_counters();
  if (!now || !md5_before_) return out;
  const auto hint = md5_hint(*md5_before_, *now, password_set_);
  return hint.empty() ? out : out + "; " + hint;
}

std::optional<IpAddress> BgpConnection::local_address() const {
  error_code error;
  const auto own = socket_.local_endpoint(error).address();
  if (error) return std::nullopt;
  return own.is_v4() ? IpAddress::v4(own.to_v4().to_uint()) : IpAddress::v6(own.to_v6().to_bytes());
}

// ---- reading ----

void BgpConnection::wait_to_read() {
  // Also when the wait is cancelled, which is how write() makes it look for the end.
  socket_.async_wait(Tcp::socket::wait_read, [self = shared_from_this()](const error_code&) { self->read(); });
}

/// One piece per wake-up, so that others get their turn.
void BgpConnection::read() {
  if (phase_ != Phase::kOpen && phase_ != Phase::kClosing) return;
  error_code error;
  const auto size = socket_.read_some(asio::buffer(buffer_.data(), buffer_.size()), error);
  if (error == asio::error::would_block || error == asio::error::try_again || error == asio::error::interrupted) {
    return write_error_.empty() ? wait_to_read() : end(write_error_);
  }
  if (error == asio::error::eof) return end(write_error_);
  if (error) return end(error.message());
  if (phase_ == Phase::kOpen) handlers_.received(ByteView(buffer_.data(), size));
  if (phase_ == Phase::kOver) return;
  if (write_error_.empty()) return wait_to_read();
  asio::post(loop_, [self = shared_from_this()] { self->read(); });
}

// ---- writing ----

void BgpConnection::send(Bytes bytes) {
  if (phase_ != Phase::kOpen || bytes.empty()) return;
  outgoing_.push_back(std::move(bytes));
  if (!writing_) write();
}

void BgpConnection::write() {
  if (!write_error_.empty()) return;
  std::vector<asio::const_buffer> pieces;
  pieces.reserve(std::min(outgoing_.size(), kGathered));
  for (const auto& message : outgoing_) {
    const auto skip = pieces.empty() ? sent_ : 0;
    pieces.push_back(asio::buffer(message) + skip);
    if (pieces.size() == kGathered) break;
  }
  writing_ = true;
  socket_.async_write_some(
      pieces, [self = shared_from_this()](const error_code& error, std::size_t size) { self->wrote(error, size); });
}

void BgpConnection::wrote(const error_code& error, std::size_t size) {
  writing_ = false;
  if (phase_ != Phase::kOpen && phase_ != Phase::kClosing) return;
  if (error) {
    // The peer's last words may have come before it closed: they are read first.
    write_error_ = error.message();
    outgoing_.clear();
    error_code ignored;
    socket_.cancel(ignored);
    return;
  }
  consume(size);
  if (phase_ == Phase::kOpen) handlers_.taken(size);
  if (phase_ == Phase::kOver || writing_) return;
  if (!outgoing_.empty()) return write();
  if (phase_ == Phase::kClosing) shut();
}

void BgpConnection::consume(std::size_t size) {
  sent_ += size;
  while (!outgoing_.empty() && sent_ >= outgoing_.front().size()) {
    sent_ -= outgoing_.front().size();
    outgoing_.pop_front();
  }
}

// ---- ending ----

void BgpConnection::close(Duration linger) {
  if (phase_ == Phase::kClosing || phase_ == Phase::kOver) return;
  if (phase_ == Phase::kDialling || linger <= Duration::zero() || !write_error_.empty()) return finish();
  phase_ = Phase::kClosing;
  timer_.expires_after(linger);
  timer_.async_wait([self = shared_from_this()](const error_code& cancelled) {
    if (!cancelled && self->phase_ == Phase::kClosing) self->finish();
  });
  if (outgoing_.empty()) shut();
}

/// RFC 9293, Section 3.6: we have no more to say; the peer may.
void BgpConnection::shut() {
  error_code ignored;
  socket_.shutdown(Tcp::socket::shutdown_send, ignored);
}

void BgpConnection::end(const std::string& error) {
  if (phase_ == Phase::kClosing) return finish();
  detach();
  handlers_.disconnected(error);
}

void BgpConnection::finish() {
  detach();
  handlers_.over();
}

void BgpConnection::detach() {
  phase_ = Phase::kOver;
  timer_.cancel();
  outgoing_.clear();
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace metallb::io
