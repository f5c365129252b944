// Asks the API server what there is of frr-k8s for one node (speaker/frr_k8s_lookout.hpp).
#pragma once

#include <functional>
#include <string>

#include "io/kube/kube_client.hpp"
#include "speaker/frr_k8s_lookout.hpp"

namespace metallb::io {

/// `done` runs on the client's loop, exactly once unless the client is stopped; never from within this call. The client must
/// outlive it. An FRRConfiguration that must not be read, or whose kind does not exist, counts as none: the role that the
/// original is shipped with allows it for METALLB_BGP_TYPE=frr-k8s only.
void look_for_frr_k8s(KubeClient& client, const std::string& namespace_, const std::string& node,
                      std::function<void(speaker::FrrK8sSeen)> done);

}  // namespace metallb::io
