#include "config/local_preference.hpp"

#include <algorithm>

namespace metallb::config {
namespace {

bool intersect(const std::set<std::string>& a, const std::set<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&](const auto& name) { return b.contains(name); });
}

}  // namespace

bool contradict(const BgpAdvertisement& a, const BgpAdvertisement& b, const Pool& pool) {
  if (a.local_pref == b.local_pref) return false;
  // An empty list of peers is all of them; an empty set of nodes is none.
  if (!a.peers.empty() && !b.peers.empty() && !intersect(a.peers, b.peers)) return false;
  if (!intersect(a.nodes, b.nodes)) return false;
  return std::any_of(pool.prefixes.begin(), pool.prefixes.end(), [&](const auto& prefix) {
    return prefix.network().is_v4() ? a.aggregation_v4 == b.aggregation_v4 : a.aggregation_v6 == b.aggregation_v6;
  });
}

}  // namespace metallb::config
