// Which of the program's commands runs: by argv[0] (controller, speaker) or by the first argument.
#pragma once

#include <string_view>

namespace metallb::app {

struct Selection {
  std::string_view name;  ///< empty: none was named
  int skip = 0;           ///< how many arguments come before the command's own argv
};
[[nodiscard]] Selection select_command(int argc, const char* const* argv);

/// Returns the process's exit code: 0, 1 for a fatal start-up problem, 2 for a bad command line.
int run(int argc, char** argv);

}  // namespace metallb::app
