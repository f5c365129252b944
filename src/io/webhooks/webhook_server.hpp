// The HTTPS listener of the webhooks (operations spec 2.8, 6). It opens when there is a certificate, and takes a new one
// without a restart; connections that are open keep the one they began with.
//
// HTTP/1.1 only, also with --webhook-http2: the API server takes what is offered. Thread: main.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/log.hpp"
#include "io/http/http_server.hpp"
#include "io/http/self_signed.hpp"
#include "io/http/tls_profile.hpp"

namespace metallb::io {

class WebhookServer {
 public:
  struct Options {
    std::string address;     ///< empty: all, both families
    std::uint16_t port = 0;  ///< 0: chosen by the kernel
    TlsProfile tls;
  };
  WebhookServer(boost::asio::io_context& loop, Options options, HttpServer::Handler handler, Log log);

  /// Opens the listener, or lets new connections use this certificate. A port that is in use is tried again and again.
  void use(CertificateAndKey certificate);
  [[nodiscard]] bool listening() const { return server_ != nullptr; }
  /// 0 as long as it does not listen.
  [[nodiscard]] std::uint16_t port() const { return server_ ? server_->port() : 0; }

 private:
  void listen();

  boost::asio::io_context& loop_;
  Options options_;
  HttpServer::Handler handler_;
  Log log_;
  std::shared_ptr<const TlsServerOptions> tls_;
  std::unique_ptr<HttpServer> server_;
  boost::asio::steady_timer again_;
};

/// Where somebody else puts the certificate: tls.crt and tls.key of a directory, looked at every ten seconds.
class CertificateFiles {
 public:
  using Use = std::function<void(CertificateAndKey)>;
  /// `use` gets the files now, when they are there, and whenever they have changed.
  CertificateFiles(boost::asio::io_context& loop, std::string directory, Use use, Log log);

 private:
  void look();

  std::string directory_;
  Use use_;
  Log log_;
  boost::asio::steady_timer timer_;
  CertificateAndKey used_;
  bool missed_ = false;  ///< said so in the log
};

}  // namespace metallb::io
