// Addresses as messages print them.
#pragma once

#include <span>
#include <string>

#include "net/ip_address.hpp"

namespace metallb::ipam {

/// ["a" "b"]: the form of lists in the original's events.
[[nodiscard]] inline std::string quoted_list(std::span<const IpAddress> addresses) {
  std::string out = "[";
  for (const auto& address : addresses) out += (out.size() > 1 ? " \"" : "\"") + address.to_string() + '"';
  return out + "]";
}

}  // namespace metallb::ipam
