// An event about an API object.
#pragma once

#include <string>
#include <utility>

#include "kube/write.hpp"

namespace metallb::kube {

template <class T>
[[nodiscard]] EventNote event_note(const T& about, EventNote::Type type, std::string reason, std::string message) {
  const auto& resource = resource_of<T>();
  const auto& metadata = about.metadata;
  return {.about = {.apiVersion = resource.api_version(),
                    .kind = std::string(resource.kind),
                    .namespace_ = metadata.namespace_,
                    .name = metadata.name,
                    .uid = metadata.uid,
                    .resourceVersion = metadata.resourceVersion,
                    .fieldPath = {}},
          .type = type,
          .reason = std::move(reason),
          .message = std::move(message)};
}

}  // namespace metallb::kube
