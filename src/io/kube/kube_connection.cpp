#include "io/kube/kube_connection.hpp"

#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <utility>

#include "io/clock.hpp"
#include "io/kube/deadline.hpp"

namespace metallb::io {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
constexpr auto kUseTuple = asio::as_tuple(asio::use_awaitable);

/// One address among several gets no longer, so that a dead one does not eat the whole time of a request.
constexpr auto kConnectAttempt = std::chrono::seconds(3);
/// Then the loop's other work gets its turn.
constexpr int kReadsInARow = 16;
constexpr std::size_t kTlsWriteAtOnce = 1U << 20U;  // bytes; OpenSSL's sizes are ints

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

KubeConnection::KubeConnection(asio::io_context& loop, const KubeEndpoint& endpoint, TlsClientContext tls)
    : loop_(loop), endpoint_(endpoint), tls_(std::move(tls)), socket_(loop), session_(nullptr, [](SSL*) {}) {}

KubeConnection::~KubeConnection() {
  close(std::errc::operation_canceled);
}

SystemError KubeConnection::failure(std::string_view operation, std::error_code code, std::string detail) const {
  return {.operation = std::string(operation),
          .object = host_text(endpoint_) + ":" + endpoint_.port,
          .code = closed_ ? closed_ : code,
          .detail = closed_ ? std::string() : std::move(detail)};
}

void KubeConnection::close(std::errc why) {
  if (closed_) return;
  closed_ = std::make_error_code(why);
  if (lookup_) lookup_->done.cancel();
  if (session_ && SSL_is_init_finished(session_.get()) != 0) {
    SSL_shutdown(session_.get());  // tells the server; nobody waits for its answer
    ERR_clear_error();
  }
  boost::system::error_code ignored;
  socket_.close(ignored);
}

KubeConnection::Result<void> KubeConnection::open() {
  const auto addresses = co_await resolve();
  if (!addresses) co_return std::unexpected(addresses.error());
  std::expected<void, SystemError> connected = std::unexpected(failure("connect", {}, "the name has no addresses"));
  for (const auto& address : *addresses) {
    connected = co_await connect(address);
    if (connected || closed_) break;
  }
  if (!connected) co_return connected;
  tune();
  if (!tls_) co_return connected;
  co_return co_await handshake();
}

KubeConnection::Result<std::vector<tcp::endpoint>> KubeConnection::resolve() {
  std::uint16_t port = 0;
  const auto& text = endpoint_.port;
  if (std::from_chars(text.data(), text.data() + text.size(), port).ec != std::errc{}) {
    co_return std::unexpected(failure("connect", std::make_error_code(std::errc::invalid_argument), "port " + text));
  }
  // The usual case: no resolver, whose thread would be there for nothing.
  boost::system::error_code not_an_address;
  const auto literal = asio::ip::make_address(endpoint_.host, not_an_address);
  if (!not_an_address) co_return std::vector{tcp::endpoint(literal, port)};

  // getaddrinfo() heeds no time limit of ours, so it is not waited for itself: close() ends this wait at once.
  const auto lookup = std::make_shared<Lookup>(loop_);
  lookup_ = lookup;
  lookup->resolver.async_resolve(endpoint_.host, text, [lookup](const auto& error, const auto& found) {
    lookup->error = error;
    for (const auto& entry : found) lookup->found.push_back(entry.endpoint());
    lookup->done.cancel();
  });
  co_await lookup->done.async_wait(kUseTuple);
  lookup_.reset();
  if (closed_ || lookup->error) co_return std::unexpected(failure("resolve", lookup->error));
  co_return std::move(lookup->found);
}

KubeConnection::Result<void> KubeConnection::connect(const tcp::endpoint& address) {
  boost::system::error_code error;
  socket_.close(error);
  socket_.open(address.protocol(), error);
  if (error) co_return std::unexpected(failure("connect", error));
  bool late = false;
  {
    const Deadline attempt(loop_, now().steady + kConnectAttempt, [&] {
      late = true;
      boost::system::error_code ignored;
      socket_.cancel(ignored);
    });
    std::tie(error) = co_await socket_.async_connect(address, kUseTuple);
  }
  if (closed_ || (error && !late)) co_return std::unexpected(failure("connect", error));
  if (error) co_return std::unexpected(failure("connect", std::make_error_code(std::errc::timed_out)));
  socket_.native_non_blocking(true, error);
  co_return std::expected<void, SystemError>{};
}

void KubeConnection::tune() {
  const auto fd = socket_.native_handle();
  const auto set = [fd](int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  // 15 s of silence, then a probe each 5 s; and no more than 30 s for what we sent and nobody acknowledged.
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 15);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 30'000);
}

KubeConnection::Result<void> KubeConnection::handshake() {
  session_ = make_tls_session(tls_, endpoint_, socket_.native_handle());
  for (;;) {
    if (closed_) co_return std::unexpected(failure("tls handshake", {}));
    ERR_clear_error();
    errno = 0;  // else an end without a word would be blamed on what failed last
    const auto [step, bytes] = tls_outcome(SSL_do_handshake(session_.get()));
    if (step == Step::kProgress) co_return std::expected<void, SystemError>{};
    if (step == Step::kEnd) co_return std::unexpected(failure("tls handshake", {}, "the server closed the connection"));
    if (step == Step::kFailed) co_return std::unexpected(failure("tls handshake", broken_, broken_detail_));
    if (auto ready = co_await wait(step, "tls handshake"); !ready) co_return ready;
  }
}

KubeConnection::Result<void> KubeConnection::write(std::string_view data) {
  while (!data.empty()) {
    if (closed_) co_return std::unexpected(failure("write", {}));
    const auto [step, bytes] = write_some(data);
    if (step == Step::kProgress) {
      data.remove_prefix(bytes);
    } else if (step == Step::kEnd || step == Step::kFailed) {
      co_return std::unexpected(failure("write", broken_, broken_detail_));
    } else if (auto ready = co_await wait(step, "write"); !ready) {
      co_return ready;
    }
  }
  co_return std::expected<void, SystemError>{};
}

KubeConnection::Result<std::size_t> KubeConnection::read(std::span<char> into) {
  if (++reads_in_a_row_ > kReadsInARow) {
    reads_in_a_row_ = 0;
    co_await asio::post(loop_, asio::use_awaitable);
  }
  for (;;) {
    if (closed_) co_return std::unexpected(failure("read", {}));
    const auto [step, bytes] = read_some(into);
    if (step == Step::kProgress) co_return bytes;
    if (step == Step::kEnd) co_return std::size_t{0};
    if (step == Step::kFailed) co_return std::unexpected(failure("read", broken_, broken_detail_));
    reads_in_a_row_ = 0;
    if (const auto ready = co_await wait(step, "read"); !ready) co_return std::unexpected(ready.error());
  }
}

KubeConnection::Result<void> KubeConnection::wait(Step step, std::string_view operation) {
  const auto what = step == Step::kWantRead ? tcp::socket::wait_read : tcp::socket::wait_write;
  const auto [error] = co_await socket_.async_wait(what, kUseTuple);
  if (closed_ || error) co_return std::unexpected(failure(operation, error));
  co_return std::expected<void, SystemError>{};
}

bool KubeConnection::reusable() {
  if (closed_) return false;
  char byte = 0;
  // Through TLS, since what waits may be a session ticket, which is no data.
  return read_some({&byte, 1}).step == Step::kWantRead;
}

KubeConnection::Outcome KubeConnection::tls_outcome(int returned) {
  if (returned > 0) return {Step::kProgress, static_cast<std::size_t>(returned)};
  const auto saved = errno;
  switch (SSL_get_error(session_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      return {Step::kWantRead};
    case SSL_ERROR_WANT_WRITE:
      return {Step::kWantWrite};
    case SSL_ERROR_ZERO_RETURN:
      return {Step::kEnd};
    case SSL_ERROR_SYSCALL:
      broken_ = saved != 0 ? std::error_code(saved, std::system_category()) : make_error_code(std::errc::connection_reset);
      broken_detail_ = tls_failure(session_.get());
      return {Step::kFailed};
    default:
      broken_ = {};
      broken_detail_ = tls_failure(session_.get());
      return {Step::kFailed};
  }
}

KubeConnection::Outcome KubeConnection::write_some(std::string_view data) {
  errno = 0;
  if (session_) {
    ERR_clear_error();
    const auto size = std::min(data.size(), kTlsWriteAtOnce);
    return tls_outcome(SSL_write(session_.get(), data.data(), static_cast<int>(size)));
  }
  const auto sent = ::send(socket_.native_handle(), data.data(), data.size(), MSG_NOSIGNAL);
  if (sent >= 0) return {Step::kProgress, static_cast<std::size_t>(sent)};
  if (would_block()) return {Step::kWantWrite};
  broken_ = std::error_code(errno, std::system_category());
  return {Step::kFailed};
}

KubeConnection::Outcome KubeConnection::read_some(std::span<char> into) {
  errno = 0;
  if (session_) {
    ERR_clear_error();
    return tls_outcome(SSL_read(session_.get(), into.data(), static_cast<int>(into.size())));
  }
  const auto received = ::recv(socket_.native_handle(), into.data(), into.size(), 0);
  if (received > 0) return {Step::kProgress, static_cast<std::size_t>(received)};
  if (received == 0) return {Step::kEnd};
  if (would_block()) return {Step::kWantRead};
  broken_ = std::error_code(errno, std::system_category());
  return {Step::kFailed};
}

}  // namespace metallb::io
