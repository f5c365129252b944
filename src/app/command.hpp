// Which of the program's commands runs: by argv[0] (controller, speaker) or by the first argument.
#pragma once

namespace metallb::app {

/// Returns the process's exit code: 0, 1 for a fatal start-up problem, 2 for a bad command line.
int run(int argc, char** argv);

}  // namespace metallb::app
