// The latest state of each of many things on its way to another thread, oldest first: what the reader was too slow for is
// skipped, so that it never holds more than one value per key. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace metallb::io {

template <class Key, class Value>
class LatestOfEach {
 public:
  struct Taken {
    std::vector<Value> values;
    bool more = false;  ///< nobody will wake the reader for what is left
  };

  /// Goes behind all others, and replaces an older value of the key. True when it was empty: the reader has to be woken.
  [[nodiscard]] bool put(Key key, Value value) {
    const std::lock_guard lock(mutex_);
    const bool was_empty = values_.empty();
    const auto [place, is_new] = places_.try_emplace(key, next_);
    if (!is_new) {
      values_.erase(place->second);
      place->second = next_;
    }
    values_.emplace(next_++, std::pair(std::move(key), std::move(value)));
    return was_empty;
  }
  /// The oldest `count` at most.
  [[nodiscard]] Taken take(std::size_t count) {
    Taken out;
    const std::lock_guard lock(mutex_);
    while (out.values.size() < count && !values_.empty()) {
      auto oldest = values_.extract(values_.begin());
      places_.erase(oldest.mapped().first);
      out.values.push_back(std::move(oldest.mapped().second));
    }
    out.more = !values_.empty();
    return out;
  }

 private:
  std::mutex mutex_;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, std::pair<Key, Value>> values_;  ///< by age
  std::map<Key, std::uint64_t> places_;
};

}  // namespace metallb::io
