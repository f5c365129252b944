// How a command can end before it began: what to print and the exit code.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/log.hpp"

namespace metallb::app {

inline constexpr int kExitFailure = 1;  ///< a fatal start-up problem
inline constexpr int kExitUsage = 2;    ///< a bad command line

/// The process ends now: text for standard output and standard error, and the exit code.
struct EarlyExit {
  int code = 0;
  std::string output;
  std::string errors;
};
/// Prints both texts. Returns the exit code.
int finish(const EarlyExit& exit);

/// A fatal problem found after the log was set up: one error line, then the exit code.
struct StartupProblem {
  std::string op;
  std::string error;
  std::string msg;
  int exit_code = kExitFailure;
};
[[nodiscard]] std::unexpected<StartupProblem> startup_problem(std::string error, std::string msg,
                                                              int exit_code = kExitFailure);
/// Logs the line. Returns the exit code.
int fail(const Log& log, const StartupProblem& problem);

/// The value of an environment variable; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
/// The whole content of a file.
using FileReader = std::function<std::expected<std::string, SystemError>(const std::string& path)>;

[[nodiscard]] Environment process_environment();
[[nodiscard]] FileReader file_reader();

}  // namespace metallb::app
