// Messages that are wrong, and what they are answered with (bgp spec 3.9 S15, 4.3, 4.4, 6.13; RFC 7606).
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "bgp/message_codec.hpp"
#include "bgp/update_codec.hpp"
#include "wire.hpp"

namespace metallb::bgp {
namespace {

using namespace test;

/// The body of the NOTIFICATION that answers it; "" if the message is good.
std::string answer(const Bytes& message, const DecodeContext& context = {}) {
  const auto read = decode(message, context);
  return read ? std::string() : to_hex(encode_body(read.error().notification));
}
std::string open_answer(std::string_view body) {
  return answer(framed(MessageType::kOpen, body));
}

TEST(CodecErrors, HeadersThatMayNotBeAreAnsweredWithTheirFault) {
  auto out_of_step = raw(19, 4);
  out_of_step[7] = 0xFE;
  EXPECT_EQ(answer(out_of_step), "0101");
  EXPECT_EQ(answer(raw(18, 4)), "01020012");
  EXPECT_EQ(answer(raw(19, 9)), "010309");
  EXPECT_EQ(answer(raw(19, 0)), "010300");
  EXPECT_EQ(answer(raw(23, 128, "00010001")), "010380");
  EXPECT_EQ(answer(raw(20, 4, "00")), "01020014");
  EXPECT_EQ(answer(raw(28, 1, "04fc0000b4c0000201")), "0102001c");
  EXPECT_EQ(answer(raw(22, 2, "000000")), "01020016");
  EXPECT_EQ(answer(raw(20, 3, "06")), "01020014");
  EXPECT_EQ(answer(raw(22, 5, "000100")), "01020016");
  EXPECT_EQ(answer(raw(23, 5, "00010001")), "");
}

TEST(CodecErrors, LongMessagesNeedTheExtendedMessageCapability) {
  for (const int type : {1, 2, 3, 4}) {
    const auto header = raw(4097, static_cast<std::uint8_t>(type));
    const auto plain = read_header(header, {});
    ASSERT_FALSE(plain.has_value());
    EXPECT_EQ(to_hex(encode_body(plain.error().notification)), "01021001");
    // RFC 8654, Section 4: never for OPEN and KEEPALIVE.
    EXPECT_EQ(read_header(header, {.extended_message = true}).has_value(), type == 2 || type == 3);
  }
  EXPECT_EQ(read_header(raw(65535, 2), {.extended_message = true})->length, 65535U);
}

TEST(CodecErrors, AWrongRouteRefreshIsGivenBackWholeToWhoKnowsTheEnhancedOne) {
  // RFC 7313, Section 5
  const auto message = raw(22, 5, "000100");
  EXPECT_EQ(answer(message, {.enhanced_route_refresh = true}), "0701" + to_hex(message));
}

TEST(CodecErrors, OpensThatMayNotBeAreAnsweredWithTheirFault) {
  EXPECT_EQ(open_answer("03 fc00 00b4 c0000201 00"), "02010004");
  EXPECT_EQ(open_answer("04 fc00 00b4 c0000201 00"), "");
  // The optional parameters are longer or shorter than the message.
  EXPECT_EQ(open_answer("04 fc00 00b4 c0000201 02"), "0200");
  EXPECT_EQ(open_answer("04 fc00 00b4 c0000201 00 0200"), "0200");
  EXPECT_EQ(open_answer("04 fc00 00b4 c0000201 02 6300"), "0204");
  EXPECT_EQ(open_answer("04 fc00 00b4 c0000201 03 020200"), "0200");
  EXPECT_EQ(open_answer("04 fc00 00b4 c0000201 04 0202 4104"), "0200");
  EXPECT_EQ(open_answer("04 fc00 00b4 c0000201 06 0204 4102 fc00"), "0200");
  EXPECT_EQ(open_answer("04 fc00 00b4 c0000201 07 0205 0103 000100"), "0200");
  EXPECT_EQ(open_answer("04 fc00 00b4 c0000201 05 0203 4001 c0"), "0200");
  EXPECT_EQ(open_answer("04 fc00 00b4 c0000201 05 0203 0501 00"), "0200");
  // A wrong FQDN and what we do not know disturb nobody.
  EXPECT_EQ(open_answer("04 fc00 00b4 c0000201 05 0203 4901 09"), "");
  EXPECT_EQ(open_answer("04 fc00 00b4 c0000201 05 0203 ee01 09"), "");
}

TEST(CodecErrors, ParametersWithLongLengthsAreRead) {
  // RFC 9072: type 255 decides, the one-byte length before it does not.
  for (const auto* length : {"ff", "00", "07"}) {
    const auto read = decode(
        framed(MessageType::kOpen, "04 fc00 00b4 c0000201 " + std::string(length) + " ff 0009 02 0006 4104 fa56ea01"), {});
    ASSERT_TRUE(read.has_value()) << length;
    EXPECT_EQ(std::get<Open>(*read).asn(), Asn(4200000001)) << length;
  }
  EXPECT_EQ(open_answer("04 fc00 00b4 c0000201 ff ff 0008 02 0006 4104 fa56ea01"), "0200");
  EXPECT_EQ(open_answer("04 fc00 00b4 c0000201 ff ff 00"), "0200");
}

TEST(CodecErrors, ManyCapabilitiesMakeAnOpenWithLongLengths) {
  Open open;
  open.my_as = 64512;
  open.hold_time = 90;
  open.identifier = RouterId(1);
  for (std::uint16_t afi = 1; afi <= 60; ++afi) open.capabilities.families.push_back({afi, 1});
  const auto message = encode(open);
  EXPECT_EQ(message[28], 255);
  EXPECT_EQ(message[29], 255);
  EXPECT_EQ(std::get<Open>(*decode(message, {})), open);
}

TEST(CodecErrors, OfRepeatedCapabilitiesFamiliesAddUpAndTheLastAsCounts) {
  const auto read = decode(framed(MessageType::kOpen,
                                  "04 5ba0 00b4 c0000201 28 0226 0104 00010001 0104 00020001 0104 00010001 4104 00000001"
                                  " 4104 00000002 4002 c078 4002 0001"),
                           {});
  ASSERT_TRUE(read.has_value());
  const auto& capabilities = std::get<Open>(*read).capabilities;
  EXPECT_EQ(capabilities.families, (std::vector<Family>{kIpv4Unicast, kIpv6Unicast}));
  EXPECT_EQ(capabilities.four_octet_as, Asn(2));
  EXPECT_EQ(capabilities.graceful_restart, (GracefulRestart{false, false, 1, {}}));
}

struct UpdateRow {
  const char* what;
  std::string_view body;
  std::optional<Treatment> treatment;
  std::string_view notification = "";
  DecodeContext context = {};
};

TEST(CodecErrors, AttributesThatAreWrongAreTreatedAsRfc7606Wants) {
  using enum Treatment;
  const DecodeContext internal{.internal = true};
  const DecodeContext two_octets{.four_octet_as = false};
  const UpdateRow rows[] = {
      {"good", "0000 0014 400101 00 400206 0201 0000fc00 400304 c0000201 | 20 c6336407", std::nullopt},
      {"ORIGIN of 2 bytes", "0000 0005 400102 0000", kTreatAsWithdraw, "0305"},
      {"ORIGIN 3", "0000 0004 400101 03", kTreatAsWithdraw, "0306"},
      {"ORIGIN with optional flag", "0000 0004 c00101 00", kTreatAsWithdraw, "0304"},
      {"AS_PATH of an unknown segment", "0000 0009 400206 0901 0000fc00", kTreatAsWithdraw, "030b"},
      {"AS_PATH too short", "0000 0009 400206 0202 0000fc00", kTreatAsWithdraw, "030b"},
      {"AS_PATH with an empty segment", "0000 0005 400202 0200", kTreatAsWithdraw, "030b"},
      {"AS_PATH with an odd byte", "0000 0004 400201 02", kTreatAsWithdraw, "030b"},
      {"NEXT_HOP of 3 bytes", "0000 0006 400303 c00002", kTreatAsWithdraw, "0305"},
      {"MED of 3 bytes", "0000 0006 800403 000000", kTreatAsWithdraw, "0305"},
      {"LOCAL_PREF outside", "0000 0007 400504 00000064", kDiscardAttribute, "0309"},
      {"LOCAL_PREF inside", "0000 0007 400504 00000064", std::nullopt, "", internal},
      {"LOCAL_PREF of 3 bytes inside", "0000 0006 400503 000064", kTreatAsWithdraw, "0305", internal},
      {"ATOMIC_AGGREGATE with a byte", "0000 0004 400601 00", kDiscardAttribute, "0309"},
      {"AGGREGATOR of 6 bytes", "0000 0009 c00706 000000000000", kDiscardAttribute, "0309"},
      {"AGGREGATOR of 6 bytes between old speakers", "0000 0009 c00706 000000000000", std::nullopt, "", two_octets},
      {"COMMUNITIES of 3 bytes", "0000 0006 c00803 000000", kTreatAsWithdraw, "0305"},
      {"COMMUNITIES of none", "0000 0003 c00800", kTreatAsWithdraw, "0305"},
      {"ORIGINATOR_ID outside", "0000 0007 800904 00000000", kDiscardAttribute, "0309"},
      {"CLUSTER_LIST of 3 bytes inside", "0000 0006 800a03 000000", kTreatAsWithdraw, "0305", internal},
      {"AS4_PATH between new speakers", "0000 0009 c01106 0201 0000fc00", kDiscardAttribute, "0309"},
      {"AS4_PATH malformed", "0000 0005 c01102 0201", kDiscardAttribute, "0309", two_octets},
      {"LARGE_COMMUNITY of 8 bytes", "0000 000b c02008 0000000000000000", kTreatAsWithdraw, "0305"},
      {"an unknown optional attribute", "0000 0004 c0c801 00", std::nullopt},
      {"an unknown well-known attribute", "0000 0004 40c801 00", kResetSession, "0302"},
      {"ORIGIN twice", "0000 0008 400101 00 400101 00", kDiscardAttribute, "0301"},
      {"MP_UNREACH twice", "0000 000c 800f03 000201 800f03 000201", kResetSession, "0301"},
      {"MP_REACH with a next hop of 5 bytes", "0000 000e 800e0b 0002 01 05 0000000000 00 00", kResetSession, "0309"},
      {"MP_REACH that ends in its next hop", "0000 0008 800e05 0002 01 10 00", kResetSession, "0309"},
      {"MP_REACH of an unknown family", "0000 000b 800e08 0019 46 02 0000 00 00", kDiscardAttribute, "0309"},
      {"a prefix of 33 bits", "0006 21 c633640700 0000", kResetSession, "030a"},
      {"a prefix cut off", "0002 20 c6 0000", kResetSession, "030a"},
      {"attribute over the end", "0000 0004 400102 00", kTreatAsWithdraw, "0301"},
      {"no ORIGIN", "0000 0010 400206 0201 0000fc00 400304 c0000201 | 20 c6336407", kTreatAsWithdraw, "0303"},
      {"no NEXT_HOP", "0000 000d 400101 00 400206 0201 0000fc00 | 20 c6336407", kTreatAsWithdraw, "0303"},
      {"no LOCAL_PREF inside", "0000 0014 400101 00 400206 0201 0000fc00 400304 c0000201 | 20 c6336407", kTreatAsWithdraw,
       "0303", internal},
  };
  for (const auto& row : rows) {
    const auto update = decode_update(from_hex(row.body), row.context);
    const auto counts = count_update(from_hex(row.body), row.context);
    ASSERT_TRUE(update.has_value() && counts.has_value()) << row.what;
    EXPECT_EQ(update->faults, counts->faults) << row.what;
    ASSERT_EQ(update->faults.worst.has_value(), row.treatment.has_value()) << row.what;
    EXPECT_EQ(update->faults.count, row.treatment ? 1U : 0U) << row.what;
    if (!row.treatment) continue;
    EXPECT_EQ(update->faults.worst->treatment, *row.treatment) << row.what;
    EXPECT_EQ(to_hex(encode_body(update->faults.worst->notification)), row.notification) << row.what;
  }
}

TEST(CodecErrors, TheStrongestTreatmentOfAnUpdateIsKept) {
  const auto update = decode_update(from_hex("0000 000e 400601 00 400101 03 800403 000000"), {});
  ASSERT_TRUE(update.has_value());
  EXPECT_EQ(update->faults.count, 3U);
  EXPECT_EQ(update->faults.worst->notification.subcode, update_error::kInvalidOrigin);
}

TEST(CodecErrors, LengthsThatExceedTheUpdateEndTheSession) {
  for (const auto* body : {"0001 0000", "0000 0001", "ffff 0000", "0000 ffff 40"}) {
    EXPECT_EQ(answer(framed(MessageType::kUpdate, body)), "0301") << body;
  }
}

TEST(CodecErrors, ManyPrefixesAreCountedWithoutBeingKept) {
  Bytes body{0, 0, 0, 0};
  body.resize(4 + 4000, 0);  // 0.0.0.0/0, four thousand times
  const auto counts = count_update(body, {});
  ASSERT_TRUE(counts.has_value());
  EXPECT_EQ(counts->announced, 4000U);
}

TEST(Shutdown, TextIsCutAtACharacterAndShownWithoutControlCharacters) {
  std::string text(127, 'a');
  text += "\xC3\xA9";  // é would end at byte 129
  const auto cut = shutdown(cease::kAdministrativeShutdown, text);
  EXPECT_EQ(cut.data.size(), 128U);
  EXPECT_EQ(shutdown_text(cut), std::string(127, 'a'));
  EXPECT_EQ(shutdown_text(hard_reset(cut)), std::string(127, 'a'));
  EXPECT_EQ(shutdown_text({ErrorCode::kCease, 2, from_hex("06 610a 1b c3a9 ff")}), "a??\xC3\xA9?");
  // A length beyond the message takes what is there; other Ceases have no text.
  EXPECT_EQ(shutdown_text({ErrorCode::kCease, 4, from_hex("ff 6869")}), "hi");
  EXPECT_EQ(shutdown_text({ErrorCode::kCease, 3, from_hex("02 6869")}), "");
}

TEST(Shutdown, NotificationsAreNamedInTheLog) {
  EXPECT_EQ(to_string(shutdown(cease::kAdministrativeShutdown, "bye")), "6/2 (Cease, administrative shutdown) \"bye\"");
  EXPECT_EQ(to_string(hard_reset({ErrorCode::kCease, cease::kBfdDown, {}})),
            "6/9 (Cease, hard reset): 6/10 (Cease, BFD down)");
  EXPECT_EQ(to_string({ErrorCode::kHoldTimer, 0, {}}), "4/0 (hold timer expired)");
  EXPECT_EQ(to_string({static_cast<ErrorCode>(77), 1, {}}), "77/1");
  EXPECT_EQ(to_string({ErrorCode::kOpenMessage, 200, {}}), "2/200 (OPEN message)");
}

RC_GTEST_PROP(CodecProperties, AnUpdateSurvivesARoundTrip, ()) {
  const auto number = [] { return *rc::gen::arbitrary<std::uint32_t>(); };
  const auto some = [](int bound) { return *rc::gen::inRange(0, bound); };
  const auto prefixes = [&](IpFamily family) {
    std::vector<IpPrefix> out;
    for (auto left = some(5); left > 0; --left) {
      const auto bits = (static_cast<Uint128>(number()) << 96) | number();
      const auto value = family == IpFamily::kIpv4 ? bits & 0xFFFFFFFFU : bits;
      out.emplace_back(IpAddress::from_number(family, value), some(address_bits(family) + 1));
    }
    return out;
  };
  Update update;
  update.withdrawn = prefixes(IpFamily::kIpv4);
  auto& attributes = update.attributes;
  attributes.origin = static_cast<Origin>(some(3));
  attributes.as_path = AsPath();
  for (auto left = some(4); left > 0; --left) {
    attributes.as_path->push_back({static_cast<AsPathSegment::Kind>(1 + some(4)), {}});
    for (auto as = 1 + some(255); as > 0; --as) attributes.as_path->back().ases.emplace_back(number());
  }
  attributes.next_hop = IpAddress::v4(number());
  attributes.local_pref = number();
  if (some(2) != 0) attributes.med = number();
  for (auto left = some(100); left > 0; --left) attributes.communities.emplace_back(number());
  for (auto left = some(40); left > 0; --left) attributes.large_communities.push_back({number(), number(), number()});
  if (some(2) != 0) attributes.others.push_back({0xC0, 7, Bytes(8, 1)});
  if (some(2) != 0) attributes.others.push_back({0xE0, 200, Bytes(static_cast<std::size_t>(some(400)), 2)});
  if (some(2) != 0) update.mp_reach = MpReach{kIpv6Unicast, Bytes(32, 1), prefixes(IpFamily::kIpv6)};
  if (some(2) != 0) update.mp_unreach = MpUnreach{kIpv6Unicast, prefixes(IpFamily::kIpv6)};
  update.announced = prefixes(IpFamily::kIpv4);
  for (const auto form : {AttributeForm::kPlain, AttributeForm::kFrr}) {
    const auto read = decode(encode(update, {.form = form}), {.extended_message = true, .internal = true});
    RC_ASSERT(read.has_value());
    RC_ASSERT(std::get<Update>(*read) == update);
  }
}

}  // namespace
}  // namespace metallb::bgp
