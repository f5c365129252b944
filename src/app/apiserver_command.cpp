#include "app/apiserver_command.hpp"

#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <utility>

#include "apiserver/instance.hpp"
#include "app/apiserver_options.hpp"
#include "app/kubeconfig_file.hpp"
#include "app/token_file.hpp"
#include "app/version.hpp"
#include "io/apiserver_driver.hpp"
#include "io/clock.hpp"
#include "io/entropy.hpp"
#include "io/files.hpp"
#include "io/http/self_signed.hpp"
#include "io/log_sink.hpp"
#include "io/signals.hpp"

namespace metallb::app {
namespace {

constexpr std::chrono::hours kCertificateLifetime{24 * 365};

/// The names by which clients may reach this server.
std::vector<std::string> own_names(const std::string& address) {
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1", "kubernetes.default.svc"};
  if (!address.empty() && address != "127.0.0.1" && address != "::1") names.push_back(address);
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0 && host[0] != '\0') names.emplace_back(host.data());
  return names;
}

using MaybeTls = std::shared_ptr<const io::TlsServerOptions>;

std::expected<MaybeTls, StartupProblem> prepare_tls(const ApiserverOptions& options) {
  if (!options.tls()) return nullptr;
  auto tls = std::make_shared<io::TlsServerOptions>();
  tls->minimum_version = 0x0303;  // kubectl of every age speaks TLS 1.2
  if (options.self_signed) {
    const auto today = std::chrono::floor<std::chrono::seconds>(io::now().wall);
    auto made = io::make_self_signed(own_names(options.address), today, kCertificateLifetime);
    if (!made) return startup_problem(made.error().to_string(), "cannot make a certificate");
    tls->certificate_pem = std::move(made->certificate_pem);
    tls->key_pem = std::move(made->key_pem);
  } else {
    const auto read = file_reader();
    auto certificate = read(options.tls_certificate_file);
    if (!certificate) return startup_problem(certificate.error().to_string(), "cannot read --tls-cert");
    auto key = read(options.tls_key_file);
    if (!key) return startup_problem(key.error().to_string(), "cannot read --tls-key");
    tls->certificate_pem = std::move(*certificate);
    tls->key_pem = std::move(*key);
  }
  if (!options.tls_ca_file.empty()) {
    if (const auto written = io::write_private_file(options.tls_ca_file, tls->certificate_pem); !written) {
      return startup_problem(written.error().to_string(), "cannot write --tls-ca-file");
    }
  }
  return tls;
}

std::expected<std::vector<TokenEntry>, StartupProblem> read_tokens(const std::string& path) {
  if (path.empty()) return std::vector<TokenEntry>{};
  const auto text = file_reader()(path);
  if (!text) return startup_problem(text.error().to_string(), "cannot read --token-file");
  auto tokens = parse_token_file(*text);
  if (!tokens) return startup_problem(path + ": " + tokens.error(), "cannot use --token-file");
  if (tokens->empty()) return startup_problem(path + ": no token in it", "cannot use --token-file: nobody could log in");
  return std::move(*tokens);
}

apiserver::Options core_options(const ApiserverOptions& options, const std::vector<TokenEntry>& tokens) {
  apiserver::Options core;
  for (const auto& entry : tokens) {
    core.tokens[entry.token] = {.name = entry.user, .uid = entry.uid, .groups = entry.groups};
  }
  core.watch_window = static_cast<std::size_t>(options.watch_window);
  core.seed = io::random_seed();
  return core;
}

/// A new cluster, or the one that --data holds.
std::expected<apiserver::Instance, StartupProblem> make_core(const ApiserverOptions& options,
                                                             const std::vector<TokenEntry>& tokens) {
  auto core = core_options(options, tokens);
  const auto saved = options.data_file.empty() || !io::file_exists(options.data_file)
                         ? std::expected<std::string, SystemError>()
                         : file_reader()(options.data_file);
  if (!saved) return startup_problem(saved.error().to_string(), "cannot read --data");
  if (saved->empty()) return apiserver::Instance(std::move(core), io::now());
  auto restored = apiserver::Instance::restore(std::move(core), *saved);
  if (!restored) return startup_problem(options.data_file + ": " + restored.error(), "cannot use --data");
  return std::move(*restored);
}

std::expected<void, StartupProblem> write_kubeconfig(const ApiserverOptions& options, const std::string& url,
                                                     const MaybeTls& tls, const std::vector<TokenEntry>& tokens) {
  if (options.kubeconfig_file.empty()) return {};
  const auto text = kubeconfig_text({.server = url,
                                     .ca_pem = tls ? tls->certificate_pem : std::string(),
                                     .token = tokens.empty() ? std::string() : tokens.front().token});
  if (const auto written = io::write_private_file(options.kubeconfig_file, text); !written) {
    return startup_problem(written.error().to_string(), "cannot write --write-kubeconfig");
  }
  return {};
}

std::expected<void, StartupProblem> serve(const ApiserverOptions& options, const Log& log) {
  const auto tls = prepare_tls(options);
  if (!tls) return std::unexpected(tls.error());
  const auto tokens = read_tokens(options.token_file);
  if (!tokens) return std::unexpected(tokens.error());

  boost::asio::io_context loop(1);
  auto made = make_core(options, *tokens);
  if (!made) return std::unexpected(made.error());
  auto& core = *made;
  io::HttpServer::Options http;
  http.address = options.address;
  http.port = options.port;
  http.tls = *tls;
  const auto driver = io::ApiserverDriver::start(loop, core, std::move(http), log);
  if (!driver) return startup_problem(driver.error().to_string(), "cannot serve");
  const auto url = server_url(options.tls(), options.address, (*driver)->port());
  if (auto written = write_kubeconfig(options, url, *tls, *tokens); !written) return std::unexpected(written.error());

  io::StopSignals signals(loop, [&] {
    log.info({{"op", "shutdown"}, {"msg", "stopping"}});
    (*driver)->stop();
    loop.stop();
  });
  log.info({{"op", "startup"}, {"url", url}, {"tokens", tokens->size()}, {"msg", "API server is serving"}});
  loop.run();
  if (options.data_file.empty()) return {};
  const auto written = io::write_private_file(options.data_file, core.snapshot());
  if (!written) return startup_problem(written.error().to_string(), "cannot write --data: the objects are lost");
  return {};
}

}  // namespace

int run_apiserver(int argc, const char* const* argv) {
  const auto options = parse_apiserver_options(argc, argv);
  if (!options) return finish(options.error());
  io::JsonLogSink sink(options->log_level);
  const Log log(sink);
  log_banner(log, "apiserver");
  if (const auto served = serve(*options, log); !served) return fail(log, served.error());
  log.info({{"op", "shutdown"}, {"msg", "done"}});
  return 0;
}

}  // namespace metallb::app
