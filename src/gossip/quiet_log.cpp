#include "gossip/quiet_log.hpp"

#include <map>
#include <tuple>
#include <utility>

namespace metallb::gossip {
namespace {

/// Of all sources that found no place; no address or name is empty.
const std::string kOthers;

}  // namespace

std::optional<std::int64_t> QuietLog::turn(SteadyPoint now, const std::string& source) {
  auto line = lines_.find(source);
  if (line == lines_.end()) {
    if (lines_.size() >= kMostSources) forget_old(now);
    const auto full = lines_.size() >= kMostSources;
    bool added = false;
    std::tie(line, added) = lines_.try_emplace(full ? kOthers : source, Line{now});
    if (added) return 0;
  }
  auto& [written, held_back] = line->second;
  if (now - written < kInterval) {
    ++held_back;
    return std::nullopt;
  }
  written = now;
  return std::exchange(held_back, 0);
}

/// At most once a second, so that a flood of new sources does not cost a walk per packet.
void QuietLog::forget_old(SteadyPoint now) {
  if (forgot_ != SteadyPoint::min() && now - forgot_ < std::chrono::seconds(1)) return;
  forgot_ = now;
  std::erase_if(lines_, [now](const auto& entry) { return now - entry.second.written >= kInterval; });
}

}  // namespace metallb::gossip
