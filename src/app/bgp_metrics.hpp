// BGP's metrics under the original's names for its native and FRR modes, and what those lack (bgp spec 5.4).
#pragma once

#include "base/time.hpp"
#include "bgp/instance.hpp"
#include "io/metrics/families.hpp"

namespace metallb::app {

/// `now`: what the ages of sessions are counted to.
[[nodiscard]] io::MetricFamilies bgp_metrics(const bgp::Instance& engine, SteadyPoint now);

/// The label `peer` of a session: "address:port" with the configured port, IPv6 without brackets as in the original, or the
/// interface's name.
[[nodiscard]] std::string peer_label(const bgp::PeerSettings& settings);

}  // namespace metallb::app
