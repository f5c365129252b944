// A map of bounded size that forgets what was used longest ago.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace metallb::kube {

template <class Value>
class LruMap {
 public:
  /// `capacity` > 0.
  explicit LruMap(std::size_t capacity) : capacity_(capacity) {}
  // The index points into the entries, which a move keeps in place and a copy would not.
  LruMap(const LruMap&) = delete;
  LruMap& operator=(const LruMap&) = delete;
  LruMap(LruMap&&) = default;
  LruMap& operator=(LruMap&&) = default;
  ~LruMap() = default;

  /// Null when unknown; else it counts as used now.
  Value* find(const std::string& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->second;
  }

  /// What is known of `key`, or `fresh` newly put in. Valid until the next call.
  Value& find_or_insert(const std::string& key, Value fresh) {
    if (auto* known = find(key)) return *known;
    if (entries_.size() >= capacity_) {
      index_.erase(entries_.back().first);
      entries_.pop_back();
    }
    entries_.emplace_front(key, std::move(fresh));
    index_.emplace(entries_.front().first, entries_.begin());
    return entries_.front().second;
  }

  void erase(const std::string& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return;
    const auto entry = found->second;
    index_.erase(found);
    entries_.erase(entry);
  }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  using Entries = std::list<std::pair<std::string, Value>>;
  std::size_t capacity_;
  Entries entries_;                                                         ///< used last first
  std::unordered_map<std::string_view, typename Entries::iterator> index_;  ///< views into entries_
};

}  // namespace metallb::kube
