#include "app/outcome.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace metallb::app {

int finish(const EarlyExit& exit) {
  std::fputs(exit.output.c_str(), stdout);
  std::fflush(stdout);
  std::fputs(exit.errors.c_str(), stderr);
  return exit.code;
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
  return [](const std::string& path) -> std::expected<std::string, SystemError> {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file || file.bad()) {
      return std::unexpected(SystemError{.operation = "read",
                                         .object = path,
                                         .code = std::error_code(errno == 0 ? EIO : errno, std::generic_category()),
                                         .detail = {}});
    }
    return content;
  };
}

}  // namespace metallb::app
