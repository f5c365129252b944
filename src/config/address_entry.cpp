#include "config/address_entry.hpp"

#include "config/problem.hpp"

namespace metallb::config {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n\v\f\r";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string cidr_remedy(std::string_view text) {
  if (const auto address = IpAddress::parse(trimmed(text))) {
    const auto plain = address->to_string();
    return "a single address is written " + plain + (address->is_v4() ? "/32" : "/128") + " or " + plain + "-" + plain;
  }
  if (const auto inner = trimmed(text); inner.size() != text.size() && IpPrefix::parse(inner)) {
    return "remove the blanks around it: " + std::string(inner);
  }
  return "write address/length as in 192.0.2.0/24 or 2001:db8::/64, or start-end as in 192.0.2.10-192.0.2.20";
}

std::string end_remedy() {
  return "write two addresses joined by one dash, as in 192.0.2.10-192.0.2.20, without zone and without leading zeros";
}

}  // namespace

std::expected<std::vector<IpPrefix>, AddressEntryError> parse_address_entry(std::string_view text) {
  const std::string whole(text);
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) {
    const auto prefix = IpPrefix::parse(text);
    if (!prefix) return std::unexpected(AddressEntryError{"invalid CIDR " + quoted(whole), cidr_remedy(text)});
    return std::vector{*prefix};
  }
  const auto start = IpAddress::parse(trimmed(text.substr(0, dash)));
  if (!start) {
    return std::unexpected(AddressEntryError{
        "invalid IP range " + quoted(whole) + ": invalid start IP " + quoted(std::string(text.substr(0, dash))),
        end_remedy()});
  }
  const auto end = IpAddress::parse(trimmed(text.substr(dash + 1)));
  if (!end) {
    return std::unexpected(AddressEntryError{
        "invalid IP range " + quoted(whole) + ": invalid end IP " + quoted(std::string(text.substr(dash + 1))),
        end_remedy()});
  }
  if (start->family() != end->family()) {
    // deviation: the original takes such a range for an empty one (controller spec 8.1).
    return std::unexpected(
        AddressEntryError{"invalid IP range " + quoted(whole) + ": start and end are of different families",
                          "give the IPv4 and the IPv6 addresses an entry each"});
  }
  if (*end < *start) {
    return std::unexpected(AddressEntryError{"invalid IP range " + quoted(whole) + ": start IP " +
                                                 quoted(start->to_string()) + " is after the end IP " +
                                                 quoted(end->to_string()),
                                             "swap them: " + end->to_string() + "-" + start->to_string()});
  }
  return IpRange{*start, *end}.prefixes();
}

}  // namespace metallb::config
