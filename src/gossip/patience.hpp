// More patience with members that were declared dead and were not (failover spec 3, rule 8).
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/time.hpp"

namespace metallb::gossip {

class Patience {
 public:
  /// `lasting`: how long a refutation is remembered.
  explicit Patience(Duration lasting) : lasting_(lasting) {}

  void refuted(SteadyPoint now, const std::string& name);
  /// By how much a burst is longer than usual: 1, or a power of two up to 16.
  [[nodiscard]] std::size_t factor(SteadyPoint now, const std::string& name) const;
  [[nodiscard]] std::size_t remembered() const { return entries_.size(); }

  static constexpr std::size_t kGreatest = 16;
  /// Beyond it the oldest is forgotten.
  static constexpr std::size_t kMostRemembered = 4096;

 private:
  struct Entry {
    std::size_t factor = 1;
    SteadyPoint until;
  };
  Duration lasting_;
  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::pair<SteadyPoint, std::string>> by_end_;  ///< with the outdated ends of those refuted again
};

}  // namespace metallb::gossip
