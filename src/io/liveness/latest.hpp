// The latest state of something on its way to another thread: what the reader was too slow for is skipped. Any thread.
#pragma once

#include <mutex>
#include <optional>
#include <utility>

namespace metallb::io {

template <class T>
class Latest {
 public:
  /// True when the place was empty: the reader has to be woken.
  [[nodiscard]] bool put(T value) {
    const std::lock_guard lock(mutex_);
    const bool was_empty = !value_;
    value_ = std::move(value);
    return was_empty;
  }
  [[nodiscard]] std::optional<T> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(value_, std::nullopt);
  }

 private:
  std::mutex mutex_;
  std::optional<T> value_;
};

}  // namespace metallb::io
