// What the speaker asks of the world.
#pragma once

#include <variant>
#include <vector>

#include "bgp/inputs_and_actions.hpp"
#include "config/state_report.hpp"
#include "kube/write.hpp"
#include "layer2/commands.hpp"
#include "peering/peer.hpp"

namespace metallb::speaker {

/// To the BGP engine: peers with complete settings, prefixes with all that is wanted of them from now on.
using BgpCommand = std::variant<peering::SetPeer, peering::RemovePeer, bgp::Publish, bgp::ServicesKnown>;

using Action = std::variant<layer2::Command, BgpCommand, kube::Write, kube::EventNote, config::Conclusion>;
using Output = std::vector<Action>;

}  // namespace metallb::speaker
