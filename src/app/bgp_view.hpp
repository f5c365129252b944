// The state of every BGP session of this node as JSON, for people and tools: what was agreed, what went wrong last, what the
// peer was told, what BFD and the network say (bgp spec 5.3). Passwords do not appear.
#pragma once

#include <map>
#include <string>

#include "base/time.hpp"
#include "bgp/instance.hpp"
#include "io/liveness/bfd_driver.hpp"
#include "peering/instance.hpp"
#include "speaker/bgp/routes.hpp"

namespace metallb::app {

/// Of each session, and of disputes, at most so many prefixes are listed; how many there are is said in any case.
inline constexpr std::size_t kViewedPrefixes = 1000;

/// Prefixes of which advertisements want different local preferences.
using LocalPrefDisputes = std::map<IpPrefix, speaker::LocalPrefDispute>;

/// {"sessions": [{"peer": name, "state": "Established", ...}], "localPrefDiffers": {"count": ..., ...}}, one line. `now`:
/// what ages are counted to.
[[nodiscard]] std::string bgp_view(const bgp::Instance& engine, const peering::Instance& peering, const io::BfdReport& bfd,
                                   const LocalPrefDisputes& disputes, SteadyPoint now);

}  // namespace metallb::app
