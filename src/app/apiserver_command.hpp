// `metallb apiserver`: the embedded API server as a process of its own.
#pragma once

namespace metallb::app {

/// Runs until SIGTERM or SIGINT. Returns the exit code.
int run_apiserver(int argc, const char* const* argv);

}  // namespace metallb::app
