// The speaker's decisions: which addresses this node announces, and why.
//
// In:   Services, EndpointSlices, Nodes, configuration resources, own status objects (kube::Change each), the set of live
//       members (absent while membership is off: then every Node known from the API counts), the names of this node's
//       interfaces, outcomes of writes.
// Out:  layer2 commands for the packets thread, API writes, events. Metrics are read from its state.
// Thread: main. It sends no packet and keeps no socket.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/names.hpp"
#include "kube/change.hpp"
#include "kube/write.hpp"
#include "layer2/commands.hpp"

namespace metallb::speaker {

/// Speakers known to be alive (or suspected); nullopt: membership is not known, all Nodes count (layer2 spec 2.2 step 5).
struct MembersChanged {
  std::optional<std::set<std::string>> members;
};
/// Names of the interfaces of this node that the exclude expression lets pass (layer2 spec 3.1 "known names").
struct InterfacesChanged {
  std::set<std::string> names;
};

using Input = std::variant<kube::Change<kube::Service>, kube::Change<kube::EndpointSlice>, kube::Change<kube::Node>,
                           kube::Change<kube::Namespace>, kube::Change<kube::IPAddressPool>,
                           kube::Change<kube::L2Advertisement>, kube::Change<kube::Community>,
                           kube::Change<kube::ServiceL2Status>, MembersChanged, InterfacesChanged, kube::WriteDone>;
using Action = std::variant<layer2::Command, kube::Write, kube::EventNote>;
using Output = std::vector<Action>;

}  // namespace metallb::speaker
