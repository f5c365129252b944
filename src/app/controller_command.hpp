// `metallb controller`: assigns addresses to Services.
#pragma once

namespace metallb::app {

/// Runs until SIGTERM or SIGINT. Returns the exit code.
int run_controller(int argc, const char* const* argv);

}  // namespace metallb::app
