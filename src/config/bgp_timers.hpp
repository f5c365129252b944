// The timers of a BGPPeer (bgp spec 1.4, controller spec 3.4 rules N8 and N19).
#pragma once

#include <chrono>
#include <optional>

#include "config/problem.hpp"

namespace metallb::config {

/// As in BgpPeer.
struct BgpTimers {
  std::optional<std::chrono::seconds> hold_time;
  std::optional<Duration> keepalive_time;
  std::optional<std::chrono::seconds> connect_time;
};

/// Of hold and keepalive time either follows from the other; with neither given both are unset.
[[nodiscard]] Checked<BgpTimers> timers_of(const kube::BGPPeerSpec& peer);

}  // namespace metallb::config
