#include "io/http/health.hpp"

#include <functional>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "io/http/http_server.hpp"

namespace metallb::io {
namespace {

constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

bool has_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto parameter = query.substr(0, end);
    if (parameter.substr(0, parameter.find('=')) == name) return true;
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return false;
}

// Probes come one by one; the rest of the process needs descriptors too.
constexpr std::size_t kConnectionLimit = 256;

class Endpoint : public HealthEndpoint {
 public:
  std::expected<void, SystemError> listen(boost::asio::io_context& loop, const Options& options, Log log) {
    HttpServer::Options server_options;
    server_options.address = options.address;
    server_options.port = options.port;
    server_options.body_limit = 4U << 10U;
    server_options.connection_limit = kConnectionLimit;
    auto server = HttpServer::listen(
        loop, std::move(server_options),
        [this](const HttpServerRequest& request, const std::shared_ptr<HttpResponder>& responder) {
          answer(request, *responder);
        },
        log);
    if (!server) return std::unexpected(server.error());
    server_ = std::move(*server);
    return {};
  }

  void add_readiness_check(std::string name, Ready ready) override {
    checks_.emplace_back(std::move(name), std::move(ready));
  }
  void add_page(std::string path, std::function<std::string()> content) override {
    pages_.emplace(std::move(path), std::move(content));
  }
  [[nodiscard]] std::uint16_t port() const override { return server_->port(); }
  void stop() override { server_->stop(); }

 private:
  void answer(const HttpServerRequest& request, HttpResponder& responder) const {
    const std::string_view target = request.target;
    const auto question = std::min(target.find('?'), target.size());
    const auto path = target.substr(0, question);
    if (const auto page = pages_.find(path); page != pages_.end()) {
      return responder.respond(200, "application/json", page->second());
    }
    const bool readiness = path == "/readyz" || path == "/readyz/";
    if (!readiness && path != "/healthz" && path != "/healthz/")
      return responder.respond(404, kPlainText, "404 page not found\n");

    bool good = true;
    std::string lines = "[+]ping ok\n";
    for (const auto& [name, ready] : checks_) {
      if (!readiness) break;
      const bool passed = ready();
      good = good && passed;
      lines += passed ? "[+]" + name + " ok\n" : "[-]" + name + " failed: not ready\n";
    }
    const std::string check(path.substr(1, 6) == "readyz" ? "readyz" : "healthz");
    if (!good) return responder.respond(500, kPlainText, lines + check + " check failed\n");
    const bool verbose = has_parameter(target.substr(std::min(question + 1, target.size())), "verbose");
    responder.respond(200, kPlainText, verbose ? lines + check + " check passed\n" : "ok");
  }

  std::vector<std::pair<std::string, Ready>> checks_;
  std::map<std::string, std::function<std::string()>, std::less<>> pages_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace

std::expected<std::unique_ptr<HealthEndpoint>, SystemError> HealthEndpoint::start(boost::asio::io_context& loop,
                                                                                  Options options, Log log) {
  auto endpoint = std::make_unique<Endpoint>();
  if (auto listening = endpoint->listen(loop, options, log); !listening) return std::unexpected(listening.error());
  return endpoint;
}

}  // namespace metallb::io
