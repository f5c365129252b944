#include "peering/path_watch.hpp"

#include <utility>

namespace metallb::peering {

void PathWatch::want(const std::optional<bfd::SessionKey>& key, const bfd::Parameters& parameters, Output& out) {
  if (key == path_ && (!key || parameters == parameters_)) return;
  if (path_ && key != path_) forget(out);
  if (!key) {
    // Nobody is left who could say that the path is back.
    if (session_waits_) tell(true, out);
    return;
  }
  path_ = key;
  parameters_ = parameters;
  problem_.clear();
  out.emplace_back(bfd::Watch{client_, *key, parameters});
}

void PathWatch::forget(Output& out) {
  out.emplace_back(bfd::Unwatch{client_, *path_});
  path_.reset();
  state_ = bfd::State::kDown;
  seen_.reset();
  failures_ = 0;
  problem_.clear();
}

void PathWatch::changed(const bfd::StateChanged& change, Output& out) {
  if (change.key != path_) return;
  // The count tells also what happened between two reports. The first report has nothing to compare it with: of a path that
  // others watch, failures of before this peer came are not its business.
  const bool failed = seen_
                          ? change.failures > *seen_
                          : change.from == bfd::State::kUp && change.to != bfd::State::kUp && bfd::is_failure(change.reason);
  if (failed) {
    failures_ += seen_ ? change.failures - *seen_ : 1;
    const bool told = !link_up_ && session_waits_;
    if (!told) tell(false, out);
  }
  const bool was_up = state_ == bfd::State::kUp;
  seen_ = change.failures;
  state_ = change.to;
  problem_.clear();
  // With every Watch the state is reported again, which is no news.
  if (change.to == bfd::State::kUp && (!was_up || session_waits_)) tell(true, out);
}

void PathWatch::link(bool up, Output& out) {
  if (std::exchange(link_up_, up) == up || state_ != bfd::State::kUp) return;
  // BFD counts it when it misses the packets. Of a link that is back before that it will say nothing more.
  tell(up, out);
}

bool PathWatch::refused(const bfd::Refused& refusal) {
  if (refusal.key != path_) return false;
  problem_ = refusal.problem;
  return true;
}

void PathWatch::tell(bool up, Output& out) {
  session_waits_ = !up;
  out.emplace_back(bgp::PeerLiveness{peer_, up});
}

}  // namespace metallb::peering
