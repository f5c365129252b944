#include "gossip/message.hpp"

#include <algorithm>

namespace metallb::gossip {

std::optional<IpAddress> to_ip_address(const WireAddress& address) {
  if (address.size() == 4) return IpAddress::v4(address[0], address[1], address[2], address[3]);
  if (address.size() != 16) return std::nullopt;
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(kMapped.begin(), kMapped.end(), address.begin())) {
    return IpAddress::v4(address[12], address[13], address[14], address[15]);
  }
  std::array<std::uint8_t, 16> bytes{};
  std::copy(address.begin(), address.end(), bytes.begin());
  return IpAddress::v6(bytes);
}

WireAddress to_wire(const IpAddress& address) {
  return address.bytes();
}

}  // namespace metallb::gossip
