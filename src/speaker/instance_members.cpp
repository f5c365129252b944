// The part of the speaker's core that is in a hurry: members that come and go, and members and strangers that announce what
// this node announces (failover spec 4 and 6).
#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "kube/event_note.hpp"
#include "speaker/instance.hpp"

namespace metallb::speaker {
namespace {

constexpr const char* kAddressConflict = "AddressConflict";

std::set<std::string> without(const std::optional<std::set<std::string>>& all,
                              const std::optional<std::set<std::string>>& some) {
  std::set<std::string> out;
  if (!all || !some) return out;
  std::ranges::set_difference(*all, *some, std::inserter(out, out.end()));
  return out;
}

}  // namespace

Hold Instance::hold() const {
  if (!members_.hold_takeovers) return Hold::kNone;
  return joined_ ? Hold::kAlone : Hold::kFirstJoin;
}

bool Instance::counts(const std::string& node) const {
  return !members_.members || members_.members->contains(node);
}

Standing Instance::standing_of(SteadyPoint now, const ServiceKey& key) {
  Standing standing{
      .announced = announcements_.find(key) != nullptr, .hold = hold(), .stopping = stopping_, .yielded_to = std::nullopt};
  const auto other = conflicts_.yielded_to(now, key);
  // Once the other one is a candidate the election decides. Nor is the Service left to it when it comes first no more.
  if (other && !counts(*other) && first_of(key, *other) == *other) standing.yielded_to = other;
  return standing;
}

/// Puts in front what the change of members makes change hands; the pass over all Services comes after.
void Instance::hurry(const MembersChanged& before) {
  const auto& members = members_.members;
  const auto gone = without(before.members, members);
  const auto come = without(members, before.members);
  const bool returned = std::ranges::any_of(come, [this](const auto& name) { return departed_.contains(name); });
  for (const auto& name : gone) {
    // Members' names come from the network; those of Nodes are bounded.
    if (nodes_.contains(name) && !members_.left.contains(name)) departed_.insert(name);
  }
  for (const auto& name : come) departed_.erase(name);
  if (!ready() || stopping_ || !members) return;

  // Both lists are made anew: what was in them and is not done is found again, or concerns nobody any more.
  const bool was_held = before.hold_takeovers || !inherited_.empty();
  inherited_.clear();
  if (hold() == Hold::kNone && (!gone.empty() || was_held)) {
    inherited_ = owners_.bequeathed_to(options_.node_name, *members);
  }
  if (hold() == Hold::kNone && was_held) {
    for (auto& key : owners_.of(options_.node_name)) {
      if (announcements_.find(key) == nullptr) inherited_.push_back(std::move(key));
    }
  }
  if (come.empty()) return;
  announce_again_ = returned || (announce_again_ && !endangered_.empty());
  endangered_.clear();
  for (const auto& [key, announcement] : announcements_.all()) endangered_.push_back(key);
}

std::optional<std::size_t> Instance::look_at_urgent(SteadyPoint now, Output& out) {
  if (!inherited_.empty()) {
    const auto key = std::move(inherited_.front());
    inherited_.pop_front();
    return reconcile(now, subject_of(key), out);
  }
  if (endangered_.empty()) return std::nullopt;
  const auto key = std::move(endangered_.front());
  endangered_.pop_front();
  const auto weight = reconcile(now, subject_of(key), out);
  // A member that was away may have announced what this node announces, and does not say when it ceases: who believed it
  // must hear from this node again. In the original every change of members announces everything again (layer2 spec 1.2).
  const auto* announcement = announce_again_ ? announcements_.find(key) : nullptr;
  if (announcement != nullptr) {
    for (const auto& address : announcement->addresses) out.emplace_back(layer2::Reannounce{address});
  }
  return weight;
}

void Instance::contest(SteadyPoint now, const layer2::ConflictSeen& seen, Output& out) {
  const auto holders = announcements_.holders(seen.address);
  if (holders.empty()) return;
  if (!seen.node) {
    if (conflicts_.may_report(now, seen.address)) report_stranger(seen, holders, out);
    return;
  }
  if (*seen.node == options_.node_name) return;
  // The successor is heard.
  if (stopping_) return announcements_.give_up(seen.address, Reason::kStopping, out);

  bool defend = false;
  for (const auto& key : holders) {
    if (contest(now, key, seen, out)) defend = true;
  }
  if (!defend || announcements_.holders(seen.address).empty() || !conflicts_.may_defend(now, seen.address)) return;
  out.emplace_back(layer2::Reannounce{seen.address});
  log_.info({{"event", "addressContested"},
             {"ip", seen.address.to_string()},
             {"node", *seen.node},
             {"mac", seen.mac.to_string()},
             {"interface", seen.interface_name},
             {"msg", "another speaker announces an address of this node, which announces it again"}});
}

bool Instance::contest(SteadyPoint now, const ServiceKey& key, const layer2::ConflictSeen& seen, Output& out) {
  const auto& other = *seen.node;
  const auto first = first_of(key, other);
  if (first == options_.node_name) return true;
  if (first.empty() || counts(other)) {
    // The election gives it to the other one, or to nobody: it was about to be looked at.
    reconcile(now, subject_of(key), out);
    return false;
  }
  // The other one comes first, but the membership takes it for dead. Either it is wrong, after a partition; or these are the
  // last words of the former owner. An original that stops, for one, goes on answering.
  if (!seen.announced) return false;
  const bool fresh = now - announcements_.since(key) <= kSettled && !conflicts_.knows(now, key, other);
  if (fresh && !conflicts_.insists(now, seen.address)) return true;
  const auto pause = conflicts_.yield(now, key, other);
  changed_.add_after(now, key, pause);
  reconcile(now, subject_of(key), out);
  return false;
}

/// Which of this node and `other` comes first for the Service if both are alive; empty when neither may announce it.
std::string Instance::first_of(const ServiceKey& key, const std::string& other) {
  const std::optional<std::set<std::string>> both = std::set{options_.node_name, other};
  const auto decision = decide_now(
      subject_of(key), {.nodes = nodes_, .members = both, .ignore_exclude_label = options_.ignore_exclude_lb}, Standing{});
  return decision.order.empty() ? std::string() : decision.order.front();
}

void Instance::report_stranger(const layer2::ConflictSeen& seen, const std::set<ServiceKey>& holders, Output& out) {
  const auto address = seen.address.to_string();
  const auto mac = seen.mac.to_string();
  log_.warn({{"event", "addressConflict"},
             {"ip", address},
             {"mac", mac},
             {"interface", seen.interface_name},
             {"msg", "a device that is not known as a member of the cluster uses an address that this node announces"}});
  for (const auto& key : holders) {
    const auto service = services_.get(key);
    if (!service) continue;
    out.emplace_back(kube::event_note(*service, kube::EventNote::Type::kWarning, kAddressConflict,
                                      "address " + address + " is also used by the device " + mac + " on interface " +
                                          seen.interface_name + " of node \"" + options_.node_name +
                                          "\", which is not known as a speaker's: give that device another address, or "
                                          "take this one out of the pool"));
  }
}

}  // namespace metallb::speaker
