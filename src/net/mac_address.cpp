#include "net/mac_address.hpp"

#include <charconv>
#include <cstddef>

namespace metallb {

std::optional<MacAddress> MacAddress::parse(std::string_view text) {
  if (text.size() != 17) return std::nullopt;
  std::array<std::uint8_t, 6> bytes{};
  for (std::size_t i = 0; i < 6; ++i) {
    const char* at = text.data() + 3 * i;
    const auto [stop, error] = std::from_chars(at, at + 2, bytes[i], 16);
    if (error != std::errc{} || stop != at + 2 || (i < 5 && at[2] != ':')) return std::nullopt;
  }
  return MacAddress(bytes);
}

MacAddress MacAddress::multicast(const IpAddress& group) {
  const auto b = group.bytes16();
  return MacAddress({0x33, 0x33, b[12], b[13], b[14], b[15]});
}

std::string MacAddress::to_string() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const auto byte : bytes_) {
    if (!out.empty()) out += ':';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 0xF];
  }
  return out;
}

}  // namespace metallb
