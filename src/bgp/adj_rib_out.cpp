#include "bgp/adj_rib_out.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "bgp/prefixes.hpp"

namespace metallb::bgp {
namespace {

/// Beyond so many marks it is cheaper to look at every route.
std::size_t mark_limit(std::size_t routes) {
  return 256 + routes / 16;
}

bool contains(const std::vector<Family>& families, const Family& family) {
  return std::find(families.begin(), families.end(), family) != families.end();
}

}  // namespace

void AdjRibOut::begin(SessionTerms terms) {
  end();
  running_ = true;
  terms_ = std::move(terms);
  all_dirty_ = true;
  // bgp spec 4.6: due for every family, also when there is nothing to tell.
  if (terms_.end_of_rib) ends_due_ = terms_.families;
}

void AdjRibOut::end() {
  for (RouteIndex route = 0; route < sent_.size(); ++route) {
    if (sent_[route] != 0) table_.let_go(route, sent_[route] & ~kOutdated);
  }
  running_ = batch_ = cut_short_ = all_dirty_ = draining_ = false;
  sent_ = std::vector<AttributeId>();
  advertised_ = 0;
  dirty_ = std::vector<RouteIndex>();
  clear_groups();
  ends_due_.clear();
  refreshes_due_.clear();
  refreshes_running_.clear();
}

void AdjRibOut::drain() {
  if (!running_) return;
  draining_ = true;
  // What is left of a batch is not announced any more: a route is compared with what is wanted when it is written.
  all_dirty_ = true;
  // RFC 4724, Section 4.1: End-of-RIB would say that this was all we have.
  ends_due_.clear();
}

void AdjRibOut::changed(RouteIndex route) {
  if (!running_ || all_dirty_) return;
  dirty_.push_back(route);
  if (dirty_.size() > mark_limit(table_.size())) {
    all_dirty_ = true;
    dirty_ = std::vector<RouteIndex>();
  }
}

void AdjRibOut::set_next_hops(const NextHops& next_hops) {
  if (!running_ || terms_.next_hops == next_hops) return;
  const bool ipv4 = terms_.next_hops.ipv4 != next_hops.ipv4;
  const bool ipv6 = terms_.next_hops.ipv6 != next_hops.ipv6;
  terms_.next_hops = next_hops;
  if (ipv4) mark_outdated(IpFamily::kIpv4);
  if (ipv6) mark_outdated(IpFamily::kIpv6);
  // What is left of the batch would have the old next hop; all of it is found again.
  clear_groups();
  all_dirty_ = true;
  cut_short_ = batch_;
}

void AdjRibOut::refresh(const Family& family) {
  // RFC 2918, Section 4: a family that was not negotiated is ignored.
  if (running_ && contains(terms_.families, family) && !contains(refreshes_due_, family)) refreshes_due_.push_back(family);
}

bool AdjRibOut::refreshing(const Family& family) const {
  return contains(refreshes_due_, family) || contains(refreshes_running_, family);
}

bool AdjRibOut::has_work() const {
  return running_ && (batch_ || all_dirty_ || !dirty_.empty() || !ends_due_.empty() || !refreshes_due_.empty());
}

void AdjRibOut::write(std::size_t budget, Bytes& out) {
  while (has_work() && out.size() < budget) {
    if (!batch_) start_batch(out);
    while (at_group_ < groups_.size() && out.size() < budget) write_message(out);
    if (at_group_ == groups_.size()) finish_batch(out);
  }
}

AttributeId AdjRibOut::wanted(RouteIndex route) {
  if (draining_) return 0;
  const auto id = table_.wanted(route, peer_);
  const UpdateWriter writer(terms_);
  if (id == 0 || !writer.carries(table_.family(route))) return 0;
  if (writer.fits(table_.attributes(id))) return id;
  ++counters_.unwritable;
  return 0;
}

bool AdjRibOut::differs(RouteIndex route, AttributeId wanted) const {
  return wanted != (route < sent_.size() ? sent_[route] : 0);
}

void AdjRibOut::mark_outdated(IpFamily family) {
  for (RouteIndex route = 0; route < sent_.size(); ++route) {
    if (sent_[route] != 0 && table_.family(route) == family) sent_[route] |= kOutdated;
  }
}

void AdjRibOut::start_batch(Bytes& out) {
  batch_ = true;
  // RFC 7313, Section 4: a peer ignores a begin that comes before our End-of-RIB, so the dump waits for it.
  if (ends_due_.empty()) {
    for (const auto& family : std::exchange(refreshes_due_, {})) {
      if (contains(refreshes_running_, family)) {
        // Its batch was cut short, and is still to be ended: this is the next one.
        refreshes_due_.push_back(family);
        continue;
      }
      refreshes_running_.push_back(family);
      if (terms_.enhanced_route_refresh) write_mark(family, RouteRefresh::Kind::kBegin, out);
      mark_outdated(family == kIpv4Unicast ? IpFamily::kIpv4 : IpFamily::kIpv6);
      all_dirty_ = true;
    }
  }
  collect();
}

void AdjRibOut::collect() {
  sent_.resize(std::max<std::size_t>(sent_.size(), table_.size()), 0);
  auto candidates = std::exchange(dirty_, {});
  if (std::exchange(all_dirty_, false)) {
    candidates.clear();
    candidates.reserve(table_.size());
    for (RouteIndex route = 0; route < table_.size(); ++route) candidates.push_back(route);
  } else {
    std::sort(candidates.begin(), candidates.end());
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  }
  group(candidates);
}

/// In linear time: counts the groups' sizes, then puts each route into its group.
void AdjRibOut::group(const std::vector<RouteIndex>& candidates) {
  struct Place {
    RouteIndex route;
    std::uint32_t group;
  };
  std::vector<Place> places;
  places.reserve(candidates.size());
  std::unordered_map<std::uint64_t, std::uint32_t> numbers;
  clear_groups();
  auto last_key = ~std::uint64_t{0};
  std::uint32_t last_number = 0;
  for (const auto route : candidates) {
    const auto id = wanted(route);
    if (!differs(route, id)) continue;
    const auto family = table_.family(route);
    const auto key = std::uint64_t{id} << 1 | (family == IpFamily::kIpv6 ? 1U : 0U);
    if (key != last_key) {
      const auto [entry, added] = numbers.try_emplace(key, static_cast<std::uint32_t>(groups_.size()));
      if (added) groups_.push_back({id, family});
      last_key = key;
      last_number = entry->second;
    }
    ++groups_[last_number].end;
    places.push_back({route, last_number});
  }
  std::vector<std::uint32_t> order(groups_.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  // Announcements before withdrawals, so that a peer is never without a route for an address that only moves; IPv4 first.
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const auto rank = [&](const Group& g) { return std::tuple(g.attributes == 0, g.family, g.attributes); };
    return rank(groups_[a]) < rank(groups_[b]);
  });
  std::size_t begin = 0;
  for (const auto number : order) {
    auto& group = groups_[number];
    const auto count = group.end;
    group.begin = group.end = begin;
    begin += count;
  }
  routes_.resize(places.size());
  for (const auto& [route, number] : places) routes_[groups_[number].end++] = route;
  std::vector<Group> ordered;
  ordered.reserve(order.size());
  for (const auto number : order) ordered.push_back(groups_[number]);
  groups_ = std::move(ordered);
  // Whatever is wanted by the time a group is written: until then its number means these attributes.
  for (const auto& group : groups_) {
    if (group.attributes != 0) table_.hold(group.attributes);
  }
}

void AdjRibOut::clear_groups() {
  for (const auto& group : groups_) {
    if (group.attributes != 0) table_.let_go(group.attributes);
  }
  // Not only emptied: a session that is quiet keeps no memory for it.
  groups_ = std::vector<Group>();
  routes_ = std::vector<RouteIndex>();
  at_group_ = at_route_ = 0;
  group_attributes_.clear();
}

/// One UPDATE of the group at hand; none if all that is left of it has changed meanwhile.
void AdjRibOut::write_message(Bytes& out) {
  const auto& group = groups_[at_group_];
  const UpdateWriter writer(terms_);
  if (group.attributes != 0 && group_attributes_.empty()) {
    group_attributes_ = writer.attributes(table_.attributes(group.attributes), group.family);
  }
  const auto room = writer.room(group.family, group_attributes_.size());
  Bytes prefixes;
  for (; at_route_ < group.end; ++at_route_) {
    const auto route = routes_[at_route_];
    const auto prefix = table_.prefix(route);
    // Changed since the batch began: then it is marked, and comes with the next one.
    if (prefix.family() != group.family || wanted(route) != group.attributes || !differs(route, group.attributes)) continue;
    if (prefixes.size() + wire_size(prefix) > room) break;
    write_prefix(prefix, prefixes);
    mark_sent(route, group.attributes);
  }
  if (!prefixes.empty()) {
    ++counters_.updates;
    if (group.attributes == 0) {
      writer.withdraw(group.family, prefixes, out);
    } else {
      writer.announce(group.family, group_attributes_, prefixes, out);
    }
  }
  if (at_route_ < group.end) return;
  ++at_group_;
  group_attributes_.clear();
}

void AdjRibOut::finish_batch(Bytes& out) {
  batch_ = false;
  clear_groups();
  // Not everything has been told: the marks of the end come with the next batch.
  if (std::exchange(cut_short_, false)) return;
  for (const auto& family : std::exchange(ends_due_, {})) {
    UpdateWriter::end_of_rib(family, out);
    ++counters_.updates;
  }
  for (const auto& family : std::exchange(refreshes_running_, {})) {
    // RFC 7313, Section 4.2: at the mark of the end the peer drops what was not told again. A route that changed while the
    // dump went out is still to be told: it is marked, and the mark waits for it.
    if (has_outdated(family)) {
      refreshes_running_.push_back(family);
    } else if (terms_.enhanced_route_refresh) {
      write_mark(family, RouteRefresh::Kind::kEnd, out);
    }
  }
}

bool AdjRibOut::has_outdated(const Family& family) const {
  const auto ip = family == kIpv4Unicast ? IpFamily::kIpv4 : IpFamily::kIpv6;
  for (RouteIndex route = 0; route < sent_.size(); ++route) {
    if ((sent_[route] & kOutdated) != 0 && table_.family(route) == ip) return true;
  }
  return false;
}

void AdjRibOut::mark_sent(RouteIndex route, AttributeId attributes) {
  const auto before = std::exchange(sent_[route], attributes);
  if (attributes != 0) {
    ++advertised_;
    table_.hold(route, attributes);
  }
  if (before != 0) {
    --advertised_;
    table_.let_go(route, before & ~kOutdated);
  }
}

void AdjRibOut::write_mark(const Family& family, RouteRefresh::Kind kind, Bytes& out) {
  ByteWriter(out).bytes(encode(RouteRefresh{family, kind}));
  ++counters_.route_refreshes;
}

}  // namespace metallb::bgp
