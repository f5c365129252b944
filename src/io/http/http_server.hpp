// An HTTP/1.1 server, plain or TLS, on the main loop: health probes, metrics, and the embedded API server stand behind it.
// Beast stays in http_server.cpp (it costs half a minute to compile).
#pragma once

#include <boost/asio/io_context.hpp>
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

/// The one answer to one request. Copyable handle; usable after the handler returned; harmless once the client is gone.
class HttpResponder {
 public:
  virtual ~HttpResponder() = default;
  using Headers = std::map<std::string, std::string>;
  virtual void respond(int status, std::string_view content_type, std::string body, const Headers& headers = {}) = 0;
  /// Starts a chunked 200 answer.
  virtual void open_stream(std::string_view content_type) = 0;
  virtual void stream(std::string data) = 0;
  virtual void end_stream() = 0;
  /// Called once when the client goes away before the answer (or the stream) ended.
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
    std::uint16_t port = 0;  ///< 0: chosen by the kernel, see port()
    std::shared_ptr<const TlsServerOptions> tls;  ///< null: plain HTTP
    std::size_t body_limit = 8U << 20U;
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
