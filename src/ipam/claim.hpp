// What a Service brings along when it wants an address: all that decides whether it may share one (controller spec 4.4).
#pragma once

#include <boost/container/flat_set.hpp>
#include <compare>
#include <cstdint>
#include <string>

namespace metallb::ipam {

/// A listening port; TCP, UDP and SCTP are distinct.
struct Port {
  std::string protocol;  ///< as in the Service, upper case
  std::int32_t number = 0;
  friend auto operator<=>(const Port&, const Port&) = default;
};

/// A few per Service, and kept for every Service: one piece of memory.
using Ports = boost::container::flat_set<Port>;

struct Claim {
  std::string sharing_key;  ///< empty = does not share
  std::string backend_key;  ///< what sharers must agree on besides the key; empty for externalTrafficPolicy Cluster
  Ports ports;
  friend bool operator==(const Claim&, const Claim&) = default;
};

}  // namespace metallb::ipam
