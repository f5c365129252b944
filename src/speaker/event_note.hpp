// An event about an API object.
#pragma once

#include <string>
#include <utility>

#include "kube/write.hpp"

namespace metallb::speaker {

template <class T>
[[nodiscard]] kube::EventNote event_note(const T& about, kube::EventNote::Type type, std::string reason,
                                         std::string message) {
  const auto& resource = kube::resource_of<T>();
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

}  // namespace metallb::speaker
