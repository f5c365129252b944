#include "bgp/capabilities.hpp"

#include <algorithm>
#include <utility>

namespace metallb::bgp {
namespace {

constexpr std::size_t kNextHopSize = 6;
constexpr std::size_t kMaximumNextHops = 255 / kNextHopSize;
constexpr std::size_t kMaximumEntries = (255 - 2) / 4;

template <class T>
void add_once(std::vector<T>& to, const T& value) {
  if (std::find(to.begin(), to.end(), value) == to.end()) to.push_back(value);
}

Family read_family(ByteReader& in) {
  const auto afi = in.u16();
  return {afi, in.u8()};
}

void read_multiprotocol(ByteReader in, Capabilities& into) {
  const auto afi = in.u16();
  in.skip(1);
  add_once(into.families, Family{afi, in.u8()});
}

void read_next_hops(ByteReader in, Capabilities& into) {
  while (in.remaining() > 0) {
    const auto afi = in.u16();
    const auto safi = in.u16();
    const auto next_hop_afi = in.u16();
    // A SAFI of more than 8 bits names nothing.
    if (safi <= 0xFF) add_once(into.extended_next_hops, {{afi, static_cast<std::uint8_t>(safi)}, next_hop_afi});
  }
}

void read_graceful_restart(ByteReader in, Capabilities& into) {
  const auto head = in.u16();
  GracefulRestart out{(head & 0x8000U) != 0, (head & 0x4000U) != 0, static_cast<std::uint16_t>(head & 0x0FFFU), {}};
  while (in.remaining() > 0) {
    const auto family = read_family(in);
    out.entries.push_back({family, (in.u8() & 0x80U) != 0});
  }
  into.graceful_restart = std::move(out);
}

/// Only for the log: whatever is wrong with it, it is as if it were not there.
void read_fqdn(ByteReader in, Capabilities& into) {
  Fqdn out;
  const auto host = in.take(in.u8());
  out.host.assign(host.begin(), host.end());
  const auto domain = in.take(in.u8());
  out.domain.assign(domain.begin(), domain.end());
  if (in.ok()) into.fqdn = std::move(out);
}

std::unexpected<Error> bad_length(std::string_view reason) {
  return std::unexpected(reset(ErrorCode::kOpenMessage, open_error::kUnspecific, reason));
}

std::expected<void, Error> read_one(std::uint8_t code, ByteView value, Capabilities& into) {
  switch (static_cast<CapabilityCode>(code)) {
    case CapabilityCode::kMultiprotocol:
      if (value.size() != 4) return bad_length("a multiprotocol capability that is not 4 bytes long");
      read_multiprotocol(ByteReader(value), into);
      break;
    case CapabilityCode::kRouteRefresh:
      into.route_refresh = true;
      break;
    case CapabilityCode::kExtendedNextHop:
      if (value.size() % kNextHopSize != 0)
        return bad_length("an extended next hop capability that is not a multiple of 6 bytes long");
      read_next_hops(ByteReader(value), into);
      break;
    case CapabilityCode::kExtendedMessage:
      into.extended_message = true;
      break;
    case CapabilityCode::kGracefulRestart:
      if (value.size() < 2 || (value.size() - 2) % 4 != 0)
        return bad_length("a graceful restart capability of a wrong length");
      read_graceful_restart(ByteReader(value), into);
      break;
    case CapabilityCode::kFourOctetAs:
      if (value.size() != 4) return bad_length("a four-octet AS capability that is not 4 bytes long");
      into.four_octet_as = Asn(ByteReader(value).u32());
      break;
    case CapabilityCode::kEnhancedRouteRefresh:
      into.enhanced_route_refresh = true;
      break;
    case CapabilityCode::kFqdn:
      read_fqdn(ByteReader(value), into);
      break;
    default:
      // RFC 5492, Section 3: a capability that is not known is ignored.
      add_once(into.others, code);
  }
  return {};
}

Bytes capability(CapabilityCode code, const Bytes& value = {}) {
  Bytes out;
  ByteWriter(out).u8(static_cast<std::uint8_t>(code)).u8(static_cast<std::uint8_t>(value.size())).bytes(value);
  return out;
}

Bytes multiprotocol(const Family& family) {
  Bytes value;
  ByteWriter(value).u16(family.afi).u8(0).u8(family.safi);
  return capability(CapabilityCode::kMultiprotocol, value);
}

void add_next_hops(const std::vector<ExtendedNextHop>& hops, std::vector<Bytes>& out) {
  for (std::size_t begin = 0; begin < hops.size(); begin += kMaximumNextHops) {
    Bytes value;
    ByteWriter writer(value);
    for (auto i = begin; i < std::min(hops.size(), begin + kMaximumNextHops); ++i) {
      writer.u16(hops[i].family.afi).u16(hops[i].family.safi).u16(hops[i].next_hop_afi);
    }
    out.push_back(capability(CapabilityCode::kExtendedNextHop, value));
  }
}

Bytes graceful_restart(const GracefulRestart& restart) {
  Bytes value;
  ByteWriter writer(value);
  writer.u16(static_cast<std::uint16_t>((restart.restarting ? 0x8000U : 0U) | (restart.notification ? 0x4000U : 0U) |
                                        (restart.seconds & 0x0FFFU)));
  for (std::size_t i = 0; i < std::min(restart.entries.size(), kMaximumEntries); ++i) {
    const auto& entry = restart.entries[i];
    writer.u16(entry.family.afi).u8(entry.family.safi).u8(entry.forwarding ? 0x80 : 0);
  }
  return capability(CapabilityCode::kGracefulRestart, value);
}

Bytes fqdn(const Fqdn& name) {
  // Both lengths and the capability's own are one byte each.
  const auto host = std::string_view(name.host).substr(0, 253);
  const auto domain = std::string_view(name.domain).substr(0, 253 - host.size());
  Bytes value{static_cast<std::uint8_t>(host.size())};
  value.insert(value.end(), host.begin(), host.end());
  value.push_back(static_cast<std::uint8_t>(domain.size()));
  value.insert(value.end(), domain.begin(), domain.end());
  return capability(CapabilityCode::kFqdn, value);
}

}  // namespace

std::expected<void, Error> read_capabilities(ByteView parameter, Capabilities& into) {
  ByteReader in(parameter);
  while (in.remaining() > 0) {
    const auto code = in.u8();
    const auto value = in.take(in.u8());
    if (!in.ok()) return bad_length("a capability that runs over the end of its parameter");
    if (auto read = read_one(code, value, into); !read) return read;
  }
  return {};
}

std::vector<Bytes> write_capabilities(const Capabilities& capabilities) {
  std::vector<Bytes> out;
  bool hops = capabilities.extended_next_hops.empty();
  for (const auto& family : capabilities.families) {
    out.push_back(multiprotocol(family));
    // bgp spec 3.3: directly after IPv4.
    if (!hops && family == kIpv4Unicast) {
      hops = true;
      add_next_hops(capabilities.extended_next_hops, out);
    }
  }
  if (!hops) add_next_hops(capabilities.extended_next_hops, out);
  if (capabilities.route_refresh) out.push_back(capability(CapabilityCode::kRouteRefresh));
  if (capabilities.enhanced_route_refresh) out.push_back(capability(CapabilityCode::kEnhancedRouteRefresh));
  if (capabilities.four_octet_as) {
    Bytes value;
    ByteWriter(value).u32(capabilities.four_octet_as->value());
    out.push_back(capability(CapabilityCode::kFourOctetAs, value));
  }
  if (capabilities.extended_message) out.push_back(capability(CapabilityCode::kExtendedMessage));
  if (capabilities.fqdn) out.push_back(fqdn(*capabilities.fqdn));
  if (capabilities.graceful_restart) out.push_back(graceful_restart(*capabilities.graceful_restart));
  return out;
}

Bytes write_families(const std::vector<Family>& families) {
  Bytes out;
  for (const auto& family : families) ByteWriter(out).bytes(multiprotocol(family));
  return out;
}

}  // namespace metallb::bgp
