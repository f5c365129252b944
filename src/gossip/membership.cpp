#include "gossip/membership.hpp"

#include <algorithm>
#include <limits>

#include "base/contract.hpp"

namespace metallb::gossip {
namespace {

constexpr std::uint32_t kGreatestIncarnation = std::numeric_limits<std::uint32_t>::max();

/// More entries than two tables full is no state that anybody has.
constexpr std::size_t kMostEntries = 2 * MemberTable::kMostMembers;

/// gossip spec 1.2: nil and empty metadata are equal.
bool same_meta(const std::optional<Bytes>& a, const std::optional<Bytes>& b) {
  return a.value_or(Bytes{}) == b.value_or(Bytes{});
}

}  // namespace

bool is_host(const IpAddress& address) {
  constexpr std::uint32_t kBroadcast = 0xffffffff;
  return !address.is_unspecified() && !address.is_multicast() && !(address.is_v4() && address.number() == kBroadcast);
}

void Membership::start(SteadyPoint now) {
  auto& entry = table_.add(now, own_name_, random_);
  entry.address = to_wire(own_.address);
  entry.endpoint = own_;
  entry.incarnation = 1;
  entry.versions.assign(kOwnVersions.begin(), kOwnVersions.end());
  set_state(now, entry, MemberState::kAlive, true);
  news_.put(own_name_, own_alive());
}

void Membership::leave(SteadyPoint now) {
  leaving_ = true;
  suspicions_.clear();
  dead(now, Dead{own_entry().incarnation, own_name_, own_name_});
}

// gossip spec 7.2
void Membership::alive(SteadyPoint now, Alive message) {
  const auto own = is_own(message.node);
  if (own && leaving_) return;
  if (!named_well(now, message.node)) return;
  if (!sane(message.versions)) {
    ++counters_.bad_versions;
    if (const auto again = quiet_.turn(now, "versions " + message.node)) {
      log_.warn({{"op", "memberlist"},
                 {"msg", "alive message ignored: version range is empty"},
                 {"node", message.node},
                 {"repeated", *again}});
    }
    return;
  }
  // gossip spec 3.4, 11: fewer than six bytes are as none, and passed on they would crash some peers.
  message.versions.resize(message.versions.size() < kVersionBytes ? 0 : kVersionBytes);
  if (message.meta.value_or(Bytes{}).size() > kLongestMeta) {
    ++counters_.bad_meta;
    return;
  }
  const auto endpoint = destination(now, message.node, message.address, message.port);
  if (!endpoint) return;
  message.port = endpoint->port;

  auto* entry = table_.find(message.node);
  bool moved = false;
  if (entry == nullptr) {
    if (table_.size() >= MemberTable::kMostMembers) {
      ++counters_.dropped_names;
      return;
    }
    entry = &table_.add(now, message.node, random_);
    entry->address = message.address;
    entry->endpoint = *endpoint;
    entry->versions = message.versions;
    moved = true;
  } else if (entry->address != message.address || entry->endpoint.port != message.port) {
    // A member that left may come back with another address; one that died keeps its own until it is forgotten.
    if (entry->state != MemberState::kLeft) {
      ++counters_.address_conflicts;
      if (const auto again = quiet_.turn(now, "conflict " + message.node)) {
        log_.error({{"op", "memberlist"},
                    {"msg", "address conflict: another member claims this name"},
                    {"node", message.node},
                    {"ip", entry->endpoint.address.to_string()},
                    {"claimed", endpoint->address.to_string()},
                    {"repeated", *again}});
      }
      return;
    }
    moved = true;
  }
  const auto returns_elsewhere = moved && entry->state == MemberState::kLeft;
  if (own ? message.incarnation < entry->incarnation : message.incarnation <= entry->incarnation && !returns_elsewhere)
    return;
  suspicions_.cancel(message.node);
  if (own) {
    const auto& known = *entry;
    if (message.incarnation == known.incarnation && same_meta(message.meta, known.meta) &&
        message.versions == known.versions)
      return;
    refute(now, message.incarnation, {}, false);
    return;
  }
  const auto meta_changed = !same_meta(entry->meta, message.meta);
  if (!message.versions.empty()) entry->versions = message.versions;
  entry->incarnation = message.incarnation;
  entry->meta = message.meta;
  entry->address = message.address;
  entry->endpoint = *endpoint;
  peers_changed_ = true;
  set_state(now, *entry, MemberState::kAlive, moved, meta_changed);
  news_.put(entry->name, std::move(message));
}

// gossip spec 7.3
void Membership::suspect(SteadyPoint now, const Suspect& message) {
  auto* entry = table_.find(message.node);
  if (entry == nullptr) return;
  if (message.incarnation < entry->incarnation) return remind(message.node, message.from, false);
  if (suspicions_.contains(message.node)) {
    if (suspicions_.confirm(message.node, message.from)) news_.put(message.node, message);
    return;
  }
  if (entry->state != MemberState::kAlive) return;
  if (is_own(message.node)) {
    refute(now, message.incarnation, message.from, false);
    return;
  }
  ++counters_.suspicions;
  peers_changed_ = peers_changed_ || entry->incarnation != message.incarnation;
  entry->incarnation = message.incarnation;
  set_state(now, *entry, MemberState::kSuspect);
  if (!leaving_) suspicions_.start(now, message.node, message.from, suspicion_times(settings_, table_.size()));
  news_.put(message.node, message);
}

// gossip spec 7.5
void Membership::dead(SteadyPoint now, const Dead& message) {
  auto* entry = table_.find(message.node);
  if (entry == nullptr) return;
  if (message.incarnation < entry->incarnation) return remind(message.node, message.from, true);
  suspicions_.cancel(message.node);
  if (!entry->live()) return;
  if (is_own(message.node) && !leaving_) {
    refute(now, message.incarnation, message.from, true);
    return;
  }
  entry->incarnation = message.incarnation;
  const auto left = message.node == message.from;
  peers_changed_ = true;
  set_state(now, *entry, left ? MemberState::kLeft : MemberState::kDead);
  news_.put(message.node, message);
}

std::optional<std::string> Membership::merge(SteadyPoint now, const PushPull& state) {
  if (state.entries.size() > kMostEntries) return "more members than a cluster has: " + std::to_string(state.entries.size());
  VersionCheck check;
  for (const auto& [name, entry] : table_.entries()) check.add(name, entry.versions, entry.state == MemberState::kAlive);
  for (const auto& entry : state.entries) check.add(entry.name, entry.versions, entry.state == MemberState::kAlive);
  if (auto fault = check.fault()) {
    ++counters_.bad_versions;
    return fault;
  }
  // gossip spec 5: a rumoured death is verified by suspicion, never believed at once; a leave is.
  for (const auto& entry : state.entries) {
    switch (entry.state) {
      case MemberState::kAlive:
        alive(now, Alive{entry.incarnation, entry.name, entry.address, entry.port, entry.meta, entry.versions});
        break;
      case MemberState::kSuspect:
      case MemberState::kDead:
        if (credible(now, entry.name, own_name_, entry.incarnation))
          suspect(now, Suspect{entry.incarnation, entry.name, own_name_});
        break;
      case MemberState::kLeft:
        if (credible(now, entry.name, entry.name, entry.incarnation))
          dead(now, Dead{entry.incarnation, entry.name, entry.name});
        break;
    }
  }
  ++counters_.exchanges;
  return std::nullopt;
}

void Membership::on_time(SteadyPoint now) {
  while (const auto name = suspicions_.take_due(now)) {
    const auto* entry = table_.find(*name);
    METALLB_CONTRACT(entry != nullptr && entry->state == MemberState::kSuspect, "a suspicion ends with its suspect");
    log_.info({{"op", "memberlist"}, {"msg", "suspect did not answer in time: declared dead"}, {"node", *name}});
    dead(now, Dead{entry->incarnation, *name, own_name_});
    changes_.back().timed_out = true;
  }
}

std::vector<PushPullEntry> Membership::state() const {
  std::vector<PushPullEntry> rows;
  rows.reserve(table_.size());
  for (const auto& [name, entry] : table_.entries()) {
    rows.push_back({name, entry.address, entry.endpoint.port, entry.incarnation, entry.meta, entry.state, entry.versions});
  }
  return rows;
}

/// Where a member can be reached; nothing when it cannot.
std::optional<Endpoint> Membership::destination(SteadyPoint now, const std::string& node, const WireAddress& address,
                                                std::uint16_t port) {
  const auto usable = to_ip_address(address);
  if (!usable || !is_host(*usable)) {
    ++counters_.bad_addresses;
    if (const auto again = quiet_.turn(now, "address " + node)) {
      log_.warn({{"op", "memberlist"},
                 {"msg", "member ignored: its address is no address of one host"},
                 {"node", node},
                 {"repeated", *again}});
    }
    return std::nullopt;
  }
  // gossip spec 5: all members of a cluster use one port.
  return Endpoint{*usable, port == 0 ? own_.port : port};
}

bool Membership::named_well(SteadyPoint now, const std::string& name) {
  if (named_well(name)) return true;
  ++counters_.bad_names;
  if (const auto again = quiet_.turn(now, "names")) {
    log_.warn(
        {{"op", "memberlist"}, {"msg", "message ignored: a name is empty or longer than 253 bytes"}, {"repeated", *again}});
  }
  return false;
}

/// deviation: an accusation with the greatest incarnation is not believed, because the accused could not refute it. What
/// this node finds out by itself holds with any.
bool Membership::credible(SteadyPoint now, const std::string& node, const std::string& from, std::uint32_t incarnation) {
  if (!named_well(now, node) || (!from.empty() && !named_well(now, from))) return false;
  if (incarnation < kGreatestIncarnation) return true;
  ++counters_.bad_incarnations;
  return false;
}

// gossip spec 7.6
void Membership::refute(SteadyPoint now, std::uint32_t accused, const std::string& accuser, bool dead) {
  auto& own = *table_.find(own_name_);
  const auto above = [](std::uint32_t incarnation) {
    return incarnation == kGreatestIncarnation ? incarnation : incarnation + 1;
  };
  own.incarnation = std::max(above(own.incarnation), above(accused));
  awareness_.add(1);
  ++counters_.refutations;
  if (const auto again = quiet_.turn(now, "refutation")) {
    log_.warn({{"op", "memberlist"},
               {"msg", "refuting what is said about this node"},
               {"from", accuser},
               {"said", dead ? "dead" : (accuser.empty() ? "other data" : "suspect")},
               {"incarnation", own.incarnation},
               {"repeated", *again}});
  }
  news_.put(own_name_, own_alive());
  note(accuser, dead);
}

/// An accusation of an incarnation that was refuted before: whoever still sends it has not heard of that.
void Membership::remind(const std::string& node, const std::string& accuser, bool dead) {
  if (is_own(node) && !leaving_ && named_well(accuser)) note(accuser, dead);
}

void Membership::note(const std::string& accuser, bool dead) {
  // A rumour that a push/pull brought says that this node was dead, or is about to be, and not to whom.
  const auto everywhere = dead || is_own(accuser);
  // What is worse stays: the answer to it goes to more members.
  refutation_ = Refutation{own_alive(), accuser, everywhere || (refutation_ && refutation_->dead)};
}

void Membership::set_state(SteadyPoint now, Entry& entry, MemberState state, bool moved, bool meta_changed) {
  Change change{entry.name, entry.endpoint, entry.state, state, moved, meta_changed, now - entry.since};
  table_.set_state(now, entry, state);
  if (change.before != change.after || moved || meta_changed) changes_.push_back(std::move(change));
}

Alive Membership::own_alive() const {
  const auto& own = own_entry();
  return Alive{own.incarnation, own.name, own.address, own.endpoint.port, own.meta, own.versions};
}

const Entry& Membership::own_entry() const {
  const auto* entry = table_.find(own_name_);
  METALLB_CONTRACT(entry != nullptr, "this node is a member from its start");
  return *entry;
}

}  // namespace metallb::gossip
