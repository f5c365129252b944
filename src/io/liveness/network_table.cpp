#include "io/liveness/network_table.hpp"

#include <algorithm>
#include <utility>

namespace metallb::io {

void NetworkTable::link(LinkFacts facts) {
  const auto index = facts.index;
  links_[index] = {std::move(facts), generation_};
}

void NetworkTable::neighbour(SteadyPoint now, const NeighbourFacts& facts) {
  auto& row = neighbours_[{facts.interface, facts.address}];
  row.mac = facts.mac;
  row.reachable = facts.reachable;
  row.confirmed = facts.confirmed_ago ? std::optional(now - *facts.confirmed_ago) : std::nullopt;
  row.seen = generation_;
}

void NetworkTable::default_gateway(InterfaceIndex index, const IpAddress& gateway, std::uint32_t metric) {
  dumped_gateways_.push_back({index, gateway, metric});
}

void NetworkTable::begin_dump() {
  ++generation_;
  dumped_gateways_.clear();
}

void NetworkTable::end_dump() {
  std::erase_if(links_, [this](const auto& entry) { return entry.second.seen != generation_; });
  std::erase_if(addresses_, [this](const auto& entry) { return entry.second != generation_; });
  std::erase_if(neighbours_, [this](const auto& entry) { return entry.second.seen != generation_; });
  gateways_ = std::exchange(dumped_gateways_, {});
  std::ranges::sort(gateways_, {}, [](const Gateway& gateway) { return std::pair(gateway.metric, gateway.address); });
}

const NetworkTable::Link* NetworkTable::own_link() const {
  // An address may stand on several interfaces (also on the loopback): the one with neighbours is the one that matters.
  const Link* found = nullptr;
  for (const auto& [place, seen] : addresses_) {
    if (place.second != own_) continue;
    const auto link = links_.find(place.first);
    if (link == links_.end()) continue;
    if (found == nullptr || (!found->facts.ethernet && link->second.facts.ethernet)) found = &link->second;
  }
  return found;
}

std::optional<IpAddress> NetworkTable::source(InterfaceIndex index, IpFamily family) const {
  if (own_.family() == family) return own_;
  for (auto place = addresses_.lower_bound({index, IpAddress()}); place != addresses_.end() && place->first.first == index;
       ++place) {
    if (place->first.second.family() == family) return place->first.second;
  }
  return std::nullopt;
}

std::optional<Uplink> NetworkTable::uplink() const {
  const auto* link = own_link();
  if (link == nullptr) return std::nullopt;
  const auto& facts = link->facts;
  return Uplink{.index = facts.index,
                .name = facts.name,
                .mac = facts.mac,
                .running = facts.up && facts.running,
                .resolves = facts.ethernet && !facts.no_arp,
                .source_v4 = source(facts.index, IpFamily::kIpv4),
                .source_v6 = source(facts.index, IpFamily::kIpv6)};
}

const NetworkTable::Neighbour* NetworkTable::find_neighbour(InterfaceIndex index, const IpAddress& address) const {
  const auto found = neighbours_.find({index, address});
  return found == neighbours_.end() ? nullptr : &found->second;
}

std::optional<MacAddress> NetworkTable::mac_of(const IpAddress& neighbour, InterfaceIndex likely) const {
  if (const auto* found = find_neighbour(likely, neighbour)) return found->mac;
  for (const auto& [index, link] : links_) {
    if (const auto* found = find_neighbour(index, neighbour)) return found->mac;
  }
  return std::nullopt;
}

std::optional<NetworkTable::Station> NetworkTable::station(const IpAddress& neighbour, InterfaceIndex bound) const {
  if (bound != InterfaceIndex()) {
    const auto* found = find_neighbour(bound, neighbour);
    return found == nullptr ? std::nullopt : std::optional(Station{bound, found->mac});
  }
  for (const auto& [index, link] : links_) {
    if (const auto* found = find_neighbour(index, neighbour)) return Station{index, found->mac};
  }
  return std::nullopt;
}

bool NetworkTable::heard_lately(SteadyPoint now, const Neighbour& neighbour) {
  return neighbour.reachable || (neighbour.confirmed && now - *neighbour.confirmed <= kNeighbourMemory);
}

WitnessChoice NetworkTable::witnesses(SteadyPoint now, const IpAddress& accused) const {
  WitnessChoice choice;
  const auto up = uplink();
  if (!up || !up->resolves) return choice;
  if (const auto* neighbour = find_neighbour(up->index, accused)) choice.accused_mac = neighbour->mac;
  const auto is_accused = [&](const IpAddress& address, const Neighbour* neighbour) {
    return address == accused || (choice.accused_mac && neighbour != nullptr && neighbour->mac == *choice.accused_mac);
  };
  const auto can_be_asked = [&](const IpAddress& address) {
    return (address.is_v4() ? up->source_v4 : up->source_v6).has_value();
  };

  bool gateway_heard = false;
  for (const auto& gateway : gateways_) {
    if (gateway.interface != up->index || !can_be_asked(gateway.address)) continue;
    const auto* neighbour = find_neighbour(up->index, gateway.address);
    if (is_accused(gateway.address, neighbour)) continue;
    choice.targets.push_back({gateway.address, neighbour != nullptr ? std::optional(neighbour->mac) : std::nullopt});
    gateway_heard = neighbour != nullptr && heard_lately(now, *neighbour);
    break;
  }
  if (gateway_heard) return choice;

  const Place* best = nullptr;
  const Neighbour* best_row = nullptr;
  const auto when = [&](const Neighbour& row) { return row.reachable ? now : row.confirmed.value_or(SteadyPoint::min()); };
  for (auto row = neighbours_.lower_bound({up->index, IpAddress()});
       row != neighbours_.end() && row->first.first == up->index; ++row) {
    const auto& address = row->first.second;
    if (!heard_lately(now, row->second) || is_accused(address, &row->second) || !can_be_asked(address)) continue;
    if (!choice.targets.empty() && choice.targets.front().address == address) continue;
    if (best_row != nullptr && when(row->second) <= when(*best_row)) continue;
    best = &row->first;
    best_row = &row->second;
  }
  if (best != nullptr) choice.targets.push_back({best->second, best_row->mac});
  return choice;
}

}  // namespace metallb::io
