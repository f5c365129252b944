// Whose MAC is it? Tells members of the cluster from strangers, as far as the main thread knows (failover spec 6).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "net/mac_address.hpp"

namespace metallb::layer2 {

class Neighbours {
 public:
  /// Replaces the whole table.
  void learn(std::map<MacAddress, std::string> nodes) { nodes_ = std::move(nodes); }
  /// A table has been handed in once: a MAC that is not in it is a stranger's, as far as one can know.
  [[nodiscard]] bool known() const { return nodes_.has_value(); }
  /// The member's node name; null for a stranger.
  [[nodiscard]] const std::string* member(const MacAddress& mac) const {
    if (!nodes_) return nullptr;
    const auto it = nodes_->find(mac);
    return it == nodes_->end() ? nullptr : &it->second;
  }

 private:
  std::optional<std::map<MacAddress, std::string>> nodes_;
};

}  // namespace metallb::layer2
