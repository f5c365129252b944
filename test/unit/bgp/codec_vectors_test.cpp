// The captures and vectors of bgp spec 3.8 and 3.9, in both directions.
#include <gtest/gtest.h>

#include "bgp/message_codec.hpp"
#include "bgp/update_codec.hpp"
#include "wire.hpp"

namespace metallb::bgp {
namespace {

using namespace test;

Bytes next_hop(std::string_view first, std::string_view second = "") {
  auto out = address(first).bytes();
  if (!second.empty()) {
    const auto more = address(second).bytes();
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

/// What all routes of the captures have.
PathAttributes originated(AsPath path, std::optional<std::uint32_t> local_pref, bool classic) {
  PathAttributes out;
  out.origin = Origin::kIgp;
  out.as_path = std::move(path);
  if (classic) out.next_hop = address("192.0.2.1");
  out.med = 0;
  out.local_pref = local_pref;
  return out;
}

struct Vector {
  const char* name;
  Message message;
  std::string_view body;
  bool internal = false;
  bool four_octet_as = true;
};

constexpr std::string_view kLinkLocal = "fe80::ff:fe00:1";
constexpr std::string_view kV6Prefix = "2001:db8:1::7/128";

Update with(PathAttributes attributes, std::vector<IpPrefix> announced) {
  Update out;
  out.attributes = std::move(attributes);
  out.announced = std::move(announced);
  return out;
}
Update with(PathAttributes attributes, MpReach reach) {
  Update out;
  out.attributes = std::move(attributes);
  out.mp_reach = std::move(reach);
  return out;
}

std::vector<Vector> frr_captures() {
  auto s2 = originated({}, 300, true);
  s2.communities = {Community(0xfc000001), Community(0xffffff02)};
  s2.large_communities = {{64512, 1, 2}};
  Update end_of_ipv6;
  end_of_ipv6.mp_unreach = MpUnreach{kIpv6Unicast, {}};
  return {
      {"S2", with(s2, {prefix("198.51.100.7/32")}),
       "0000 0037 400101 00 50020000 400304 c0000201 800404 00000000 400504 0000012c"
       " c00808 fc000001 ffffff02 c0200c 0000fc00 00000001 00000002 | 20 c6336407",
       true},
      {"S3", with(originated({}, 100, true), {prefix("198.51.100.8/32"), prefix("198.51.100.9/32")}),
       "0000 001d 400101 00 50020000 400304 c0000201 800404 00000000 400504 00000064 | 20 c6336408 20 c6336409", true},
      {"S4",
       with(originated({}, 100, false), MpReach{kIpv6Unicast, next_hop("2001:db8::1", kLinkLocal), {prefix(kV6Prefix)}}),
       "0000 0050 900e 0036 0002 01 20 20010db8000000000000000000000001 fe80000000000000000000fffe000001 00"
       " 80 20010db8000100000000000000000007 400101 00 50020000 800404 00000000 400504 00000064",
       true},
      {"S5 IPv6", end_of_ipv6, "0000 0006 800f 03 0002 01"},
      {"S5 IPv4", Update{}, "0000 0000"},
      {"S6", with(originated(sequence(65410), {}, true), {prefix("198.51.100.7/32")}),
       "0000 001c 400101 00 50020006 0201 0000ff82 400304 c0000201 800404 00000000 | 20 c6336407"},
      {"S7",
       with(originated(sequence(65410), {}, false),
            MpReach{kIpv6Unicast, next_hop(kLinkLocal, kLinkLocal), {prefix(kV6Prefix)}}),
       "0000 004f 900e 0036 0002 01 20 fe80000000000000000000fffe000001 fe80000000000000000000fffe000001 00"
       " 80 20010db8000100000000000000000007 400101 00 50020006 0201 0000ff82 800404 00000000"},
      {"S8",
       with(originated(sequence(64512), {}, false),
            MpReach{kIpv4Unicast, next_hop(kLinkLocal, kLinkLocal), {prefix("198.51.100.7/32")}}),
       "0000 0043 900e 002a 0001 01 20 fe80000000000000000000fffe000001 fe80000000000000000000fffe000001 00"
       " 20 c6336407 400101 00 50020006 0201 0000fc00 800404 00000000"},
  };
}

std::vector<Vector> engine_vectors() {
  Open e1;
  e1.my_as = 64512;
  e1.hold_time = 180;
  e1.identifier = RouterId(0xc0000201);
  e1.capabilities = {.families = {kIpv4Unicast},
                     .route_refresh = true,
                     .enhanced_route_refresh = true,
                     .four_octet_as = Asn(64512),
                     .extended_message = true,
                     .fqdn = Fqdn{"node1", ""},
                     .graceful_restart = GracefulRestart{true, true, 120, {}}};
  auto e2 = e1;
  e2.my_as = 23456;
  e2.capabilities.families = {kIpv4Unicast, kIpv6Unicast};
  e2.capabilities.extended_next_hops = {kIpv4OverIpv6};
  e2.capabilities.four_octet_as = Asn(4200000001);
  e2.capabilities.fqdn = Fqdn{};
  e2.capabilities.graceful_restart = GracefulRestart{false, true, 120, {{kIpv4Unicast, true}, {kIpv6Unicast, true}}};
  auto e4 = originated(sequence(64512), {}, true);
  e4.communities = {Community(0xfc000001)};
  Update e5;
  e5.withdrawn = {prefix("198.51.100.7/32"), prefix("198.51.100.8/32")};
  Update e6;
  e6.mp_unreach = MpUnreach{kIpv6Unicast, {prefix(kV6Prefix)}};
  Update e7;
  e7.mp_unreach = MpUnreach{kIpv4Unicast, {prefix("198.51.100.7/32")}};
  const auto e8 = shutdown(cease::kAdministrativeShutdown, "speaker shutting down");
  return {
      {"E1", e1,
       "04 fc00 00b4 c0000201 2d 0206 0104 0001 0001 0202 0200 0202 4600 0206 4104 0000fc00 0202 0600"
       " 0209 4907 056e6f646531 00 0204 4002 c078"},
      {"E2", e2,
       "04 5ba0 00b4 c0000201 42 0206 0104 0001 0001 0208 0506 0001 0001 0002 0206 0104 0002 0001 0202 0200"
       " 0202 4600 0206 4104 fa56ea01 0202 0600 0204 4902 00 00 020c 400a 4078 0001 01 80 0002 01 80"},
      {"E3", Keepalive{}, ""},
      {"E4", with(e4, {prefix("198.51.100.7/32")}),
       "0000 0022 400101 00 400206 0201 0000fc00 400304 c0000201 800404 00000000 c00804 fc000001 | 20 c6336407"},
      {"E5", e5, "000a 20 c6336407 20 c6336408 0000"},
      {"E6", e6, "0000 0017 800f14 0002 01 80 20010db8000100000000000000000007"},
      {"E7", e7, "0000 000b 800f08 0001 01 20 c6336407"},
      {"E8", e8, "06 02 15 737065616b6572207368757474696e6720646f776e"},
      {"E9", hard_reset(e8), "06 09 06 02 15 737065616b6572207368757474696e6720646f776e"},
      {"E10", hard_reset({ErrorCode::kCease, cease::kBfdDown, {}}), "06 09 06 0a"},
      {"E11", RouteRefresh{kIpv4Unicast, RouteRefresh::Kind::kBegin}, "0001 01 01"},
      {"E12", RouteRefresh{kIpv4Unicast, RouteRefresh::Kind::kEnd}, "0001 02 01"},
      {"E13",
       with(originated(sequence(64512), {}, false),
            MpReach{kIpv4Unicast, next_hop("2001:db8::1"), {prefix("198.51.100.7/32")}}),
       "0000 0031 800e1a 0001 01 10 20010db8000000000000000000000001 00 20 c6336407 400101 00 400206 0201 0000fc00"
       " 800404 00000000"},
      {"E14", with(originated(sequence(64512), {}, true), {prefix("198.51.100.0/24")}),
       "0000 001b 400101 00 400206 0201 0000fc00 400304 c0000201 800404 00000000 | 18 c63364"},
      {"S11", RouteRefresh{kIpv6Unicast, RouteRefresh::Kind::kRequest}, "0002 00 01"},
      {"S12", Notification{ErrorCode::kCease, cease::kPeerDeconfigured, {}}, "06 03"},
  };
}

constexpr MessageType kTypes[] = {MessageType::kOpen, MessageType::kUpdate, MessageType::kNotification,
                                  MessageType::kKeepalive, MessageType::kRouteRefresh};

void expect_both_ways(const std::vector<Vector>& vectors, AttributeForm form) {
  for (const auto& [name, message, body, internal, four_octet_as] : vectors) {
    EXPECT_EQ(to_hex(encode_body(message, {four_octet_as, form})), plain(body)) << name;
    const auto whole = framed(kTypes[message.index()], body);
    EXPECT_EQ(to_hex(encode(message, {four_octet_as, form})), to_hex(whole)) << name;
    const auto read = decode(whole, {.four_octet_as = four_octet_as, .internal = internal});
    ASSERT_TRUE(read.has_value()) << name;
    EXPECT_EQ(*read, message) << name;
  }
}

TEST(CodecVectors, CapturesOfFrrAreReproducedBitForBitAndRead) {
  expect_both_ways(frr_captures(), AttributeForm::kFrr);
}

TEST(CodecVectors, VectorsOfTheSpecificationAreReproducedBitForBitAndRead) {
  expect_both_ways(engine_vectors(), AttributeForm::kPlain);
}

TEST(CodecVectors, APeerOfTwoOctetAsNumbersGetsAsTransAndTheRealPathBesideIt) {
  // S10
  const std::string_view body =
      "0000 0024 400101 00 50020004 0201 5ba0 400304 c0000201 800404 00000000 d0110006 0201 fa56ea01 | 20 c6336407";
  auto attributes = originated(sequence(4200000001), {}, true);
  EXPECT_EQ(to_hex(encode_body(with(attributes, {prefix("198.51.100.7/32")}), {false, AttributeForm::kFrr})), plain(body));
  const auto read = decode(framed(MessageType::kUpdate, body), {.four_octet_as = false});
  ASSERT_TRUE(read.has_value());
  attributes.as_path = sequence(kAsTrans.value());
  attributes.as4_path = sequence(4200000001);
  EXPECT_EQ(std::get<Update>(*read), with(attributes, {prefix("198.51.100.7/32")}));
}

TEST(CodecVectors, AnAsNumberThatFitsNeedsNoSecondPath) {
  // bgp spec 6.10, case 166
  auto attributes = originated(sequence(65000), {}, true);
  attributes.communities = {Community(1234), Community(2345)};
  EXPECT_EQ(
      to_hex(encode_body(with(attributes, {prefix("172.16.0.0/24")}), {.four_octet_as = false})),
      plain("0000 0024 400101 00 400204 0201 fde8 400304 c0000201 800404 00000000 c00808 000004d2 00000929 | 18 ac1000"));
}

TEST(CodecVectors, TheOpenOfFrrIsUnderstood) {
  // S1: everything in its own parameter, with capabilities that we do not know.
  const auto read =
      decode(framed(MessageType::kOpen,
                    "04 fc00 00b4 c0000201 57"
                    " 02 06 01 04 0001 00 01   02 06 01 04 0002 00 01   02 02 80 00   02 02 02 00   02 02 46 00"
                    " 02 06 41 04 0000fc00     02 02 06 00              02 0a 45 08 0001 01 01 0002 01 01"
                    " 02 09 49 07 05 6e6f646531 00                      02 04 40 02 c078"
                    " 02 10 47 0e 0001 01 80 000000 0002 01 80 000000"),
             {});
  ASSERT_TRUE(read.has_value());
  const auto& open = std::get<Open>(*read);
  const Capabilities expected{.families = {kIpv4Unicast, kIpv6Unicast},
                              .route_refresh = true,
                              .enhanced_route_refresh = true,
                              .four_octet_as = Asn(64512),
                              .extended_message = true,
                              .fqdn = Fqdn{"node1", ""},
                              .graceful_restart = GracefulRestart{true, true, 120, {}},
                              .others = {0x80, 0x45, 0x47}};
  EXPECT_EQ(open.capabilities, expected);
  EXPECT_EQ(open.asn(), Asn(64512));
  EXPECT_EQ(open.hold_time, 180);
  EXPECT_EQ(open.identifier, RouterId(0xc0000201));
}

TEST(CodecVectors, OpensOfManyRoutersAreUnderstood) {
  const struct {
    const char* name;
    std::string_view bytes;
    std::uint32_t as;
    bool four_octet_as;
    std::uint16_t hold;
    std::size_t families;
  } rows[] = {
      {"N1",
       "0041 01 04 0001 00b4 0a010101 24 0222 01040001 0001 01040001 0004 02004002 012c 41040000 0001 4508 00010101 "
       "00010401",
       1, true, 180, 2},
      {"N2", "0025 01 04 fc1f 0028 c0a81241 08 0206 4104 0000fc1f", 64543, true, 40, 0},
      {"N3", "0033 01 04 fc1f 0028 c0a81045 16 0214 0104 0001 0001 0200 4002 0000 4104 0000fc1f 4600", 64543, true, 40, 1},
      {"N4", "0035 01 04 fc1f 00b4 c0a81001 18 0206 0104 0001 0001 0202 8000 0202 0200 0206 4104 0000fc1f", 64543, true, 180,
       1},
      {"N5", "0031 01 04 fdea 005a b9ecf027 14 0212 0104 0001 0001 0104 0002 0001 4104 0000fdea", 65002, true, 90, 2},
      {"N6", "002b 01 04 fde9 00b4 b9ecf040 0e 020c 0104 0001 0001 0200 4002 00b4", 65001, false, 180, 1},
  };
  for (const auto& row : rows) {
    Bytes message(16, 0xFF);
    ByteWriter(message).bytes(from_hex(row.bytes));
    const auto read = decode(message, {});
    ASSERT_TRUE(read.has_value()) << row.name;
    const auto& open = std::get<Open>(*read);
    EXPECT_EQ(open.asn(), Asn(row.as)) << row.name;
    EXPECT_EQ(open.capabilities.four_octet_as.has_value(), row.four_octet_as) << row.name;
    EXPECT_EQ(open.hold_time, row.hold) << row.name;
    EXPECT_EQ(open.capabilities.families.size(), row.families) << row.name;
  }
}

TEST(CodecVectors, EndOfRibIsToldFromOtherUpdates) {
  const struct {
    std::string_view body;
    std::optional<Family> family;
  } rows[] = {
      {"0000 0000", kIpv4Unicast},
      {"0000 0006 800f 03 0002 01", kIpv6Unicast},
      {"0000 0007 900f 0003 0002 01", kIpv6Unicast},
      {"0000 0006 800f 03 0001 01", kIpv4Unicast},
      {"0000 000b 800f08 0001 01 20 c6336407", std::nullopt},
      {"0005 20 c6336407 0000", std::nullopt},
      {"0005 20 c6336407 0006 800f 03 0002 01", std::nullopt},
  };
  for (const auto& row : rows) {
    const auto counts = count_update(from_hex(row.body), {});
    ASSERT_TRUE(counts.has_value()) << row.body;
    EXPECT_EQ(counts->end_of_rib, row.family) << row.body;
  }
}

}  // namespace
}  // namespace metallb::bgp
