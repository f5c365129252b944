#include "bgp/refresh_requests.hpp"

#include <algorithm>
#include <utility>

namespace metallb::bgp {

void RefreshRequests::begin(const std::vector<Family>& families) {
  rows_.clear();
  for (const auto& family : families) rows_.push_back({.family = family});
}

void RefreshRequests::ask(const Family& family) {
  for (auto& row : rows_) row.asked |= row.family == family;
}

void RefreshRequests::pass_on(SteadyPoint now, AdjRibOut& rib) {
  for (auto& row : rows_) {
    if (!row.asked || row.running || now < row.not_before) continue;
    row.asked = false;
    row.running = true;
    rib.refresh(row.family);
  }
}

void RefreshRequests::note_ends(SteadyPoint now, const AdjRibOut& rib) {
  for (auto& row : rows_) {
    if (!row.running || rib.refreshing(row.family)) continue;
    row.running = false;
    row.not_before = now + kRefreshPause;
  }
}

SteadyPoint RefreshRequests::next_deadline() const {
  auto deadline = kIdle;
  for (const auto& row : rows_) {
    if (row.asked && !row.running) deadline = std::min(deadline, row.not_before);
  }
  return deadline;
}

}  // namespace metallb::bgp
