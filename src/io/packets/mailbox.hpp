// Commands on their way from the main thread to the packets thread.
//
// Only the latest command per (service, address) is kept, so a packets thread that falls behind never makes the sender wait,
// never loses a state and never grows the queue beyond the number of keys. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <utility>
#include <variant>
#include <vector>

#include "layer2/commands.hpp"

namespace metallb::io {

class Mailbox {
 public:
  /// True when the box was empty: the reader has to be woken.
  bool put(layer2::Command command) {
    auto key = std::visit([](const auto& c) { return Key(c.service, c.address); }, command);
    const std::lock_guard lock(mutex_);
    const bool was_empty = commands_.empty();
    const auto [place, fresh] = places_.try_emplace(std::move(key), next_);
    if (!fresh) {
      // The newer state goes behind what was said since, as if the older had never been.
      commands_.erase(place->second);
      place->second = next_;
    }
    commands_.emplace(next_++, std::move(command));
    return was_empty;
  }

  /// The oldest `count` commands at most, in the order they were put.
  [[nodiscard]] std::vector<layer2::Command> take(std::size_t count) {
    std::vector<layer2::Command> out;
    const std::lock_guard lock(mutex_);
    while (out.size() < count && !commands_.empty()) {
      auto oldest = commands_.extract(commands_.begin());
      places_.erase(std::visit([](const auto& c) { return Key(c.service, c.address); }, oldest.mapped()));
      out.push_back(std::move(oldest.mapped()));
    }
    return out;
  }

  [[nodiscard]] bool empty() const {
    const std::lock_guard lock(mutex_);
    return commands_.empty();
  }

 private:
  using Key = std::pair<ServiceKey, IpAddress>;
  mutable std::mutex mutex_;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, layer2::Command> commands_;  ///< by age
  std::map<Key, std::uint64_t> places_;
};

}  // namespace metallb::io
