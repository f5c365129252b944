#include "io/http/transport.hpp"

#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace metallb::io {
namespace {

// OpenSSL's own socket BIO sends without MSG_NOSIGNAL, so that a gone client would raise SIGPIPE. This one does not.

int descriptor(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

int bio_write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto sent = ::send(descriptor(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && would_block()) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int bio_read(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto received = ::recv(descriptor(bio), data, static_cast<std::size_t>(size), 0);
  if (received < 0 && would_block()) BIO_set_retry_read(bio);
  if (received == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(received);
}

long bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

BIO_METHOD* quiet_socket_method() {
  static BIO_METHOD* const method = [] {
    auto* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
    BIO_meth_set_write(m, bio_write);
    BIO_meth_set_read(m, bio_read);
    BIO_meth_set_ctrl(m, bio_control);
    return m;
  }();
  return method;
}

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
  auto* const bio = BIO_new(quiet_socket_method());
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
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
