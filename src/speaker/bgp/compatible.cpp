#include "speaker/bgp/compatible.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace metallb::speaker {
namespace {

bool disjoint(const std::set<std::string>& a, const std::set<std::string>& b) {
  return std::ranges::none_of(a, [&](const auto& name) { return b.contains(name); });
}

bool lengths_differ(const config::Pool& pool, const config::BgpAdvertisement& a, const config::BgpAdvertisement& b) {
  // A pool without addresses makes no prefixes at all.
  return std::ranges::all_of(pool.prefixes, [&](const auto& prefix) {
    return prefix.family() == IpFamily::kIpv4 ? a.aggregation_v4 != b.aggregation_v4 : a.aggregation_v6 != b.aggregation_v6;
  });
}

}  // namespace

bool compatible(const config::Pool& pool, const config::BgpAdvertisement& a, const config::BgpAdvertisement& b) {
  if (a.local_pref == b.local_pref || lengths_differ(pool, a, b)) return true;
  // No list of peers means all; no node means none.
  if (!a.peers.empty() && !b.peers.empty() && disjoint(a.peers, b.peers)) return true;
  return disjoint(a.nodes, b.nodes);
}

}  // namespace metallb::speaker
