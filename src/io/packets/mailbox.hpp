// Commands on their way from the main thread to the packets thread.
//
// Per (service, address) only the latest command is kept (Reannounce: per address), and before an Announce the Withdraw that
// it followed: together they mean "again", which is announced, while the Announce alone might change nothing. So a packets
// thread that falls behind never makes the sender wait, never loses a state and never grows the queue beyond two commands
// per key. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "layer2/commands.hpp"

namespace metallb::io {

class Mailbox {
 public:
  struct Taken {
    std::vector<layer2::Command> commands;  ///< in the order they were put
    bool more = false;                      ///< the box is not empty: nobody will wake the reader for what is left
  };

  /// True when the box was empty: the reader has to be woken.
  bool put(layer2::Command command) {
    auto key = key_of(command);
    const std::lock_guard lock(mutex_);
    const bool was_empty = commands_.empty();
    auto& places = places_[std::move(key)];
    // The newer state goes behind what was said since, as if the older had never been.
    drop(places.announce);
    if (std::holds_alternative<layer2::Withdraw>(command)) {
      drop(places.withdraw);
      places.withdraw = next_;
    } else {
      places.announce = next_;
    }
    commands_.emplace(next_++, std::move(command));
    return was_empty;
  }

  /// The oldest `count` commands at most.
  [[nodiscard]] Taken take(std::size_t count) {
    Taken out;
    const std::lock_guard lock(mutex_);
    while (out.commands.size() < count && !commands_.empty()) {
      auto oldest = commands_.extract(commands_.begin());
      forget_place(oldest.mapped());
      out.commands.push_back(std::move(oldest.mapped()));
    }
    out.more = !commands_.empty();
    return out;
  }

 private:
  using Key = std::pair<ServiceKey, IpAddress>;
  struct Places {
    std::optional<std::uint64_t> withdraw;
    std::optional<std::uint64_t> announce;  ///< behind `withdraw`; or a Reannounce, which no Service has
  };

  static Key key_of(const layer2::Command& command) {
    return std::visit(
        [](const auto& c) {
          if constexpr (requires { c.service; }) {
            return Key(c.service, c.address);
          } else {
            return Key(ServiceKey{}, c.address);
          }
        },
        command);
  }

  void drop(std::optional<std::uint64_t>& place) {
    if (place) commands_.erase(*place);
    place.reset();
  }

  void forget_place(const layer2::Command& command) {
    const auto places = places_.find(key_of(command));
    (std::holds_alternative<layer2::Withdraw>(command) ? places->second.withdraw : places->second.announce).reset();
    if (!places->second.withdraw && !places->second.announce) places_.erase(places);
  }

  std::mutex mutex_;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, layer2::Command> commands_;  ///< by age
  std::map<Key, Places> places_;
};

}  // namespace metallb::io
