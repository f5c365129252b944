#include "io/liveness/neighbour_names.hpp"

#include <algorithm>
#include <utility>

namespace metallb::io {
namespace {

/// Makes room for one more: what was used longest ago goes.
template <class Map>
void make_room(Map& map, std::size_t limit) {
  if (map.size() < limit) return;
  map.erase(std::ranges::min_element(map, {}, [](const auto& entry) { return entry.second.used; }));
}

}  // namespace

void NeighbourNames::member(const gossip::MemberSeen& seen, const std::optional<MacAddress>& mac) {
  if (seen.node == own_name_) return;
  const bool alive = seen.state == gossip::MemberState::kAlive || seen.state == gossip::MemberState::kSuspect;
  auto found = members_.find(seen.address);
  if (found == members_.end()) {
    make_room(members_, limit_);
    found = members_.emplace(seen.address, Named{}).first;
  } else if (found->second.node != seen.node && !alive) {
    return;  // whoever had the address before does not get it back by dying
  }
  found->second = {.node = seen.node, .used = ++clock_};
  if (mac && mac->is_station()) learn(*mac, seen.node);
}

void NeighbourNames::neighbour(const IpAddress& address, const MacAddress& mac) {
  if (!mac.is_station()) return;
  const auto found = members_.find(address);
  if (found == members_.end()) return;
  found->second.used = ++clock_;
  learn(mac, found->second.node);
}

void NeighbourNames::learn(const MacAddress& mac, const std::string& node) {
  auto found = names_.find(mac);
  if (found == names_.end()) {
    make_room(names_, limit_);
    found = names_.emplace(mac, Named{}).first;
  }
  found->second.used = ++clock_;
  if (found->second.node == node) return;
  found->second.node = node;
  changed_ = true;
}

std::optional<std::map<MacAddress, std::string>> NeighbourNames::take_changed() {
  if (!std::exchange(changed_, false)) return std::nullopt;
  std::map<MacAddress, std::string> out;
  for (const auto& [mac, named] : names_) out.emplace(mac, named.node);
  return out;
}

}  // namespace metallb::io
