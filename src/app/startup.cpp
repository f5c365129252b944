#include "app/startup.hpp"

#include <algorithm>
#include <iterator>
#include <limits>

#include "io/log_sink.hpp"

namespace metallb::app {
namespace {

constexpr const char* kNamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

}  // namespace

void add_tls_flags(FlagSet& flags, TlsFlags& values) {
  flags.text("tls-min-version", values.min_version,
             "lowest TLS version served: VersionTLS10, VersionTLS11, VersionTLS12 or VersionTLS13 (which it is when empty)");
  flags.text("tls-cipher-suites", values.cipher_suites, "cipher suites for TLS 1.2 and below, comma-separated IANA names");
  flags.text("tls-curve-preferences", values.curve_preferences,
             "key exchange groups, comma-separated numbers, for example 29,23");
}

void take_default(const Environment& environment, const std::string& variable, std::string& value, const std::string& flag,
                  std::set<std::string>& given) {
  auto found = environment(variable);
  if (!found) return;
  value = std::move(*found);
  if (!value.empty()) given.insert(flag);
}

std::expected<LogLevel, EarlyExit> finish_parsing(FlagSet& flags, const std::string& program, int argc,
                                                  const char* const* argv, const std::string& log_level,
                                                  std::set<std::string>& given) {
  auto parsed = flags.parse(program, arguments_of(argc, argv));
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  given.merge(parsed->given);
  auto level = io::parse_log_level(log_level);
  if (!level) return std::unexpected(EarlyExit{.code = kExitFailure, .output = level.error() + "\n", .errors = {}});
  return *level;
}

std::expected<io::TlsProfile, StartupProblem> check_tls(const TlsFlags& flags) {
  auto profile = io::parse_tls_profile(flags.min_version, flags.cipher_suites, flags.curve_preferences);
  if (!profile)
    return std::unexpected(StartupProblem{.op = "startup", .error = profile.error(), .msg = "invalid TLS options"});
  return std::move(*profile);
}

std::expected<std::uint16_t, StartupProblem> check_port(const std::string& flag, std::int64_t value) {
  if (value >= 0 && value <= std::numeric_limits<std::uint16_t>::max()) return static_cast<std::uint16_t>(value);
  return std::unexpected(StartupProblem{
      .op = "startup", .error = "not a port: " + std::to_string(value), .msg = "--" + flag + " must be from 0 to 65535"});
}

std::expected<std::string, StartupProblem> find_namespace(const std::string& flag_value, const FileReader& read) {
  if (!flag_value.empty()) return flag_value;
  auto content = read(kNamespaceFile);
  if (!content) {
    return std::unexpected(StartupProblem{.op = "startup",
                                          .error = content.error().to_string(),
                                          .msg = "cannot find out the namespace: set --namespace or METALLB_NAMESPACE"});
  }
  return std::move(*content);
}

std::vector<std::string> intersection(const std::set<std::string>& given, const std::set<std::string>& flags) {
  std::vector<std::string> both;
  std::ranges::set_intersection(given, flags, std::back_inserter(both));
  return both;
}

}  // namespace metallb::app
