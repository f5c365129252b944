// The only place that reads clocks (design section 1): everything else is told the time.
#pragma once

#include "base/time.hpp"

namespace metallb::io {

/// This moment on both clocks. Any thread.
[[nodiscard]] Now now();

}  // namespace metallb::io
