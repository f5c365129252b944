#include "io/metrics/metrics_endpoint.hpp"

#include <string_view>
#include <utility>
#include <vector>

#include "io/http/http_server.hpp"
#include "io/http/serving_certificate.hpp"
#include "io/metrics/process_metrics.hpp"

namespace metallb::io {
namespace {

constexpr std::string_view kPlainText = "text/plain; charset=utf-8";
constexpr std::string_view kMetricsText = "text/plain; version=0.0.4; charset=utf-8";

/// The token of "Bearer <token>" (RFC 6750, Section 2.1); empty when there is none.
std::string bearer_token(const HttpServerRequest& request) {
  const auto found = request.headers.find("authorization");
  if (found == request.headers.end()) return {};
  constexpr std::string_view kScheme = "bearer ";
  const std::string_view value = found->second;
  if (value.size() <= kScheme.size()) return {};
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char lower = value[i] >= 'A' && value[i] <= 'Z' ? static_cast<char>(value[i] - 'A' + 'a') : value[i];
    if (lower != kScheme[i]) return {};
  }
  const auto token = value.substr(kScheme.size());
  const auto first = token.find_first_not_of(' ');
  return first == std::string_view::npos ? std::string() : std::string(token.substr(first));
}

// A handful of scrapers come; the rest of the process needs descriptors too.
constexpr std::size_t kConnectionLimit = 256;

class Endpoint : public MetricsEndpoint {
 public:
  Endpoint(boost::asio::io_context& loop, Options options, Authorizer authorizer, Log log)
      : options_(std::move(options)),
        authorizer_(std::move(authorizer)),
        log_(log),
        collectors_(std::make_shared<std::vector<Collector>>()),
        certificate_(loop, options_.certificate_directory, options_.tls) {
    collectors_->emplace_back(process_metrics);
  }

  std::expected<void, SystemError> listen(boost::asio::io_context& loop) {
    auto tls = certificate_.first();
    if (!tls) return std::unexpected(tls.error());
    HttpServer::Options options;
    options.address = options_.address;
    options.port = options_.port;
    options.tls = std::move(*tls);
    options.body_limit = 64U << 10U;
    options.connection_limit = kConnectionLimit;
    auto server = HttpServer::listen(
        loop, std::move(options),
        [this](const HttpServerRequest& request, std::shared_ptr<HttpResponder> responder) {
          answer(request, std::move(responder));
        },
        log_);
    if (!server) return std::unexpected(server.error());
    server_ = std::move(*server);
    certificate_.watch([this](std::shared_ptr<const TlsServerOptions> fresh) {
      log_.info({{"op", "metrics"},
                 {"selfSigned", certificate_.self_signed()},
                 {"msg", "serving metrics with a new certificate"}});
      server_->replace_certificate(std::move(fresh));
    });
    log_.info({{"op", "metrics"},
               {"port", server_->port()},
               {"selfSigned", certificate_.self_signed()},
               {"msg", "serving metrics over HTTPS"}});
    return {};
  }

  void add(Collector collector) override { collectors_->push_back(std::move(collector)); }
  [[nodiscard]] std::uint16_t port() const override { return server_->port(); }
  void stop() override {
    certificate_.stop();
    server_->stop();
  }

 private:
  void answer(const HttpServerRequest& request, std::shared_ptr<HttpResponder> responder) {
    const auto path = request.target.substr(0, request.target.find('?'));
    if (path != "/metrics") return responder->respond(404, kPlainText, "404 page not found\n");
    auto token = bearer_token(request);
    if (token.empty()) return responder->respond(401, kPlainText, "Unauthorized\n");
    // The reviews may come back when this endpoint is gone, so nothing of it is captured but the shared collectors.
    authorizer_(std::move(token), request.method, path,
                [method = request.method, responder = std::move(responder),
                 collectors = std::weak_ptr<std::vector<Collector>>(collectors_)](const AccessDecision& decision) {
                  if (decision.status != 200) return responder->respond(decision.status, kPlainText, decision.text + "\n");
                  if (method != "GET" && method != "HEAD") {
                    return responder->respond(405, kPlainText, "Method Not Allowed\n", {{"Allow", "GET, HEAD"}});
                  }
                  MetricFamilies families;
                  if (const auto alive = collectors.lock()) {
                    for (const auto& collect : *alive) {
                      for (auto& family : collect()) families.push_back(std::move(family));
                    }
                  }
                  responder->respond(200, kMetricsText, metrics_text(std::move(families)));
                });
  }

  Options options_;
  Authorizer authorizer_;
  Log log_;
  std::shared_ptr<std::vector<Collector>> collectors_;
  ServingCertificate certificate_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace

std::expected<std::unique_ptr<MetricsEndpoint>, SystemError> MetricsEndpoint::start(boost::asio::io_context& loop,
                                                                                    Options options, Authorizer authorizer,
                                                                                    Log log) {
  auto endpoint = std::make_unique<Endpoint>(loop, std::move(options), std::move(authorizer), log);
  if (auto listening = endpoint->listen(loop); !listening) return std::unexpected(listening.error());
  return endpoint;
}

}  // namespace metallb::io
