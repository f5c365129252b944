#include "app/apiserver_options.hpp"

#include <limits>
#include <optional>

#include "app/flags.hpp"
#include "io/log_sink.hpp"

namespace metallb::app {
namespace {

constexpr std::int64_t kPlainPort = 8080;
constexpr std::int64_t kTlsPort = 6443;
constexpr std::int64_t kWatchWindow = 8192;

/// The first thing wrong with options that were readable one by one.
std::optional<std::string> contradiction(const ApiserverOptions& options, std::int64_t port) {
  if (port < 0 || port > std::numeric_limits<std::uint16_t>::max()) return "-port: not a port: " + std::to_string(port);
  if (options.watch_window < 0) return "-watch-window: must not be negative";
  if (options.tls_certificate_file.empty() != options.tls_key_file.empty()) return "-tls-cert and -tls-key belong together";
  if (options.self_signed && !options.tls_certificate_file.empty())
    return "-tls-self-signed excludes -tls-cert and -tls-key";
  if (!options.tls_ca_file.empty() && !options.self_signed) return "-tls-ca-file needs -tls-self-signed";
  return std::nullopt;
}

}  // namespace

std::expected<ApiserverOptions, EarlyExit> parse_apiserver_options(int argc, const char* const* argv) {
  ApiserverOptions options;
  options.watch_window = kWatchWindow;
  std::int64_t port = kPlainPort;
  std::string level = "info";
  FlagSet flags;
  flags.text("address", options.address, "the address to listen on; empty: all of them");
  flags.integer("port", port, "the port to listen on, 6443 unless given when TLS is on; 0: any free one");
  flags.text("tls-cert", options.tls_certificate_file, "serve TLS with the certificate (and chain) of this PEM file");
  flags.text("tls-key", options.tls_key_file, "the key to -tls-cert");
  flags.boolean("tls-self-signed", options.self_signed, "serve TLS with a certificate made at start");
  flags.text("tls-ca-file", options.tls_ca_file, "write the self-signed certificate to this file, for clients to trust");
  flags.text("token-file", options.token_file, "demand a bearer token of this CSV file: token,user,uid,\"group,...\"");
  flags.integer("watch-window", options.watch_window, "how many changes a watch can go back before it gets 410 Gone");
  flags.text("data", options.data_file, "keep the objects in this file over a clean stop and start; empty: in memory only");
  flags.text("write-kubeconfig", options.kubeconfig_file, "write a kubeconfig that reaches this server to this file");
  flags.text("log-level", level, "all, debug, info, warn, error or none");

  const std::string program = argc > 0 ? argv[0] : "apiserver";
  const auto parsed = flags.parse(program, arguments_of(argc, argv));
  if (!parsed) return std::unexpected(parsed.error());
  const auto mistake = [&](const std::string& message) {
    return std::unexpected(EarlyExit{.code = kExitUsage, .output = {}, .errors = message + "\n" + flags.usage(program)});
  };
  if (!parsed->rest.empty()) return mistake("unexpected argument: " + parsed->rest.front());
  if (options.tls() && !parsed->given.contains("port")) port = kTlsPort;
  if (const auto problem = contradiction(options, port)) return mistake(*problem);
  const auto log_level = io::parse_log_level(level);
  if (!log_level) return std::unexpected(EarlyExit{.code = kExitFailure, .output = log_level.error() + "\n", .errors = {}});
  options.port = static_cast<std::uint16_t>(port);
  options.log_level = *log_level;
  return options;
}

}  // namespace metallb::app
