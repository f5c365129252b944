#include "io/netlink/link_table.hpp"

#include <algorithm>
#include <utility>

namespace metallb::io {
namespace {

/// An IPv4 address may stand on a link once for each of several subnets, its own or those of far ends.
bool same(const AddressFacts& a, const AddressFacts& b) {
  return a.address == b.address && a.prefix_length == b.prefix_length && a.far == b.far;
}

}  // namespace

void LinkTable::link(LinkFacts facts) {
  auto& row = rows_[facts.index];
  row.seen = generation_;
  row.facts = std::move(facts);
}

void LinkTable::link_gone(InterfaceIndex index) {
  rows_.erase(index);
}

void LinkTable::address(const AddressFacts& facts) {
  auto& addresses = rows_[facts.index].addresses;
  const auto known = std::ranges::find_if(addresses, [&](const Address& a) { return same(a.facts, facts); });
  if (known == addresses.end()) {
    addresses.push_back({facts, generation_});
  } else {
    *known = {facts, generation_};
  }
}

void LinkTable::address_gone(const AddressFacts& facts) {
  const auto found = rows_.find(facts.index);
  if (found == rows_.end()) return;
  std::erase_if(found->second.addresses, [&](const Address& a) { return same(a.facts, facts); });
}

void LinkTable::end_dump() {
  std::erase_if(rows_, [this](const auto& entry) { return entry.second.seen != generation_; });
  for (auto& [index, row] : rows_) {
    std::erase_if(row.addresses, [this](const Address& a) { return a.seen != generation_; });
  }
}

/// Whether its master is a VRF device is known by the master alone: older kernels tell the slave nothing about it.
std::string LinkTable::vrf_of(const LinkFacts& facts) const {
  if (facts.is_vrf) return facts.name;
  const auto master = rows_.find(facts.master);
  const bool member = master != rows_.end() && master->second.facts && master->second.facts->is_vrf;
  return member ? master->second.facts->name : std::string();
}

peering::Links LinkTable::links() const {
  peering::Links out;
  for (const auto& [index, row] : rows_) {
    if (!row.facts) continue;
    const auto& facts = *row.facts;
    peering::Link link{.index = index,
                       .name = facts.name,
                       .vrf = vrf_of(facts),
                       .is_vrf = facts.is_vrf,
                       .running = facts.up && facts.running,
                       .mac = facts.mac,
                       .addresses = {}};
    for (const bool secondary : {false, true}) {
      for (const auto& [address, seen] : row.addresses) {
        if (address.secondary != secondary) continue;
        link.addresses.push_back(
            {address.address, address.prefix_length, address.unique && !address.deprecated, address.far});
      }
    }
    out.emplace(facts.name, std::move(link));
  }
  return out;
}

}  // namespace metallb::io
