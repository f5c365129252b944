#include "bgp/update_codec.hpp"

#include <bitset>
#include <utility>

#include "bgp/attributes.hpp"
#include "bgp/prefixes.hpp"

namespace metallb::bgp {
namespace {

Error fault(Treatment treatment, std::uint8_t subcode, std::string_view reason) {
  return {treatment, {ErrorCode::kUpdateMessage, subcode, {}}, reason};
}

bool is_mp(const AttributeView& attribute) {
  const auto type = static_cast<AttributeType>(attribute.type);
  return type == AttributeType::kMpReach || type == AttributeType::kMpUnreach;
}

/// Walks over one UPDATE; fills in what it is told to keep, and counts.
class Walk {
 public:
  Walk(const DecodeContext& context, bool keep) : context_(context), keep_(keep) {}

  std::expected<void, Error> run(ByteView body) {
    ByteReader in(body);
    const auto withdrawn = in.take(in.u16());
    const auto attributes = in.take(in.u16());
    // bgp spec 4.9; RFC 4271, Section 6.3
    if (!in.ok()) {
      return std::unexpected(
          reset(ErrorCode::kUpdateMessage, update_error::kMalformedList, "the lengths in an UPDATE exceed the message"));
    }
    const auto announced = in.take(in.remaining());
    prefixes(withdrawn, IpFamily::kIpv4, update_.withdrawn, counts_.withdrawn);
    walk_attributes(attributes);
    prefixes(announced, IpFamily::kIpv4, update_.announced, counts_.announced);
    check_presence(!announced.empty());
    if (withdrawn.empty() && attributes.empty() && announced.empty()) counts_.end_of_rib = kIpv4Unicast;
    if (end_of_family_ && withdrawn.empty() && announced.empty() && seen_.count() == 1) counts_.end_of_rib = end_of_family_;
    return {};
  }

  [[nodiscard]] Update update() && {
    update_.faults = std::move(counts_.faults);
    return std::move(update_);
  }
  [[nodiscard]] UpdateCounts counts() && { return std::move(counts_); }

 private:
  void note(Error error) {
    auto& faults = counts_.faults;
    ++faults.count;
    if (!faults.worst || faults.worst->treatment < error.treatment) faults.worst = std::move(error);
  }

  void prefixes(ByteView bytes, IpFamily family, std::vector<IpPrefix>& kept, std::size_t& count) {
    const bool whole = read_prefixes(bytes, family, [&](const IpPrefix& prefix) {
      ++count;
      if (keep_) kept.push_back(prefix);
    });
    if (!whole) note(fault(Treatment::kResetSession, update_error::kInvalidNetwork, "a list of prefixes is malformed"));
  }

  void walk_attributes(ByteView bytes) {
    ByteReader in(bytes);
    while (in.remaining() > 0) {
      const auto attribute = read_attribute(in);
      if (!attribute) {
        // RFC 7606, Section 4: what came before counts.
        note(fault(Treatment::kTreatAsWithdraw, update_error::kMalformedList, "an attribute runs over the end of the list"));
        return;
      }
      walk_attribute(*attribute);
    }
  }

  void walk_attribute(const AttributeView& attribute) {
    if (seen_.test(attribute.type)) {
      // RFC 7606, Section 3 (g)
      note(fault(is_mp(attribute) ? Treatment::kResetSession : Treatment::kDiscardAttribute, update_error::kMalformedList,
                 "an attribute comes twice"));
      return;
    }
    seen_.set(attribute.type);
    if (!flags_fit(attribute)) {
      // RFC 7606, Section 3 (c)
      note(fault(Treatment::kTreatAsWithdraw, update_error::kFlags, "an attribute has the wrong flags"));
      return;
    }
    if (attribute.type == static_cast<std::uint8_t>(AttributeType::kMpReach)) return reach(attribute.value);
    if (attribute.type == static_cast<std::uint8_t>(AttributeType::kMpUnreach)) return unreach(attribute.value);
    if (auto error = take_attribute(attribute, context_, update_.attributes)) note(std::move(*error));
  }

  /// RFC 7606, Section 5.4: routes of a family that was not negotiated are ignored.
  void foreign() {
    note(fault(Treatment::kDiscardAttribute, update_error::kOptionalAttribute, "routes of an unknown family"));
  }

  void reach(ByteView value) {
    ByteReader in(value);
    const auto afi = in.u16();
    const Family family{afi, in.u8()};
    const auto next_hop = in.take(in.u8());
    in.skip(1);
    if (!in.ok())
      return note(fault(Treatment::kResetSession, update_error::kOptionalAttribute, "MP_REACH_NLRI is too short"));
    if (!is_known(family)) return foreign();
    // RFC 7606, Section 7.11: without a usable next hop length nothing behind it can be found.
    const auto size = next_hop.size();
    if (size != 16 && size != 32 && !(size == 4 && family == kIpv4Unicast)) {
      return note(fault(Treatment::kResetSession, update_error::kOptionalAttribute,
                        "MP_REACH_NLRI has a next hop of a wrong length"));
    }
    MpReach out{family, Bytes(next_hop.begin(), next_hop.end()), {}};
    prefixes(in.take(in.remaining()), family == kIpv4Unicast ? IpFamily::kIpv4 : IpFamily::kIpv6, out.prefixes,
             counts_.announced);
    update_.mp_reach = std::move(out);
  }

  void unreach(ByteView value) {
    ByteReader in(value);
    const auto afi = in.u16();
    const Family family{afi, in.u8()};
    if (!in.ok())
      return note(fault(Treatment::kResetSession, update_error::kOptionalAttribute, "MP_UNREACH_NLRI is too short"));
    if (!is_known(family)) return foreign();
    if (in.remaining() == 0) end_of_family_ = family;
    MpUnreach out{family, {}};
    prefixes(in.take(in.remaining()), family == kIpv4Unicast ? IpFamily::kIpv4 : IpFamily::kIpv6, out.prefixes,
             counts_.withdrawn);
    update_.mp_unreach = std::move(out);
  }

  /// RFC 7606, Section 3 (d). An attribute that was there but wrong has been noted already.
  void check_presence(bool classic) {
    if (!classic && !update_.mp_reach) return;
    const auto has = [&](AttributeType type) { return seen_.test(static_cast<std::uint8_t>(type)); };
    const bool complete = has(AttributeType::kOrigin) && has(AttributeType::kAsPath) &&
                          (!classic || has(AttributeType::kNextHop)) &&
                          (!context_.internal || has(AttributeType::kLocalPref));
    if (!complete) {
      note(fault(Treatment::kTreatAsWithdraw, update_error::kMissingWellKnown,
                 "a well-known mandatory attribute is missing"));
    }
  }

  const DecodeContext& context_;
  const bool keep_;
  Update update_;
  UpdateCounts counts_;
  std::bitset<256> seen_;
  std::optional<Family> end_of_family_;
};

void write_list(const std::vector<IpPrefix>& prefixes, Bytes& out) {
  for (const auto& prefix : prefixes) write_prefix(prefix, out);
}

Bytes value_of(const MpReach& reach) {
  Bytes value;
  ByteWriter(value)
      .u16(reach.family.afi)
      .u8(reach.family.safi)
      .u8(static_cast<std::uint8_t>(reach.next_hop.size()))
      .bytes(reach.next_hop)
      .u8(0);
  write_list(reach.prefixes, value);
  return value;
}

Bytes value_of(const MpUnreach& unreach) {
  Bytes value;
  ByteWriter(value).u16(unreach.family.afi).u8(unreach.family.safi);
  write_list(unreach.prefixes, value);
  return value;
}

void write_sized(const Bytes& part, Bytes& out) {
  ByteWriter(out).u16(static_cast<std::uint16_t>(part.size())).bytes(part);
}

}  // namespace

std::expected<Update, Error> decode_update(ByteView body, const DecodeContext& context) {
  Walk walk(context, true);
  if (auto done = walk.run(body); !done) return std::unexpected(std::move(done.error()));
  return std::move(walk).update();
}

std::expected<UpdateCounts, Error> count_update(ByteView body, const DecodeContext& context) {
  Walk walk(context, false);
  if (auto done = walk.run(body); !done) return std::unexpected(std::move(done.error()));
  return std::move(walk).counts();
}

void write_update(const Update& update, const EncodeContext& context, Bytes& out) {
  Bytes withdrawn;
  write_list(update.withdrawn, withdrawn);
  Bytes attributes;
  // RFC 7606, Section 5.1: first, so that a receiver finds it whatever is wrong behind it.
  if (update.mp_reach) {
    write_attribute(kOptional, AttributeType::kMpReach, value_of(*update.mp_reach), context.form == AttributeForm::kFrr,
                    attributes);
  }
  if (update.mp_unreach)
    write_attribute(kOptional, AttributeType::kMpUnreach, value_of(*update.mp_unreach), false, attributes);
  write_attributes(update.attributes, context, attributes);
  write_sized(withdrawn, out);
  write_sized(attributes, out);
  write_list(update.announced, out);
}

}  // namespace metallb::bgp
