// The controller's decisions: which Service gets which address.
//
// In:   Services, pools, communities, namespaces (kube::Change each), outcomes of writes.
// Out:  status writes and events. Metrics are read from its state.
// Thread: main.
#pragma once

#include <variant>
#include <vector>

#include "kube/change.hpp"
#include "kube/write.hpp"

namespace metallb::controller {

using Input = std::variant<kube::Change<kube::Service>, kube::Change<kube::IPAddressPool>, kube::Change<kube::Community>,
                           kube::Change<kube::Namespace>, kube::WriteDone>;
using Action = std::variant<kube::Write, kube::EventNote>;
using Output = std::vector<Action>;

}  // namespace metallb::controller
