// Lists pods once, page by page: for who may list but not watch them (operations spec 1.11).
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "io/kube/kube_client.hpp"
#include "kube/objects/core.hpp"

namespace metallb::io {

struct PodSelection {
  std::string label_selector;
  std::string field_selector = {};  ///< empty: whatever their fields say
};

/// The whole list, or a sentence about what went wrong. A pod that cannot be decoded is left out. `done` runs on the
/// client's loop, exactly once unless the client is stopped; never from within this call. The client must outlive it.
void list_pods(KubeClient& client, const std::string& namespace_, const PodSelection& selection,
               std::function<void(std::expected<std::vector<kube::Pod>, std::string>)> done);

}  // namespace metallb::io
