// What controller and speaker check alike before they begin (operations spec 2.0, 2.7, 2.8).
#pragma once

#include <cstdint>
#include <expected>
#include <set>
#include <string>
#include <vector>

#include "app/flags.hpp"
#include "app/outcome.hpp"
#include "base/log.hpp"
#include "io/http/tls_profile.hpp"

namespace metallb::app {

/// The values of --tls-min-version, --tls-cipher-suites and --tls-curve-preferences.
struct TlsFlags {
  std::string min_version;
  std::string cipher_suites;
  std::string curve_preferences;
};
void add_tls_flags(FlagSet& flags, TlsFlags& values);

/// A variable that is the default of a text flag: sets `value` and notes the flag as given when the variable is not empty.
void take_default(const Environment& environment, const std::string& variable, std::string& value, const std::string& flag,
                  std::set<std::string>& given);

/// Runs the parser and reads the log level: what both parse functions end with.
[[nodiscard]] std::expected<LogLevel, EarlyExit> finish_parsing(FlagSet& flags, const std::string& program, int argc,
                                                                const char* const* argv, const std::string& log_level,
                                                                std::set<std::string>& given);

[[nodiscard]] std::expected<io::TlsProfile, StartupProblem> check_tls(const TlsFlags& flags);
/// 0 to 65535.
[[nodiscard]] std::expected<std::uint16_t, StartupProblem> check_port(const std::string& flag, std::int64_t value);
/// The flag's value, or else the content of the service account's namespace file, taken as it is.
[[nodiscard]] std::expected<std::string, StartupProblem> find_namespace(const std::string& flag_value,
                                                                        const FileReader& read);

/// Those of `flags` that are in `given`.
[[nodiscard]] std::vector<std::string> intersection(const std::set<std::string>& given, const std::set<std::string>& flags);

}  // namespace metallb::app
