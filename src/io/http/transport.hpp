// The bytes of one accepted connection, plain or TLS, without blocking: each step makes progress or says what it waits for.
#pragma once

#include <openssl/types.h>

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <span>
#include <string_view>

#include "io/http/tls_context.hpp"

namespace metallb::io {

class Transport {
 public:
  /// `tls` null: plain. The socket is switched to non-blocking; a TLS context is kept alive by its connections.
  Transport(boost::asio::ip::tcp::socket socket, TlsContext tls);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  enum class Step {
    kProgress,   ///< done, at least one byte
    kWantRead,   ///< again when the socket is readable
    kWantWrite,  ///< again when the socket is writable
    kEnd,        ///< the peer sent its last byte
    kFailed,
    kPlainHttp,  ///< handshake only: the client speaks HTTP without TLS
  };
  struct Result {
    Step step;
    std::size_t bytes = 0;
  };

  [[nodiscard]] bool encrypted() const { return ssl_ != nullptr; }
  Result handshake();
  Result read(std::span<char> into);
  Result write(std::string_view from);
  /// Writes past TLS; for the answer to a client that did not start it.
  void write_raw(std::string_view text);
  /// Says that no more follows from us (close_notify, then FIN); the peer's bytes can still be read.
  void finish_sending();
  /// Closes at once.
  void close();

  boost::asio::ip::tcp::socket& socket() { return socket_; }

 private:
  [[nodiscard]] Result ssl_result(int returned) const;

  boost::asio::ip::tcp::socket socket_;
  TlsContext context_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
};

}  // namespace metallb::io
