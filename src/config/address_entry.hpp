// One entry of IPAddressPool spec.addresses (controller spec 4.2, rules P3 to P5).
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "net/ip_range.hpp"

namespace metallb::config {

struct AddressEntryError {
  std::string problem;
  std::string remedy;
};

/// "a.b.c.d/len", "v6/len", or "start-end" with blanks allowed around either end; never a bare address.
/// The prefixes that cover it exactly, ascending. IPv4-mapped text becomes IPv4. A range must lie in one family.
[[nodiscard]] std::expected<std::vector<IpPrefix>, AddressEntryError> parse_address_entry(std::string_view text);

}  // namespace metallb::config
