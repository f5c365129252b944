// Which protocol versions fit together (gossip spec 3.4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gossip/message.hpp"

namespace metallb::gossip {

inline constexpr std::size_t kVersionBytes = 6;
/// So much of a member's name stands in a fault: names of a table from elsewhere may have any length.
inline constexpr std::size_t kLongestVersionedName = 253;

/// Whether an alive message with these may be believed: fewer than three bytes say nothing.
[[nodiscard]] bool sane(const Versions& versions);

/// Whether the members of two tables can all talk with each other. Told of every entry of both, in any order.
class VersionCheck {
 public:
  /// `alive`: its range counts; the version that it speaks counts in any state.
  void add(std::string_view name, const Versions& versions, bool alive);
  /// What is wrong, naming the member.
  [[nodiscard]] std::optional<std::string> fault() const;

 private:
  /// Of the protocol, and of the delegate.
  struct Range {
    std::uint8_t low = 0;
    std::uint8_t high = 255;
    std::uint8_t lowest_spoken = 255;
    std::uint8_t highest_spoken = 0;
    std::string lowest_name;
    std::string highest_name;
    void add(std::string_view name, std::uint8_t minimum, std::uint8_t maximum, std::uint8_t spoken, bool alive);
    [[nodiscard]] std::optional<std::string> fault(std::string_view what) const;
  };
  bool any_ = false;
  Range protocol_;
  Range delegate_;
};

}  // namespace metallb::gossip
