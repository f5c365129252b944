// An HTTP/1.1 server, plain or TLS, on the main loop: health probes, metrics, and the embedded API server stand behind it.
// Beast stays in request_parser.cpp (it is slow to compile).
//
// Everything here runs on the loop's thread. One request of a connection is handled at a time, so pipelined requests are
// answered in their order. A client that does not read its stream is disconnected when `unsent_limit` bytes wait for it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/log.hpp"

namespace metallb::io {

struct HttpServerRequest {
  std::string method;
  std::string target;                          ///< path and query as received
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

/// The one answer to one request. Usable after the handler returned; harmless once the client is gone. A responder that is
/// dropped unanswered answers 500; one dropped in the middle of a stream cuts the connection.
class HttpResponder {
 public:
  virtual ~HttpResponder() = default;
  using Headers = std::map<std::string, std::string>;
  /// Answers whole. `headers` are further fields; Content-Length, Date and Connection are added.
  virtual void respond(int status, std::string_view content_type, std::string body, const Headers& headers = {}) = 0;
  /// Starts a chunked 200 answer (to an HTTP/1.0 client: one that lasts until the connection is closed).
  virtual void open_stream(std::string_view content_type) = 0;
  virtual void stream(std::string data) = 0;
  virtual void end_stream() = 0;
  /// Called once, from the loop and never from within another call, when the client goes away before the answer (or the
  /// stream) ended.
  virtual void on_closed(std::function<void()> callback) = 0;
};

struct TlsServerOptions {
  std::string certificate_pem;
  std::string key_pem;
  int minimum_version = 0x0304;  ///< TLS1_3_VERSION or TLS1_2_VERSION
  std::string cipher_list;       ///< OpenSSL names for TLS 1.2, empty = default
  std::string groups;            ///< OpenSSL group list, empty = default
};

class HttpServer {
 public:
  using Handler = std::function<void(HttpServerRequest, std::shared_ptr<HttpResponder>)>;
  struct Options {
    /// Empty: every address, IPv6 and IPv4 on one dual-stack socket (IPv4 only where the kernel has no IPv6).
    std::string address;
    std::uint16_t port = 0;                                 ///< 0: chosen by the kernel, see port()
    std::shared_ptr<const TlsServerOptions> tls = nullptr;  ///< null: plain HTTP
    std::size_t body_limit = 8U << 20U;                     ///< bytes; a larger request body is refused with 413
    std::size_t header_limit = 64U << 10U;  ///< bytes of request line and header fields; more is refused with 431
    /// Open at a time, 0 = any number. One more displaces the one that has been without a request for longest; while all are
    /// being served it is closed at once itself.
    std::size_t connection_limit = 0;
    std::size_t unsent_limit = 64U << 20U;              ///< bytes queued for one client before its connection is cut
    std::chrono::milliseconds idle_timeout{180'000};    ///< without a request on a kept connection
    std::chrono::milliseconds request_timeout{60'000};  ///< from the first byte of a request to its last
    std::chrono::milliseconds stall_timeout{60'000};    ///< without progress in sending
  };
  static std::expected<std::unique_ptr<HttpServer>, SystemError> listen(boost::asio::io_context& loop, Options options,
                                                                        Handler handler, Log log);
  virtual ~HttpServer() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// New connections use it from now on.
  virtual void replace_certificate(std::shared_ptr<const TlsServerOptions> tls) = 0;
  /// Stops accepting and closes every connection.
  virtual void stop() = 0;
};

}  // namespace metallb::io
