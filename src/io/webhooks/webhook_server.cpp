#include "io/webhooks/webhook_server.hpp"

#include <chrono>
#include <utility>

#include "io/files.hpp"

namespace metallb::io {
namespace {

constexpr std::chrono::seconds kLookAgain{10};
constexpr std::size_t kReviewLimit = 7U << 20U;  // bytes of one review (operations spec 1.10)
/// API servers keep a few connections each; the rest of the process needs descriptors too.
constexpr std::size_t kConnectionLimit = 256;
constexpr std::chrono::milliseconds kRequestTimeout{30'000};  // as long as an API server may wait at most

}  // namespace

WebhookServer::WebhookServer(boost::asio::io_context& loop, Options options, HttpServer::Handler handler, Log log)
    : loop_(loop), options_(std::move(options)), handler_(std::move(handler)), log_(log), again_(loop) {}

void WebhookServer::use(CertificateAndKey certificate) {
  tls_ = std::make_shared<TlsServerOptions>(TlsServerOptions{.certificate_pem = std::move(certificate.certificate_pem),
                                                             .key_pem = std::move(certificate.key_pem),
                                                             .minimum_version = options_.tls.minimum_version,
                                                             .cipher_list = options_.tls.cipher_list,
                                                             .groups = options_.tls.groups});
  if (!server_) return listen();
  log_.info({{"op", "webhooks"}, {"msg", "serving webhooks with a new certificate"}});
  server_->replace_certificate(tls_);
}

void WebhookServer::listen() {
  HttpServer::Options options;
  options.address = options_.address;
  options.port = options_.port;
  options.tls = tls_;
  options.body_limit = kReviewLimit;
  options.connection_limit = kConnectionLimit;
  options.request_timeout = kRequestTimeout;
  auto server = HttpServer::listen(loop_, std::move(options), handler_, log_);
  if (server) {
    server_ = std::move(*server);
    log_.info({{"op", "webhooks"}, {"action", "webhooks enabled"}, {"port", server_->port()}, {"msg", "serving webhooks"}});
    return;
  }
  log_.error({{"op", "webhooks"},
              {"error", server.error().to_string()},
              {"msg", "cannot serve webhooks yet, so changes of the configuration are refused; trying again"}});
  again_.expires_after(kLookAgain);
  again_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled && !server_) listen();
  });
}

CertificateFiles::CertificateFiles(boost::asio::io_context& loop, std::string directory, Use use, Log log)
    : directory_(std::move(directory)), use_(std::move(use)), log_(log), timer_(loop) {
  look();
}

void CertificateFiles::look() {
  CertificateAndKey found{.certificate_pem = read_text_file(directory_ + "/tls.crt").value_or(""),
                          .key_pem = read_text_file(directory_ + "/tls.key").value_or("")};
  const bool complete = !found.certificate_pem.empty() && !found.key_pem.empty();
  if (!complete && !std::exchange(missed_, true)) {
    log_.warn({{"op", "webhooks"}, {"directory", directory_}, {"msg", "waiting for tls.crt and tls.key"}});
  }
  const bool fresh = found.certificate_pem != used_.certificate_pem || found.key_pem != used_.key_pem;
  if (complete && fresh) {
    missed_ = false;
    used_ = found;
    use_(std::move(found));
  }
  timer_.expires_after(kLookAgain);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) look();
  });
}

}  // namespace metallb::io
