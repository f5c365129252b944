// How a simulated speaker finds the others: ours by the product's own core, the original's and the minimal ones by a list of
// pods every five minutes and a join every minute (gossip spec 1.5).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "net/ip_address.hpp"
#include "sim/api.hpp"
#include "sim/host.hpp"
#include "sim/network.hpp"
#include "sim/thread.hpp"
#include "sim/watch.hpp"
#include "speaker/peer_discovery.hpp"

namespace metallb::sim {

class Joining {
 public:
  /// The process around it. All of it is called, and calls, in the main thread.
  struct Process {
    Network& network;
    Api& api;
    Host& host;
    Thread& main;
    Distance distance;
    Log log;
    std::function<void(std::vector<IpAddress>)> join;
    std::function<void()> first_join_ended;
    std::function<bool()> ready;  ///< the picture is whole
  };
  virtual ~Joining() = default;
  virtual void start() = 0;
  virtual void feed(const speaker::DiscoveryInput& input) = 0;
  /// It asks for no more.
  virtual void stop() = 0;
};

[[nodiscard]] std::unique_ptr<Joining> join_like_ours(Joining::Process process);
[[nodiscard]] std::unique_ptr<Joining> join_like_the_original(Joining::Process process);

}  // namespace metallb::sim
