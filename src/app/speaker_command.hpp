// `metallb speaker`: announces addresses from this node.
#pragma once

namespace metallb::app {

/// Runs until SIGTERM or SIGINT. Returns the exit code.
int run_speaker(int argc, const char* const* argv);

}  // namespace metallb::app
