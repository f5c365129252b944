#include "app/outcome.hpp"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "io/files.hpp"

namespace metallb::app {

int finish(const EarlyExit& exit) {
  std::fputs(exit.output.c_str(), stdout);
  std::fflush(stdout);
  std::fputs(exit.errors.c_str(), stderr);
  return exit.code;
}

std::unexpected<StartupProblem> startup_problem(std::string error, std::string msg, int exit_code) {
  return std::unexpected(
      StartupProblem{.op = "startup", .error = std::move(error), .msg = std::move(msg), .exit_code = exit_code});
}

int fail(const Log& log, const StartupProblem& problem) {
  log.error({{"op", problem.op}, {"error", problem.error}, {"msg", problem.msg}});
  return problem.exit_code;
}

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

FileReader file_reader() {
  return io::read_file;
}

}  // namespace metallb::app
