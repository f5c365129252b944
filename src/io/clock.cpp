#include "io/clock.hpp"

namespace metallb::io {

Now now() {
  return {.steady = std::chrono::steady_clock::now(), .wall = std::chrono::system_clock::now()};
}

}  // namespace metallb::io
