// What the controller keeps of a Service: the fields that some part of it reads. A cluster may have ten thousand Services,
// and what users and tools write into annotations and selectors is often the larger part of each.
#pragma once

#include <memory>

#include "kube/objects/core.hpp"

namespace metallb::controller {

/// Whoever needs a further field of Services adds it here.
[[nodiscard]] std::shared_ptr<const kube::Service> kept_of(const kube::Service& service);

}  // namespace metallb::controller
