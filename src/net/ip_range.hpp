// Prefixes (CIDRs) and inclusive ranges of addresses.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/ip_address.hpp"

namespace metallb {

/// A network in CIDR notation; host bits are always zero.
class IpPrefix {
 public:
  IpPrefix() = default;
  /// Masks the host bits of `address`. `length` is 0..32 or 0..128 by family.
  IpPrefix(const IpAddress& address, int length);
  /// "address/length": no blanks, no sign, length within the family's range; leading zeros in the length are accepted.
  [[nodiscard]] static std::optional<IpPrefix> parse(std::string_view text);

  [[nodiscard]] const IpAddress& network() const { return network_; }
  [[nodiscard]] int length() const { return length_; }
  [[nodiscard]] IpFamily family() const { return network_.family(); }
  [[nodiscard]] IpAddress first() const { return network_; }
  [[nodiscard]] IpAddress last() const;
  [[nodiscard]] bool contains(const IpAddress& address) const;
  [[nodiscard]] bool overlaps(const IpPrefix& other) const;
  [[nodiscard]] std::string to_string() const;

  friend auto operator<=>(const IpPrefix&, const IpPrefix&) = default;
  friend bool operator==(const IpPrefix&, const IpPrefix&) = default;

 private:
  IpAddress network_;
  int length_ = 0;
};

/// An inclusive range within one family, first <= last.
struct IpRange {
  IpAddress first;
  IpAddress last;

  [[nodiscard]] IpFamily family() const { return first.family(); }
  [[nodiscard]] bool contains(const IpAddress& address) const {
    return address.family() == first.family() && first <= address && address <= last;
  }
  /// The minimal ascending list of prefixes that covers exactly this range.
  [[nodiscard]] std::vector<IpPrefix> prefixes() const;

  friend auto operator<=>(const IpRange&, const IpRange&) = default;
  friend bool operator==(const IpRange&, const IpRange&) = default;
};

}  // namespace metallb
