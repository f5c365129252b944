#include "speaker/peer_discovery.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "speaker/nodes.hpp"

namespace metallb::speaker {
namespace {

/// So that the speakers of a cluster do not all ask the API server at once.
constexpr double kJitter = 0.1;

/// Of the own family where the pod has one, since only that can be reached from the bound address. The original takes
/// status.podIP in any case.
std::optional<IpAddress> address_of(const kube::Pod& pod, IpFamily family) {
  for (const auto& entry : pod.status.podIPs) {
    const auto address = IpAddress::parse(entry.ip);
    if (address && address->family() == family) return address;
  }
  return IpAddress::parse(pod.status.podIP);
}

}  // namespace

void PeerDiscovery::on_input(Now now, const DiscoveryInput& in, Output& out) {
  std::visit([&](const auto& input) { take(now.steady, input, out); }, in);
  if (join_wanted_) join(out);
}

void PeerDiscovery::on_time(Now now, Output& out) {
  if (!listing_ && now.steady >= list_at_) list(out);
  if (now.steady >= join_at_) {
    join_at_ = now.steady + (strangers().empty() ? kJoinInterval : rejoin_.next());
    join_wanted_ = true;
  }
  if (now.steady >= hold_until_) end_hold(out);
  if (join_wanted_) join(out);
}

SteadyPoint PeerDiscovery::next_deadline() const {
  return std::min({listing_ ? kIdle : list_at_, join_at_, hold_until_});
}

void PeerDiscovery::take(SteadyPoint now, const PodsListed& listed, Output& out) {
  listing_ = false;
  api_is_there(now);
  if (!listed.pods) {
    list_at_ = now + random_.jittered(relist_.next(), kJitter);
    log_.error({{"op", "memberDiscovery"},
                {"error", listed.pods.error()},
                {"msg", pods_ ? "cannot list the pods of the speakers, keeping the last list"
                              : "cannot list the pods of the speakers, trying again"}});
    return;
  }
  std::set<IpAddress> pods;
  bool complete = true;
  for (const auto& pod : *listed.pods) {
    const auto address = address_of(pod, own_.family());
    if (!address) {
      complete = false;  // it is about to start
    } else if (*address != own_) {
      pods.insert(*address);
    }
  }
  if (pods_ != pods) relist_.reset();
  pods_ = std::move(pods);
  if (!strangers().empty()) {
    complete = false;
    join_wanted_ = true;
  }
  if (complete) relist_.reset();
  list_at_ = now + random_.jittered(complete ? kListInterval : relist_.next(), kJitter);
  if (join_at_ == kIdle) join_at_ = now + kJoinInterval;
  if (knows_most()) end_hold(out);
}

void PeerDiscovery::take(SteadyPoint now, const kube::Change<kube::Node>& change, Output& /*out*/) {
  const auto* upserted = std::get_if<kube::Upserted<kube::Node>>(&change);
  if (upserted == nullptr || upserted->object->metadata.name != node_name_) return;
  api_is_there(now);
  const auto& node = *upserted->object;
  NodeState state{.labels = node.metadata.labels, .network_unavailable = facts_of(node).network_unavailable};
  if (own_node_ == state) return;
  own_node_ = std::move(state);
  join_wanted_ = true;
}

void PeerDiscovery::take(SteadyPoint now, const gossip::JoinFinished& finished, Output& out) {
  joining_ = false;
  end_hold(out);
  if (finished.expected == 0) return;
  if (finished.joined == finished.expected) {
    log_.info({{"op", "memberDiscovery"}, {"joined", finished.joined}, {"msg", "memberlist join"}});
    return;
  }
  log_.error({{"op", "memberDiscovery"},
              {"joined", finished.joined},
              {"expected", finished.expected},
              {"error", finished.error},
              {"msg", "partial join"}});
  // Perhaps an address is that of a pod which is gone: the next list tells.
  list_at_ = std::min(list_at_, now + random_.jittered(relist_.next(), kJitter));
}

void PeerDiscovery::take(SteadyPoint now, const gossip::MemberSeen& seen, Output& /*out*/) {
  if (seen.state == gossip::MemberState::kAlive || seen.state == gossip::MemberState::kSuspect) {
    members_.insert_or_assign(seen.node, seen.address);
  } else if (members_.erase(seen.node) > 0) {
    rejoin_.reset();
    join_at_ = std::min(join_at_, now + rejoin_.next());
  }
}

void PeerDiscovery::take(SteadyPoint /*now*/, const gossip::ElectorateChanged& changed, Output& out) {
  others_ = changed.members.empty() ? 0 : changed.members.size() - 1;
  if (knows_most()) end_hold(out);
}

/// One exchange tells of everybody, and from then on the others count on this node: to wait for the rest of the join, which
/// may have to wait for pods that are dead, would leave without an answer what they have handed over. But who knows a few
/// may have met others that have just started, too.
bool PeerDiscovery::knows_most() const {
  return others_ > 0 && pods_ && 2 * others_ >= pods_->size();
}

void PeerDiscovery::list(Output& out) {
  listing_ = true;
  out.emplace_back(ListPods{});
}

void PeerDiscovery::join(Output& out) {
  if (joining_ || !pods_) return;  // asked for again when the one has ended, or the other come
  join_wanted_ = false;
  auto addresses = strangers();
  // Nothing to join is silent, but for the first time: then it tells that there is nobody to wait for.
  if (addresses.empty() && first_join_ended_) return;
  joining_ = true;
  out.emplace_back(gossip::Join{std::move(addresses)});
}

void PeerDiscovery::api_is_there(SteadyPoint now) {
  if (!first_join_ended_ && hold_until_ == kIdle) hold_until_ = now + kPatience;
}

void PeerDiscovery::end_hold(Output& out) {
  hold_until_ = kIdle;
  if (!std::exchange(first_join_ended_, true)) out.emplace_back(FirstJoinEnded{});
}

std::vector<IpAddress> PeerDiscovery::strangers() const {
  if (!pods_) return {};
  std::set<IpAddress> members;
  for (const auto& [node, address] : members_) members.insert(address);
  std::vector<IpAddress> out;
  std::ranges::set_difference(*pods_, members, std::back_inserter(out));
  return out;
}

}  // namespace metallb::speaker
