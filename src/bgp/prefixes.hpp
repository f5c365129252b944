// Prefixes as they lie in UPDATE messages (RFC 4271, Section 4.3): the length in bits, then as many bytes as it takes.
#pragma once

#include "base/bytes.hpp"
#include "bgp/names.hpp"
#include "net/ip_range.hpp"

namespace metallb::bgp {

/// Unicast of IPv4 or IPv6: the only routes that we can read.
[[nodiscard]] constexpr bool is_known(const Family& family) {
  return family == kIpv4Unicast || family == kIpv6Unicast;
}

[[nodiscard]] constexpr std::size_t wire_size(const IpPrefix& prefix) {
  return 1 + (static_cast<std::size_t>(prefix.length()) + 7) / 8;
}

/// Bits behind the prefix's end are written as zero.
inline void write_prefix(const IpPrefix& prefix, Bytes& out) {
  out.push_back(static_cast<std::uint8_t>(prefix.length()));
  const auto number = prefix.network().number();
  auto shift = address_bits(prefix.family());
  for (auto left = prefix.length(); left > 0; left -= 8) out.push_back(static_cast<std::uint8_t>(number >> (shift -= 8)));
}

/// Calls `sink` with each prefix; false when the bytes are no list of prefixes of the family. Bits behind a prefix's end are
/// ignored, as RFC 4271 has it.
template <class Sink>
[[nodiscard]] bool read_prefixes(ByteView bytes, IpFamily family, Sink&& sink) {
  ByteReader in(bytes);
  const auto bits = address_bits(family);
  while (in.remaining() > 0) {
    const int length = in.u8();
    if (length > bits) return false;
    Uint128 number = 0;
    for (const auto byte : in.take((static_cast<std::size_t>(length) + 7) / 8)) number = (number << 8) | byte;
    if (!in.ok()) return false;
    if (length > 0) number <<= bits - (length + 7) / 8 * 8;
    sink(IpPrefix(IpAddress::from_number(family, number), length));
  }
  return true;
}

}  // namespace metallb::bgp
