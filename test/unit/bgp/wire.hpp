// Hexadecimal text as bgp spec 3.8 and 3.9 write it, and short names for the values in the tests.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "bgp/message.hpp"
#include "bgp/message_codec.hpp"
#include "unit/hex.hpp"

namespace metallb::bgp::test {

/// Blanks, line ends and '|' separate; "…" in the specification's vectors is kMarker.
inline Bytes from_hex(std::string_view text) {
  Bytes out;
  int high = -1;
  for (const char c : text) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) continue;
    if (high >= 0) out.push_back(static_cast<std::uint8_t>(high * 16 + digit));
    high = high >= 0 ? -1 : digit;
  }
  return out;
}

using metallb::test::to_hex;

/// The same text without what separates.
inline std::string plain(std::string_view text) {
  return to_hex(from_hex(text));
}

/// A whole message from type and body.
inline Bytes framed(MessageType type, ByteView body) {
  Bytes out;
  begin_message(type, out);
  ByteWriter(out).bytes(body);
  end_message(0, out);
  return out;
}
inline Bytes framed(MessageType type, std::string_view body) {
  return framed(type, from_hex(body));
}
/// A header with any numbers in it, and then the rest.
inline Bytes raw(std::uint16_t length, std::uint8_t type, std::string_view rest = "") {
  Bytes out(16, 0xFF);
  ByteWriter(out).u16(length).u8(type).bytes(from_hex(rest));
  return out;
}

inline IpPrefix prefix(std::string_view text) {
  return IpPrefix::parse(text).value();
}
inline IpAddress address(std::string_view text) {
  return IpAddress::parse(text).value();
}
inline AsPath sequence(std::uint32_t as) {
  return {{AsPathSegment::Kind::kSequence, {Asn(as)}}};
}

}  // namespace metallb::bgp::test
