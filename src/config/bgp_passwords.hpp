// The TCP MD5 password of a BGPPeer: in the object, or in a Secret that it names (bgp spec 1.5, controller spec 3.4 rules
// N13 to N16).
#pragma once

#include <string>

#include "config/problem.hpp"

namespace metallb::config {

/// Empty: none. Of `secrets` the name counts alone: they are those of MetalLB's own namespace, and the reference's
/// `namespace` is ignored. No message repeats a password.
[[nodiscard]] Checked<std::string> password_of(const kube::BGPPeerSpec& peer, const Objects<kube::Secret>& secrets);

}  // namespace metallb::config
