#include "io/packets/interface_table.hpp"

#include <utility>

namespace metallb::io {

void InterfaceTable::link(LinkFacts facts) {
  const auto index = facts.index;
  auto& row = rows_[index];
  row.seen = generation_;
  row.facts = std::move(facts);
  judge(index, row);
}

void InterfaceTable::link_gone(InterfaceIndex index) {
  const auto found = rows_.find(index);
  if (found == rows_.end()) return;
  if (found->second.told) changes_.emplace_back(layer2::InterfaceGone{index});
  rows_.erase(found);
}

void InterfaceTable::link_local(InterfaceIndex index, const IpAddress& address, bool usable) {
  auto& row = rows_[index];
  row.link_locals[address] = {usable, generation_};
  judge(index, row);
}

void InterfaceTable::link_local_gone(InterfaceIndex index, const IpAddress& address) {
  const auto found = rows_.find(index);
  if (found == rows_.end() || found->second.link_locals.erase(address) == 0) return;
  judge(index, found->second);
}

void InterfaceTable::end_dump() {
  std::vector<InterfaceIndex> gone;
  for (auto& [index, row] : rows_) {
    if (row.seen != generation_) {
      gone.push_back(index);
      continue;
    }
    std::erase_if(row.link_locals, [this](const auto& entry) { return entry.second.seen != generation_; });
    judge(index, row);
  }
  for (const auto index : gone) link_gone(index);
}

std::vector<InterfaceTable::Change> InterfaceTable::take_changes() {
  return std::exchange(changes_, {});
}

std::set<std::string> InterfaceTable::names() const {
  std::set<std::string> out;
  for (const auto& [index, row] : rows_) {
    if (row.told) out.insert(row.told->name);
  }
  return out;
}

void InterfaceTable::judge(InterfaceIndex index, Row& row) {
  auto state = state_of(row);
  if (state == row.told) return;
  if (state) {
    changes_.emplace_back(*state);
  } else {
    changes_.emplace_back(layer2::InterfaceGone{index});
  }
  row.told = std::move(state);
}

std::optional<layer2::InterfaceState> InterfaceTable::state_of(const Row& row) const {
  if (!row.facts || excluded_(row.facts->name)) return std::nullopt;
  const auto& facts = *row.facts;
  layer2::InterfaceState state;
  state.index = facts.index;
  state.name = facts.name;
  state.mac = facts.mac;
  state.running = facts.running;
  // deviation: a link without Ethernet header (InfiniBand, for example) is never eligible; the original opens a responder
  // there and then fails at every request.
  if (!facts.ethernet || !facts.up || facts.enslaved || facts.no_arp) return state;
  state.arp = facts.broadcast;
  // Prefer the address in use: another one turning up is no reason to change the source of the answers.
  const auto usable = [&row](const std::optional<IpAddress>& address) {
    if (!address) return false;
    const auto found = row.link_locals.find(*address);
    return found != row.link_locals.end() && found->second.usable;
  };
  if (row.told && usable(row.told->link_local)) {
    state.link_local = row.told->link_local;
    return state;
  }
  for (const auto& [address, entry] : row.link_locals) {
    if (!entry.usable) continue;
    state.link_local = address;
    break;
  }
  return state;
}

}  // namespace metallb::io
