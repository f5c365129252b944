// Events about API objects.
#pragma once

#include <string>
#include <utility>

#include "kube/write.hpp"

namespace metallb::controller {

template <class T>
[[nodiscard]] kube::EventNote event_note(const T& about, kube::EventNote::Type type, std::string reason,
                                         std::string message) {
  const auto& resource = kube::resource_of<T>();
  const auto& metadata = about.metadata;
  return {{resource.api_version(),
           std::string(resource.kind),
           metadata.namespace_,
           metadata.name,
           metadata.uid,
           metadata.resourceVersion,
           {}},
          type,
          std::move(reason),
          std::move(message)};
}

}  // namespace metallb::controller
