#include "io/liveness/stream_connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace metallb::io {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// Reads of one connection per wake-up, so that others get their turn.
constexpr int kReadsPerWakeUp = 4;

}  // namespace

void Streams::Connection::connect(const Tcp::endpoint& to) {
  socket_.async_connect(to, [this, self = shared_from_this()](const error_code& error) {
    if (owner_ == nullptr) return;
    if (error) return fail(error.message());
    begin();
    owner_->handlers_.connected(id_);
  });
}

void Streams::Connection::begin() {
  open_ = true;
  error_code ignored;
  socket_.set_option(Tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  wait_to_read();
  if (!outgoing_.empty() || last_) write();
}

void Streams::Connection::send(ByteView data, bool last) {
  if (last_ || dismissed_) return;
  last_ = last;
  if (outgoing_.size() - sent_ + data.size() > owner_->limits_.waiting_bytes) {
    asio::post(socket_.get_executor(), [this, self = shared_from_this()] {
      if (owner_ != nullptr) fail("too much is waiting to be sent");
    });
    return;
  }
  outgoing_.insert(outgoing_.end(), data.begin(), data.end());
  if (open_ && !writing_) write();
}

void Streams::Connection::dismiss() {
  if (dismissed_) return;
  dismissed_ = true;
  // Its answer is still to leave, and the rest of what the peer sends to be read: closing with unread data would destroy
  // what is on its way to him (RFC 1122, Section 4.2.2.13).
  if (accepted() && last_) return linger();
  finish();
}

void Streams::Connection::detach() {
  owner_ = nullptr;
  farewell_.cancel();
  error_code ignored;
  socket_.close(ignored);
}

void Streams::Connection::wait_to_read() {
  socket_.async_wait(Tcp::socket::wait_read, [this, self = shared_from_this()](const error_code& error) {
    if (owner_ == nullptr) return;
    if (error) return fail(error.message());
    read();
  });
}

void Streams::Connection::read() {
  auto& buffer = owner_->buffer_;
  for (int count = 0; count < kReadsPerWakeUp; ++count) {
    error_code error;
    const auto size = socket_.read_some(asio::buffer(buffer), error);
    if (error == asio::error::would_block || error == asio::error::try_again) break;
    if (error == asio::error::eof) return peer_is_done();
    if (error) return fail(error.message());
    if (!dismissed_) owner_->handlers_.received(id_, ByteView(buffer.data(), size));
    if (owner_ == nullptr) return;
  }
  wait_to_read();
}

void Streams::Connection::peer_is_done() {
  read_all_ = true;
  // What the core answered to its last bytes still has to leave.
  const bool owes_an_answer = last_ && writing_;
  tell_end({});
  if (owner_ == nullptr) return;
  if (owes_an_answer) return linger();
  finish();
}

void Streams::Connection::write() {
  if (sent_ == outgoing_.size()) return all_has_left();
  writing_ = true;
  const auto self = shared_from_this();
  socket_.async_write_some(asio::buffer(outgoing_.data() + sent_, outgoing_.size() - sent_),
                           [this, self](const error_code& error, std::size_t size) {
                             if (owner_ == nullptr) return;
                             writing_ = false;
                             if (error) return fail(error.message());
                             sent_ += size;
                             write();
                           });
}

void Streams::Connection::all_has_left() {
  outgoing_ = {};
  sent_ = 0;
  if (!last_) return;
  error_code ignored;
  socket_.shutdown(Tcp::socket::shutdown_send, ignored);
  if (dismissed_ && read_all_) finish();
}

void Streams::Connection::linger() {
  farewell_.expires_after(owner_->limits_.farewell);
  farewell_.async_wait([this, self = shared_from_this()](const error_code& cancelled) {
    if (!cancelled && owner_ != nullptr) finish();
  });
}

void Streams::Connection::fail(const std::string& error) {
  tell_end(error);
  if (owner_ != nullptr) finish();
}

void Streams::Connection::tell_end(const std::string& error) {
  if (std::exchange(dismissed_, true)) return;
  owner_->handlers_.ended(id_, error);
}

}  // namespace metallb::io
