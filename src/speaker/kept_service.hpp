// What the speaker keeps of a Service: the fields that some part of it reads. A cluster may have ten thousand Services, each
// node has all of them in memory, and most of a Service is about other things.
#pragma once

#include <array>
#include <memory>

#include "kube/objects/core.hpp"

namespace metallb::speaker {

/// A Service with one of these may share its address (layer2 spec 2.2, step 3). The second is the older spelling.
inline constexpr std::array kSharingAnnotations{"metallb.io/allow-shared-ip", "metallb.universe.tf/allow-shared-ip"};

/// Whoever needs a further field of Services adds it here.
[[nodiscard]] std::shared_ptr<const kube::Service> kept_of(const kube::Service& service);

}  // namespace metallb::speaker
