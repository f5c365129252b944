// Holds back log lines that repeat, so that one neighbour that goes wrong does not fill the log: one line per source and
// minute, with the number of those held back.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/time.hpp"

namespace metallb::gossip {

class QuietLog {
 public:
  /// How often the line about `source` was held back since it was last written; nothing when it is held back now. Sources
  /// beyond kMostSources share one line, since whoever forges packets chooses their source.
  std::optional<std::int64_t> turn(SteadyPoint now, const std::string& source);

  static constexpr Duration kInterval = std::chrono::minutes(1);
  static constexpr std::size_t kMostSources = 1024;

 private:
  struct Line {
    SteadyPoint written;
    std::int64_t held_back = 0;
  };
  void forget_old(SteadyPoint now);
  std::map<std::string, Line> lines_;
  SteadyPoint forgot_ = SteadyPoint::min();
};

}  // namespace metallb::gossip
