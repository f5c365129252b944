// Short lists of addresses, as Services have them.
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "net/ip_address.hpp"

namespace metallb::speaker {

[[nodiscard]] inline std::vector<std::string> texts(const std::vector<IpAddress>& addresses) {
  std::vector<std::string> out;
  for (const auto& address : addresses) out.push_back(address.to_string());
  return out;
}

/// What is in `from` but not in `in`, in the order of `from`.
[[nodiscard]] inline std::vector<IpAddress> missing_in(const std::vector<IpAddress>& from,
                                                       const std::vector<IpAddress>& in) {
  std::vector<IpAddress> out;
  std::ranges::copy_if(from, std::back_inserter(out),
                       [&](const auto& address) { return std::ranges::find(in, address) == in.end(); });
  return out;
}

}  // namespace metallb::speaker
