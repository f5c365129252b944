#include "bfd/parameters.hpp"

#include <string_view>

namespace metallb::bfd {
namespace {

using std::chrono::milliseconds;

/// bgp spec 1.3
constexpr milliseconds kShortest{10};
constexpr milliseconds kLongest{60000};

std::optional<std::string> problem_of_interval(std::string_view field, milliseconds value) {
  if (value >= kShortest && value <= kLongest) return std::nullopt;
  return std::string(field) + " is " + std::to_string(value.count()) + " ms: set it to 10 to 60000 ms";
}

}  // namespace

std::optional<std::string> problem_of(const SessionKey& key, const Parameters& parameters) {
  if (key.local.family() != key.remote.family()) {
    return "local address " + key.local.to_string() + " and peer address " + key.remote.to_string() +
           " are of different families: set a source address of the peer's family";
  }
  for (const auto& address : {key.local, key.remote}) {
    if (address.is_unspecified() || address.is_multicast()) {
      return "address " + address.to_string() + " is not that of a host: set the address of one host";
    }
  }
  if (key.hops == Hops::kMultiple && key.interface != InterfaceIndex()) {
    return "a multihop session is bound to an interface: remove the interface, or use a single hop session";
  }
  if (key.remote.is_v6() && key.remote.is_link_local() && key.interface == InterfaceIndex()) {
    return "peer address " + key.remote.to_string() +
           " is link-local, which needs an interface: name the interface of the peer";
  }
  if (auto problem = problem_of_interval("receiveInterval", parameters.receive_interval)) return problem;
  if (auto problem = problem_of_interval("transmitInterval", parameters.transmit_interval)) return problem;
  if (auto problem = problem_of_interval("echoInterval", parameters.echo_interval)) return problem;
  if (parameters.detect_mult == 0) return "detectMultiplier is 0: set it to 2 to 255";
  if (parameters.minimum_ttl == 0) return "minimumTtl is 0: set it to 1 to 254";
  return std::nullopt;
}

}  // namespace metallb::bfd
