#include "bgp/attributes.hpp"

#include <algorithm>
#include <utility>

#include "base/contract.hpp"

namespace metallb::bgp {
namespace {

using enum AttributeType;

constexpr std::uint8_t kWellKnown = kTransitive;
constexpr std::uint8_t kOptionalTransitive = kOptional | kTransitive;

std::optional<std::uint8_t> flags_of(std::uint8_t type) {
  switch (static_cast<AttributeType>(type)) {
    case kOrigin:
    case kAsPath:
    case kNextHop:
    case kLocalPref:
    case kAtomicAggregate:
      return kWellKnown;
    case kMed:
    case kOriginatorId:
    case kClusterList:
    case kMpReach:
    case kMpUnreach:
      return kOptional;
    case kAggregator:
    case kCommunities:
    case kAs4Path:
    case kAs4Aggregator:
    case kLargeCommunities:
      return kOptionalTransitive;
  }
  return std::nullopt;
}

Error fault(Treatment treatment, std::uint8_t subcode, std::string_view reason) {
  return {treatment, {ErrorCode::kUpdateMessage, subcode, {}}, reason};
}
/// RFC 7606, Section 7: how most wrong lengths are treated.
Error wrong_length(std::string_view reason) {
  return fault(Treatment::kTreatAsWithdraw, update_error::kLength, reason);
}
Error discarded(std::string_view reason) {
  return fault(Treatment::kDiscardAttribute, update_error::kOptionalAttribute, reason);
}

std::optional<AsPath> read_path(ByteView value, bool four_octets) {
  AsPath path;
  ByteReader in(value);
  while (in.remaining() > 0) {
    const auto kind = in.u8();
    const auto count = in.u8();
    // RFC 7606, Section 7.2: an unknown kind, an empty segment, one that runs over the end.
    if (kind < 1 || kind > 4 || count == 0 || in.remaining() < count * (four_octets ? 4U : 2U)) return std::nullopt;
    AsPathSegment segment{static_cast<AsPathSegment::Kind>(kind), {}};
    segment.ases.reserve(count);
    for (int i = 0; i < count; ++i) segment.ases.emplace_back(four_octets ? in.u32() : in.u16());
    path.push_back(std::move(segment));
  }
  return in.ok() ? std::optional(std::move(path)) : std::nullopt;
}

/// True if a number did not fit.
bool write_path(const AsPath& path, bool four_octets, Bytes& out) {
  bool replaced = false;
  ByteWriter writer(out);
  for (const auto& segment : path) {
    METALLB_CONTRACT(!segment.ases.empty() && segment.ases.size() <= 255, "a segment of an AS path holds 1 to 255 numbers");
    writer.u8(static_cast<std::uint8_t>(segment.kind)).u8(static_cast<std::uint8_t>(segment.ases.size()));
    for (const auto as : segment.ases) {
      if (four_octets) {
        writer.u32(as.value());
        continue;
      }
      const bool fits = as.value() <= 0xFFFF;
      replaced |= !fits;
      writer.u16(static_cast<std::uint16_t>(fits ? as.value() : kAsTrans.value()));
    }
  }
  return replaced;
}

/// Attributes that we keep as bytes, with the lengths that RFC 7606 demands of them.
std::optional<Error> check_raw(const AttributeView& attribute, const DecodeContext& context) {
  const auto size = attribute.value.size();
  switch (static_cast<AttributeType>(attribute.type)) {
    case kAtomicAggregate:
      if (size != 0) return discarded("ATOMIC_AGGREGATE is not empty");
      break;
    case kAggregator:
      if (size != (context.four_octet_as ? 8U : 6U)) return discarded("AGGREGATOR has a wrong length");
      break;
    case kAs4Aggregator:
      if (context.four_octet_as) return discarded("AS4_AGGREGATOR between speakers of four-octet AS numbers");
      if (size != 8) return discarded("AS4_AGGREGATOR is not 8 bytes long");
      break;
    case kOriginatorId:
      if (!context.internal) return discarded("ORIGINATOR_ID from an external peer");
      if (size != 4) return wrong_length("ORIGINATOR_ID is not 4 bytes long");
      break;
    case kClusterList:
      if (!context.internal) return discarded("CLUSTER_LIST from an external peer");
      if (size == 0 || size % 4 != 0) return wrong_length("CLUSTER_LIST is not a multiple of 4 bytes long");
      break;
    default:
      // RFC 4271, Section 6.3; RFC 7606 leaves it so.
      if ((attribute.flags & kOptional) == 0)
        return fault(Treatment::kResetSession, update_error::kUnrecognisedWellKnown,
                     "a well-known attribute of an unknown type");
  }
  return std::nullopt;
}

/// Passes over the other attributes in their order.
class Writer {
 public:
  Writer(const PathAttributes& attributes, bool parity, Bytes& out)
      : others_(attributes.others), parity_(parity), out_(out) {}

  void operator()(AttributeType type, ByteView value) {
    rest(static_cast<std::uint8_t>(type));
    // bgp spec 4.6: FRR writes these with a length of two bytes.
    const bool extended = parity_ && (type == kAsPath || type == kAs4Path);
    write_attribute(*flags_of(static_cast<std::uint8_t>(type)), type, value, extended, out_);
  }
  void number(AttributeType type, const std::optional<std::uint32_t>& value) {
    if (!value) return;
    Bytes bytes;
    ByteWriter(bytes).u32(*value);
    (*this)(type, bytes);
  }
  /// Those of a lower type.
  void rest(unsigned before) {
    for (; next_ < others_.size() && others_[next_].type < before; ++next_) {
      const auto& other = others_[next_];
      write_attribute(other.flags, static_cast<AttributeType>(other.type), other.value, false, out_);
    }
  }

 private:
  const std::vector<RawAttribute>& others_;
  bool parity_;
  Bytes& out_;
  std::size_t next_ = 0;
};

void write_communities(const PathAttributes& attributes, Writer& write) {
  if (attributes.communities.empty()) return;
  Bytes value;
  ByteWriter writer(value);
  for (const auto community : attributes.communities) writer.u32(community.value());
  write(kCommunities, value);
}

void write_large_communities(const PathAttributes& attributes, Writer& write) {
  if (attributes.large_communities.empty()) return;
  Bytes value;
  ByteWriter writer(value);
  for (const auto& community : attributes.large_communities) {
    writer.u32(community.global).u32(community.local1).u32(community.local2);
  }
  write(kLargeCommunities, value);
}

}  // namespace

std::optional<AttributeView> read_attribute(ByteReader& in) {
  AttributeView out;
  out.flags = in.u8();
  out.type = in.u8();
  out.value = in.take((out.flags & kExtendedLength) != 0 ? in.u16() : in.u8());
  return in.ok() ? std::optional(out) : std::nullopt;
}

bool flags_fit(const AttributeView& attribute) {
  const auto expected = flags_of(attribute.type);
  return !expected || (attribute.flags & kOptionalTransitive) == *expected;
}

std::optional<Error> take_attribute(const AttributeView& attribute, const DecodeContext& context, PathAttributes& into) {
  ByteReader in(attribute.value);
  const auto size = attribute.value.size();
  switch (static_cast<AttributeType>(attribute.type)) {
    case kOrigin:
      if (size != 1) return wrong_length("ORIGIN is not 1 byte long");
      if (attribute.value[0] > 2)
        return fault(Treatment::kTreatAsWithdraw, update_error::kInvalidOrigin, "ORIGIN has an unknown value");
      into.origin = static_cast<Origin>(attribute.value[0]);
      return std::nullopt;
    case kAsPath: {
      auto path = read_path(attribute.value, context.four_octet_as);
      if (!path) return fault(Treatment::kTreatAsWithdraw, update_error::kMalformedAsPath, "AS_PATH is malformed");
      into.as_path = std::move(*path);
      return std::nullopt;
    }
    case kNextHop:
      if (size != 4) return wrong_length("NEXT_HOP is not 4 bytes long");
      into.next_hop = IpAddress::v4(in.u32());
      return std::nullopt;
    case kMed:
      if (size != 4) return wrong_length("MULTI_EXIT_DISC is not 4 bytes long");
      into.med = in.u32();
      return std::nullopt;
    case kLocalPref:
      // RFC 7606, Section 7.5
      if (!context.internal) return discarded("LOCAL_PREF from an external peer");
      if (size != 4) return wrong_length("LOCAL_PREF is not 4 bytes long");
      into.local_pref = in.u32();
      return std::nullopt;
    case kCommunities:
      if (size == 0 || size % 4 != 0) return wrong_length("COMMUNITIES is not a multiple of 4 bytes long");
      while (in.remaining() > 0) into.communities.emplace_back(in.u32());
      return std::nullopt;
    case kAs4Path: {
      // RFC 6793, Section 6
      if (context.four_octet_as) return discarded("AS4_PATH between speakers of four-octet AS numbers");
      auto path = read_path(attribute.value, true);
      if (!path) return discarded("AS4_PATH is malformed");
      into.as4_path = std::move(*path);
      return std::nullopt;
    }
    case kLargeCommunities:
      // RFC 8092, Section 6
      if (size == 0 || size % 12 != 0) return wrong_length("LARGE_COMMUNITY is not a multiple of 12 bytes long");
      while (in.remaining() > 0) {
        const auto global = in.u32();
        const auto local1 = in.u32();
        into.large_communities.push_back({global, local1, in.u32()});
      }
      return std::nullopt;
    default:
      if (const auto error = check_raw(attribute, context)) return error;
      const auto behind = std::upper_bound(into.others.begin(), into.others.end(), attribute.type,
                                           [](std::uint8_t type, const RawAttribute& other) { return type < other.type; });
      into.others.insert(behind, {static_cast<std::uint8_t>(attribute.flags & ~kExtendedLength), attribute.type,
                                  Bytes(attribute.value.begin(), attribute.value.end())});
      return std::nullopt;
  }
}

void write_attribute(std::uint8_t flags, AttributeType type, ByteView value, bool extended, Bytes& out) {
  METALLB_CONTRACT(value.size() <= 0xFFFF, "an attribute holds 65535 bytes at most");
  extended |= value.size() > 0xFF;
  ByteWriter writer(out);
  writer.u8(static_cast<std::uint8_t>(extended ? flags | kExtendedLength : flags)).u8(static_cast<std::uint8_t>(type));
  if (extended) {
    writer.u16(static_cast<std::uint16_t>(value.size()));
  } else {
    writer.u8(static_cast<std::uint8_t>(value.size()));
  }
  writer.bytes(value);
}

void write_attributes(const PathAttributes& attributes, const EncodeContext& context, Bytes& out) {
  const bool parity = context.form == AttributeForm::kFrr;
  Writer write(attributes, parity, out);
  if (attributes.origin) write(kOrigin, Bytes{static_cast<std::uint8_t>(*attributes.origin)});
  Bytes as4_path;
  if (attributes.as4_path && !context.four_octet_as) write_path(*attributes.as4_path, true, as4_path);
  if (attributes.as_path) {
    Bytes path;
    const bool replaced = write_path(*attributes.as_path, context.four_octet_as, path);
    if (replaced && as4_path.empty()) write_path(*attributes.as_path, true, as4_path);
    write(kAsPath, path);
  }
  if (attributes.next_hop) {
    METALLB_CONTRACT(attributes.next_hop->is_v4(), "NEXT_HOP is an IPv4 address");
    write(kNextHop, attributes.next_hop->bytes());
  }
  write.number(kMed, attributes.med);
  write.number(kLocalPref, attributes.local_pref);
  write_communities(attributes, write);
  if (parity) write_large_communities(attributes, write);
  if (!as4_path.empty()) write(kAs4Path, as4_path);
  if (!parity) write_large_communities(attributes, write);
  write.rest(256);
}

}  // namespace metallb::bgp
