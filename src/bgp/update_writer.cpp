#include "bgp/update_writer.hpp"

#include <algorithm>

#include "base/contract.hpp"
#include "bgp/attributes.hpp"
#include "bgp/message_codec.hpp"

namespace metallb::bgp {
namespace {

constexpr std::uint32_t kDefaultLocalPref = 100;
/// Withdrawn routes length and total path attribute length.
constexpr std::size_t kUpdateHead = kHeaderSize + 4;
/// Flags, type and a length of two bytes.
constexpr std::size_t kAttributeHead = 4;
/// All that an UPDATE of one prefix may have but communities, generously.
constexpr std::size_t kWithoutCommunities = 200;

Bytes head_of(const Family& family) {
  Bytes out;
  ByteWriter(out).u16(family.afi).u8(family.safi);
  return out;
}

/// Withdrawn routes, attributes and prefixes, each of which may be empty.
void write(ByteView withdrawn, ByteView first, ByteView attributes, ByteView announced, Bytes& out) {
  const auto begin = out.size();
  begin_message(MessageType::kUpdate, out);
  ByteWriter(out).u16(static_cast<std::uint16_t>(withdrawn.size())).bytes(withdrawn);
  ByteWriter(out)
      .u16(static_cast<std::uint16_t>(first.size() + attributes.size()))
      .bytes(first)
      .bytes(attributes)
      .bytes(announced);
  end_message(begin, out);
}

}  // namespace

bool UpdateWriter::carries(IpFamily family) const {
  const bool negotiated =
      std::find(terms_.families.begin(), terms_.families.end(), unicast(family)) != terms_.families.end();
  return negotiated && !next_hop(family).empty();
}

bool UpdateWriter::fits(const RouteAttributes& attributes) const {
  const auto size = 4 * attributes.communities.size() + 12 * attributes.large_communities.size();
  return size + kWithoutCommunities <= terms_.maximum_message;
}

Bytes UpdateWriter::attributes(const RouteAttributes& attributes, IpFamily family) const {
  PathAttributes path;
  path.origin = Origin::kIgp;
  // bgp spec 3.4: empty towards internal peers, our AS alone towards others.
  path.as_path = AsPath();
  if (!terms_.internal) path.as_path->push_back({AsPathSegment::Kind::kSequence, {terms_.local_as}});
  if (classic(family)) {
    METALLB_CONTRACT(next_hop(family).size() == 4, "a NEXT_HOP is four bytes long");
    path.next_hop = IpAddress::v4(ByteReader(next_hop(family)).u32());
  }
  path.med = terms_.med;
  if (terms_.internal) path.local_pref = attributes.local_pref.value_or(kDefaultLocalPref);
  path.communities = attributes.communities;
  path.large_communities = attributes.large_communities;
  Bytes out;
  write_attributes(path, {.four_octet_as = terms_.four_octet_as}, out);
  return out;
}

std::size_t UpdateWriter::room(IpFamily family, std::size_t attributes) const {
  // AFI, SAFI, next hop with its length, and a reserved byte.
  const auto reach = classic(family) ? 0 : kAttributeHead + 5 + next_hop(family).size();
  return terms_.maximum_message - kUpdateHead - reach - attributes;
}

void UpdateWriter::announce(IpFamily family, ByteView attributes, ByteView prefixes, Bytes& out) const {
  if (classic(family)) return write({}, {}, attributes, prefixes, out);
  auto value = head_of(unicast(family));
  const auto& hop = next_hop(family);
  ByteWriter(value).u8(static_cast<std::uint8_t>(hop.size())).bytes(hop).u8(0).bytes(prefixes);
  // RFC 7606, Section 5.1: in front of all others.
  Bytes reach;
  write_attribute(kOptional, AttributeType::kMpReach, value, false, reach);
  write({}, reach, attributes, {}, out);
}

void UpdateWriter::withdraw(IpFamily family, ByteView prefixes, Bytes& out) const {
  if (classic(family)) return write(prefixes, {}, {}, {}, out);
  auto value = head_of(unicast(family));
  ByteWriter(value).bytes(prefixes);
  Bytes unreach;
  write_attribute(kOptional, AttributeType::kMpUnreach, value, false, unreach);
  write({}, unreach, {}, {}, out);
}

void UpdateWriter::end_of_rib(const Family& family, Bytes& out) {
  Bytes unreach;
  // bgp spec 4.6: IPv4 has the short form also where its routes go in MP_REACH_NLRI.
  if (family != kIpv4Unicast) write_attribute(kOptional, AttributeType::kMpUnreach, head_of(family), false, unreach);
  write({}, unreach, {}, {}, out);
}

}  // namespace metallb::bgp
