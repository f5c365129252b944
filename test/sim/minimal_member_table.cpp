// The minimal member's table: who is alive, suspected, dead or gone, and what it says of itself.
#include <algorithm>
#include <cmath>

#include "sim/minimal_member.hpp"

namespace metallb::sim {
namespace {

using gossip::MemberState;

}  // namespace

// ---- the member table (gossip spec 7) ----

void MinimalMember::alive(const gossip::Alive& message, gossip::Output& out) {
  const bool own = message.node == options_.node_name;
  if (own && leaving_until_) return;
  const auto [found, added] = table_.try_emplace(
      message.node, Row{.address = message.address, .port = message.port, .state = MemberState::kDead, .since = now_});
  auto& row = found->second;
  if (own) {
    if (added) {
      row.state = MemberState::kAlive;
      row.incarnation = message.incarnation;
      spread(message.node, message);
      note(message.node, out);
    } else if (message.incarnation > row.incarnation ||
               (message.incarnation == row.incarnation && message.address != row.address)) {
      refute(message.incarnation);
    }
    return;
  }
  const bool moved = row.address != message.address || row.port != message.port;
  if (moved && row.state != MemberState::kLeft) return;
  if (!moved && message.incarnation <= row.incarnation) return;
  row.address = message.address;
  row.port = message.port;
  row.incarnation = message.incarnation;
  row.accusers.clear();
  if (row.state != MemberState::kAlive) {
    row.state = MemberState::kAlive;
    row.since = now_;
    note(message.node, out);
  }
  spread(message.node, message);
}

void MinimalMember::suspect(const gossip::Suspect& message, gossip::Output& out) {
  const auto found = table_.find(message.node);
  if (found == table_.end() || message.incarnation < found->second.incarnation) return;
  auto& row = found->second;
  if (row.state == MemberState::kSuspect) {
    if (std::ranges::find(row.accusers, message.from) == row.accusers.end() && row.accusers.size() < 3) {
      row.accusers.push_back(message.from);
      spread(message.node, message);
    }
    return;
  }
  if (row.state != MemberState::kAlive) return;
  if (message.node == options_.node_name) return refute(message.incarnation);
  row.state = MemberState::kSuspect;
  row.incarnation = message.incarnation;
  row.since = now_;
  row.accusers = {message.from};
  spread(message.node, message);
  note(message.node, out);
}

void MinimalMember::dead(const gossip::Dead& message, gossip::Output& out) {
  const auto found = table_.find(message.node);
  if (found == table_.end() || message.incarnation < found->second.incarnation || !is_live(found->second.state)) return;
  auto& row = found->second;
  if (message.node == options_.node_name && !leaving_until_) return refute(message.incarnation);
  row.state = message.node == message.from ? MemberState::kLeft : MemberState::kDead;
  row.incarnation = message.incarnation;
  row.since = now_;
  row.accusers.clear();
  spread(message.node, message);
  note(message.node, out);
}

void MinimalMember::refute(std::uint32_t accused) {
  auto& row = table_.at(options_.node_name);
  row.incarnation = std::max(row.incarnation + 1, accused + 1);
  spread(options_.node_name, gossip::Alive{.incarnation = row.incarnation,
                                           .node = options_.node_name,
                                           .address = row.address,
                                           .port = row.port,
                                           .meta = std::nullopt,
                                           .versions = own_versions()});
}

/// Gossip spec 7.4.
Duration MinimalMember::suspicion_time(const Row& row) const {
  const auto& settings = options_.settings;
  const auto n = static_cast<double>(table_.size());
  const double scale = std::max(1.0, std::log10(std::max(1.0, n)));
  const double least = static_cast<double>(settings.suspicion_mult) * std::floor(scale * 1000) *
                       static_cast<double>(settings.probe_interval.count()) / 1000;
  const double most = static_cast<double>(settings.suspicion_max_timeout_mult) * least;
  auto wanted = static_cast<double>(settings.suspicion_mult - 2);
  if (n - 2 < wanted) wanted = 0;
  const auto confirmed = std::min(wanted, static_cast<double>(row.accusers.size()) - 1);
  double total = least;
  if (wanted > 0) total = std::max(least, most - std::log(confirmed + 1) / std::log(wanted + 1) * (most - least));
  return Duration(static_cast<Duration::rep>(total));
}

void MinimalMember::look_at_suspicions(gossip::Output& out) {
  std::vector<gossip::Dead> verdicts;
  for (const auto& [name, row] : table_) {
    if (row.state == MemberState::kSuspect && now_ >= row.since + suspicion_time(row)) {
      verdicts.push_back({.incarnation = row.incarnation, .node = name, .from = options_.node_name});
    }
  }
  for (const auto& verdict : verdicts) dead(verdict, out);
}

}  // namespace metallb::sim
