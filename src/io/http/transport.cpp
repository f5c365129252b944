#include "io/http/transport.hpp"

#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "io/tls_socket.hpp"

namespace metallb::io {
namespace {

Transport::Result plain_result(ssize_t count) {
  using Step = Transport::Step;
  if (count > 0) return {Step::kProgress, static_cast<std::size_t>(count)};
  if (count == 0) return {Step::kEnd};
  return {Step::kFailed};
}

constexpr std::size_t kSslWriteAtOnce = 1U << 20U;  // bytes; its sizes are ints

void free_ssl(SSL* ssl) {
  SSL_free(ssl);
}

}  // namespace

Transport::Transport(boost::asio::ip::tcp::socket socket, TlsContext tls)
    : socket_(std::move(socket)), context_(std::move(tls)), ssl_(nullptr, free_ssl) {
  boost::system::error_code ignored;
  socket_.native_non_blocking(true, ignored);
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  socket_.set_option(boost::asio::socket_base::keep_alive(true), ignored);
  const auto fd = socket_.native_handle();
  // A watcher whose host vanished without a word is noticed after about a minute.
  const int idle = 30;
  const int interval = 10;
  const int count = 3;
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
  if (!context_) return;
  ssl_.reset(SSL_new(context_.get()));
  attach_socket(ssl_.get(), fd);
  SSL_set_accept_state(ssl_.get());
}

Transport::~Transport() {
  close();
}

Transport::Result Transport::ssl_result(int returned) const {
  if (returned > 0) return {Step::kProgress, static_cast<std::size_t>(returned)};
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      return {Step::kWantRead};
    case SSL_ERROR_WANT_WRITE:
      return {Step::kWantWrite};
    case SSL_ERROR_ZERO_RETURN:
      return {Step::kEnd};
    default:
      return {Step::kFailed};
  }
}

Transport::Result Transport::handshake() {
  ERR_clear_error();
  const auto result = ssl_result(SSL_accept(ssl_.get()));
  if (result.step == Step::kFailed && ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST) return {Step::kPlainHttp};
  return result;
}

Transport::Result Transport::read(std::span<char> into) {
  if (ssl_) {
    ERR_clear_error();
    return ssl_result(SSL_read(ssl_.get(), into.data(), static_cast<int>(into.size())));
  }
  const auto count = ::recv(socket_.native_handle(), into.data(), into.size(), 0);
  if (count < 0 && would_block()) return {Step::kWantRead};
  return plain_result(count);
}

Transport::Result Transport::write(std::string_view from) {
  if (ssl_) {
    ERR_clear_error();
    const auto size = std::min<std::size_t>(from.size(), kSslWriteAtOnce);
    return ssl_result(SSL_write(ssl_.get(), from.data(), static_cast<int>(size)));
  }
  const auto count = ::send(socket_.native_handle(), from.data(), from.size(), MSG_NOSIGNAL);
  if (count < 0 && would_block()) return {Step::kWantWrite};
  return plain_result(count);
}

void Transport::write_raw(std::string_view text) {
  // Best effort: the socket is fresh, so that a short text fits its buffer.
  [[maybe_unused]] const auto sent = ::send(socket_.native_handle(), text.data(), text.size(), MSG_NOSIGNAL);
}

void Transport::finish_sending() {
  if (ssl_ && SSL_is_init_finished(ssl_.get()) != 0) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  boost::system::error_code ignored;
  socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
}

void Transport::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace metallb::io
