// The kernel's socket filter: runs the programs that the layer 2 core hands out (classic Berkeley packet filter), so that a
// simulated packet socket passes what a real one would.
#pragma once

#include "base/bytes.hpp"
#include "layer2/capture_filter.hpp"

namespace metallb::sim {

/// As the kernel: a load beyond the frame, or an instruction that does not exist, ends the program with nothing.
[[nodiscard]] bool passes(const layer2::FilterProgram& program, ByteView frame);

}  // namespace metallb::sim
