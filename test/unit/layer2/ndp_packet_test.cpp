// Neighbour discovery frames: the vectors of layer2 spec 3.7 and the validity rules of RFC 4861, Section 7.1.1.
#include "layer2/ndp_packet.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "frames.hpp"

namespace metallb::layer2 {
namespace {

using namespace test;

NdpError error_of(const Solicitation& s) {
  const auto decoded = decode_solicitation(solicitation_frame(s));
  EXPECT_FALSE(decoded.has_value());
  return decoded.has_value() ? NdpError::kNotNdp : decoded.error();
}

TEST(NdpPacket, WritesTheUnsolicitedAdvertisementOfTheSpecification) {
  NeighborAdvertisement na;
  na.ethernet_destination = mac("33:33:00:00:00:01");
  na.ethernet_source = kOurMac;
  na.source = kOurLinkLocal;
  na.destination = ip("ff02::1");
  na.target = kVip6;
  na.target_link_layer = kOurMac;
  na.override_ = true;
  EXPECT_EQ(to_hex(encode_advertisement(na)),
            "33330000000102000000000186dd"
            "6000000000203aff"
            "fe800000000000000000000000000001"
            "ff020000000000000000000000000001"
            "880026242000000020010db80000000000000000000002400201020000000001");
}

TEST(NdpPacket, WritesTheSolicitedAdvertisementOfTheSpecification) {
  NeighborAdvertisement na;
  na.ethernet_destination = kClientMac;
  na.ethernet_source = kOurMac;
  na.source = kOurLinkLocal;
  na.destination = kClientLinkLocal;
  na.target = kVip6;
  na.target_link_layer = kOurMac;
  na.solicited = true;
  const auto frame = encode_advertisement(na);
  EXPECT_EQ(to_hex(ByteView(frame).subspan(54)), "8800060e4000000020010db80000000000000000000002400201020000000001");
}

TEST(NdpPacket, SetsEachFlagOnItsOwnBit) {
  NeighborAdvertisement na;
  na.source = kOurLinkLocal;
  na.destination = kClientLinkLocal;
  na.target = kVip6;
  EXPECT_EQ(encode_advertisement(na)[58], 0x00);
  na.router = true;
  EXPECT_EQ(encode_advertisement(na)[58], 0x80);
  na.router = false;
  na.solicited = true;
  EXPECT_EQ(encode_advertisement(na)[58], 0x40);
  na.override_ = true;
  EXPECT_EQ(encode_advertisement(na)[58], 0x60);
}

TEST(NdpPacket, ReadsASolicitation) {
  const auto s = decode_solicitation(solicitation_frame({}));
  ASSERT_TRUE(s.has_value());
  EXPECT_EQ(s->ethernet_destination, mac("33:33:ff:00:02:40"));
  EXPECT_EQ(s->ethernet_source, kClientMac);
  EXPECT_EQ(s->source, kClientLinkLocal);
  EXPECT_EQ(s->destination, ip("ff02::1:ff00:240"));
  EXPECT_EQ(s->target, kVip6);
  EXPECT_EQ(s->source_link_layer, kClientMac);
  EXPECT_FALSE(s->is_duplicate_probe());
}

TEST(NdpPacket, ReadsASolicitationWithoutOptions) {
  const auto s = decode_solicitation(solicitation_frame({.options = {}}));
  ASSERT_TRUE(s.has_value());
  EXPECT_EQ(s->source_link_layer, std::nullopt);
}

TEST(NdpPacket, RecognisesADuplicateAddressProbe) {
  const auto s = decode_solicitation(solicitation_frame({.source = ip("::"), .options = {}}));
  ASSERT_TRUE(s.has_value());
  EXPECT_TRUE(s->is_duplicate_probe());
}

TEST(NdpPacket, IgnoresEthernetPadding) {
  EXPECT_TRUE(decode_solicitation(solicitation_frame({.padding = 30})).has_value());
}

TEST(NdpPacket, SkipsUnknownOptionsAndTakesTheFirstLinkLayerAddress) {
  // A nonce (RFC 3971, type 14), as Linux adds to its probes; then two source link-layer addresses.
  const auto s = decode_solicitation(
      solicitation_frame({.options = {14, 1, 9, 9, 9, 9, 9, 9, 1, 1, 2, 0, 0, 0, 0, 7, 1, 1, 2, 0, 0, 0, 0, 8}}));
  ASSERT_TRUE(s.has_value());
  EXPECT_EQ(s->source_link_layer, mac("02:00:00:00:00:07"));
}

TEST(NdpPacket, AcceptsAProbeWithANonce) {
  EXPECT_TRUE(
      decode_solicitation(solicitation_frame({.source = ip("::"), .options = {14, 1, 1, 2, 3, 4, 5, 6}})).has_value());
}

TEST(NdpPacket, RefusesAHopLimitBelow255) {
  EXPECT_EQ(error_of({.hop_limit = 254}), NdpError::kHopLimit);
  EXPECT_EQ(error_of({.hop_limit = 64}), NdpError::kHopLimit);
}

TEST(NdpPacket, RefusesAWrongChecksum) {
  EXPECT_EQ(error_of({.bad_checksum = true}), NdpError::kChecksum);
}

TEST(NdpPacket, RefusesACodeOtherThanZero) {
  EXPECT_EQ(error_of({.code = 1}), NdpError::kInvalid);
}

TEST(NdpPacket, RefusesAMulticastTarget) {
  EXPECT_EQ(error_of({.target = ip("ff02::1")}), NdpError::kInvalid);
}

TEST(NdpPacket, RefusesAMulticastSource) {
  EXPECT_EQ(error_of({.source = ip("ff02::1")}), NdpError::kInvalid);
}

TEST(NdpPacket, RefusesOptionsOfLengthZero) {
  EXPECT_EQ(error_of({.options = {1, 0, 0, 0, 0, 0, 0, 0}}), NdpError::kInvalid);
}

TEST(NdpPacket, RefusesOptionsThatReachBeyondThePacket) {
  EXPECT_EQ(error_of({.options = {14, 2, 0, 0, 0, 0, 0, 0}}), NdpError::kInvalid);
  EXPECT_EQ(error_of({.options = {1, 1, 2, 0, 0, 0, 0}}), NdpError::kInvalid);
  EXPECT_EQ(error_of({.options = {1}}), NdpError::kInvalid);
}

TEST(NdpPacket, RefusesALinkLayerAddressThatIsNotAnEthernetOne) {
  EXPECT_EQ(error_of({.options = {1, 2, 2, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0}}), NdpError::kInvalid);
}

TEST(NdpPacket, RefusesAProbeWithALinkLayerAddress) {
  EXPECT_EQ(error_of({.source = ip("::")}), NdpError::kInvalid);
}

TEST(NdpPacket, RefusesAProbeThatIsNotSentToTheTargetsGroup) {
  EXPECT_EQ(error_of({.source = ip("::"), .destination = kVip6, .options = {}}), NdpError::kInvalid);
  EXPECT_EQ(error_of({.source = ip("::"), .destination = ip("ff02::1:ff00:241"), .options = {}}), NdpError::kInvalid);
}

TEST(NdpPacket, RefusesIpv4MappedAddresses) {
  auto frame = solicitation_frame({});
  const auto mapped = from_hex("00000000000000000000ffffc0a801f0");
  for (const std::size_t at : {22U, 38U, 62U}) {
    auto changed = frame;
    std::copy(mapped.begin(), mapped.end(), changed.begin() + static_cast<std::ptrdiff_t>(at));
    ASSERT_FALSE(decode_solicitation(changed).has_value());
    EXPECT_EQ(decode_solicitation(changed).error(), NdpError::kInvalid) << at;
  }
}

TEST(NdpPacket, TellsOtherIcmpv6FromOtherProtocols) {
  EXPECT_EQ(error_of({.type = 136}), NdpError::kOtherType);
  EXPECT_EQ(error_of({.type = 128}), NdpError::kOtherType);
  EXPECT_EQ(error_of({.next_header = 17}), NdpError::kNotNdp);
  EXPECT_EQ(error_of({.ether_type = 0x0806}), NdpError::kNotNdp);
  EXPECT_EQ(error_of({.version = 4}), NdpError::kInvalid);
}

TEST(NdpPacket, ReadsAnAdvertisement) {
  const auto decoded = decode_advertisement(advertisement_frame({.flags = 0xA0000000U}));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->source, kClientLinkLocal);
  EXPECT_EQ(decoded->destination, ip("ff02::1"));
  EXPECT_EQ(decoded->target, kVip6);
  EXPECT_EQ(decoded->target_link_layer, kClientMac);
  EXPECT_EQ(decoded->ethernet_source, kClientMac);
  EXPECT_TRUE(decoded->router);
  EXPECT_FALSE(decoded->solicited);
  EXPECT_TRUE(decoded->override_);
  EXPECT_TRUE(decode_advertisement(advertisement_frame({.destination = kOurLinkLocal, .flags = 0x40000000U}))->solicited);
}

TEST(NdpPacket, TakesTheFramesSourceWhenAnAdvertisementHasNoOption) {
  const auto from = mac("02:00:00:00:00:42");
  EXPECT_EQ(decode_advertisement(advertisement_frame({.ethernet_source = from, .options = {}}))->target_link_layer, from);
  // An option of the other kind says nothing about the target.
  EXPECT_EQ(decode_advertisement(advertisement_frame({.ethernet_source = from, .options = {1, 1, 2, 0, 0, 0, 0, 7}}))
                ->target_link_layer,
            from);
}

TEST(NdpPacket, RefusesAdvertisementsThatRfc4861Refuses) {
  const auto refused = [](const Advertisement& a) { return decode_advertisement(advertisement_frame(a)).error(); };
  EXPECT_EQ(refused({.hop_limit = 64}), NdpError::kHopLimit);
  EXPECT_EQ(refused({.bad_checksum = true}), NdpError::kChecksum);
  EXPECT_EQ(refused({.target = ip("ff02::1")}), NdpError::kInvalid);
  EXPECT_EQ(refused({.flags = 0x40000000U}), NdpError::kInvalid) << "solicited, by multicast";
  EXPECT_EQ(refused({.options = {2, 0, 0, 0, 0, 0, 0, 0}}), NdpError::kInvalid);
  EXPECT_EQ(refused({.options = {2, 2, 2, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0}}), NdpError::kInvalid);
  EXPECT_EQ(decode_advertisement(solicitation_frame({})).error(), NdpError::kOtherType);
  const auto whole = advertisement_frame({.options = {}});
  for (std::size_t size = 14; size < whole.size(); ++size) {
    EXPECT_EQ(decode_advertisement(ByteView(whole).first(size)).error(), NdpError::kTruncated) << size;
  }
}

RC_GTEST_PROP(NdpPacket, ReadsTheAdvertisementsThatItWrites, (bool router, bool solicited, bool override_flag)) {
  NeighborAdvertisement written;
  written.ethernet_destination = kClientMac;
  written.ethernet_source = kOurMac;
  written.source = kOurLinkLocal;
  written.destination = kClientLinkLocal;
  written.target = kVip6;
  written.target_link_layer = kOurMac;
  written.router = router;
  written.solicited = solicited;
  written.override_ = override_flag;
  const auto read = decode_advertisement(encode_advertisement(written));
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->router == router && read->solicited == solicited && read->override_ == override_flag);
  RC_ASSERT(read->target == kVip6 && read->target_link_layer == kOurMac && read->source == kOurLinkLocal);
}

TEST(NdpPacket, RefusesEveryTruncation) {
  const auto frame = solicitation_frame({.options = {}});
  for (std::size_t size = 0; size < frame.size(); ++size) {
    const auto decoded = decode_solicitation(ByteView(frame).first(size));
    ASSERT_FALSE(decoded.has_value()) << size;
    EXPECT_EQ(decoded.error(), NdpError::kTruncated) << size;
  }
}

TEST(NdpPacket, RefusesALengthFieldThatCutsTheTarget) {
  EXPECT_EQ(error_of({.options = {}, .length_error = -1}), NdpError::kTruncated);
  EXPECT_EQ(error_of({.options = {}, .length_error = -24}), NdpError::kTruncated);
}

RC_GTEST_PROP(NdpPacket, WritesChecksumsThatAReceiverAccepts, (bool router, bool solicited, bool override_flag)) {
  const auto any = [] {
    const auto high = static_cast<Uint128>(0x20010DB8ULL) << 96;
    return IpAddress::from_number(IpFamily::kIpv6, high | *rc::gen::arbitrary<std::uint64_t>());
  };
  NeighborAdvertisement na;
  na.source = any();
  na.destination = any();
  na.target = any();
  na.target_link_layer = kOurMac;
  na.router = router;
  na.solicited = solicited;
  na.override_ = override_flag;
  const auto frame = encode_advertisement(na);
  RC_ASSERT(frame.size() == 86U);
  // The checksum over a message that holds its own is all ones before the complement.
  RC_ASSERT(checksum(na.source, na.destination, ByteView(frame).subspan(54)) == 0);
}

}  // namespace
}  // namespace metallb::layer2
