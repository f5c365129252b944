#include "speaker/bgp/session_watch.hpp"

#include <algorithm>
#include <utility>

namespace metallb::speaker {
namespace {

/// What routers send as the reason of an end may differ each time.
constexpr std::size_t kMostCauses = 4;

}  // namespace

void BgpSessionWatch::follow(SteadyPoint now, const BgpSessions& sessions) {
  std::erase_if(entries_, [&](const auto& entry) { return !sessions.all.contains(entry.first); });
  for (const auto& [peer, session] : sessions.all) {
    const auto [at, is_new] = entries_.try_emplace(peer);
    at->second.name = session.name;
    if (is_new) at->second.tell_at = now + kPatience;
  }
}

void BgpSessionWatch::changed(SteadyPoint now, bgp::PeerId peer, bool established, const std::string& problem) {
  const auto at = entries_.find(peer);
  if (at == entries_.end()) return;
  auto& entry = at->second;
  if (established) {
    entry.established = true;
    entry.problem.clear();
    entry.told.clear();
    entry.tell_at = kIdle;
    return;
  }
  if (!problem.empty()) entry.problem = problem;
  const bool lost = std::exchange(entry.established, false);
  const bool news = !entry.told.contains(entry.problem) && entry.told.size() < kMostCauses;
  if (entry.tell_at == kIdle && (lost || news)) entry.tell_at = now + kPatience;
}

std::vector<BgpSessionWatch::Down> BgpSessionWatch::take_due(SteadyPoint now) {
  std::vector<Down> out;
  for (auto& [peer, entry] : entries_) {
    if (entry.tell_at > now) continue;
    entry.tell_at = kIdle;
    if (entry.told.insert(entry.problem).second) out.push_back({entry.name, entry.problem});
  }
  return out;
}

SteadyPoint BgpSessionWatch::next_deadline() const {
  auto deadline = kIdle;
  for (const auto& [peer, entry] : entries_) deadline = std::min(deadline, entry.tell_at);
  return deadline;
}

}  // namespace metallb::speaker
