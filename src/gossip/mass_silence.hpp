// Notices that most of the cluster fell silent at once: probably a switch or a partition, not so many deaths (failover
// spec 4).
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/time.hpp"

namespace metallb::gossip {

class MassSilence {
 public:
  /// The member has been found silent, by this node or by another. True when it was not before.
  bool silent(SteadyPoint now, const std::string& name);
  /// It was heard again.
  void heard(const std::string& name);
  /// It is no member any more; that it fell silent is not forgotten by that.
  void removed(SteadyPoint now, const std::string& name);

  [[nodiscard]] bool recent(SteadyPoint now, const std::string& name) const;
  /// Whether more than half of `members` (those removed as silent within the last second come on top), at least three, fell
  /// silent within the last second.
  [[nodiscard]] bool most(SteadyPoint now, std::size_t members);

  static constexpr std::size_t kLeast = 3;
  static constexpr Duration kAtOnce = std::chrono::seconds(1);

 private:
  struct Entry {
    SteadyPoint since;
    bool removed = false;
  };
  void forget(std::map<std::string, Entry>::iterator it);
  void age(SteadyPoint now);

  std::map<std::string, Entry> entries_;
  std::set<std::pair<SteadyPoint, std::string>> recent_;  ///< those within the last second
  std::size_t removed_ = 0;
};

}  // namespace metallb::gossip
