// What all simulated machines share: time, the LAN, the streams over it, the trace.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/random.hpp"
#include "net/ip_address.hpp"
#include "sim/host.hpp"
#include "sim/lan.hpp"
#include "sim/streams.hpp"
#include "sim/timeline.hpp"
#include "sim/trace.hpp"

namespace metallb::sim {

class Network {
 public:
  explicit Network(std::uint64_t seed) : random(seed), lan(timeline, Random(random.below(kSeeds))), streams(*this) {}
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  /// Null when no host has the address.
  [[nodiscard]] Host* host_at(const IpAddress& address) const {
    const auto found = addresses_.find(address);
    return found == addresses_.end() ? nullptr : found->second;
  }
  [[nodiscard]] Host& host_on(Lan::Port port) const { return *hosts_[port]; }
  void add(Host& host) {
    hosts_.push_back(&host);
    addresses_[host.address()] = &host;
  }
  /// A seed for a part that has a generator of its own.
  [[nodiscard]] std::uint64_t next_seed() { return random.below(kSeeds); }

  static constexpr std::uint64_t kSeeds = std::uint64_t{1} << 31;

  Timeline timeline;
  Trace trace{timeline};
  Random random;
  Lan lan;
  Streams streams;
  IpAddress gateway;  ///< 0.0.0.0: there is none

 private:
  std::vector<Host*> hosts_;  ///< by port
  std::unordered_map<IpAddress, Host*> addresses_;
};

}  // namespace metallb::sim
