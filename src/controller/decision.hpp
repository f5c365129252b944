// Why a Service has the addresses it has, or none, as data: for logs, metrics and tools that explain. Which ones it has is
// the allocator's to say.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace metallb::controller {

struct Decision {
  enum class State : std::uint8_t {
    kAssigned,  ///< has what it asks for
    kPartial,   ///< has one address and would take another; `reason` says why it has not got it
    kPending,   ///< has none; `reason` says why
    kRefused,   ///< its request cannot be read; it keeps what it has
  };
  State state = State::kPending;
  std::string reason;
  std::vector<std::string> details;  ///< pool by pool
  friend bool operator==(const Decision&, const Decision&) = default;
};

}  // namespace metallb::controller
