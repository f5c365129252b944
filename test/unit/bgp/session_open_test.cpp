// OPENs: what we say, what we accept, and what both make of it (bgp spec 3.3, 4.4, 4.5, 6.13).
#include <gtest/gtest.h>

#include "desk.hpp"

namespace metallb::bgp {
namespace {

using namespace test;

std::string answer_to(const Open& open, const PeerSettings& settings = external_peer()) {
  const auto agreed = negotiate(settings, make_open(settings, CapabilitySet::kFull, false), open);
  return agreed ? std::string() : to_hex(encode_body(agreed.error().notification));
}

PeerSettings internal_peer() {
  auto out = external_peer();
  out.peer_as = {PeerAs::Kind::kInternal, {}};
  return out;
}

TEST(SessionOpen, OursIsThatOfTheVectors) {
  // E1
  const auto plain_open = make_open(external_peer(), CapabilitySet::kFull, true);
  EXPECT_EQ(to_hex(encode_body(plain_open)),
            plain("04 fc00 00b4 c0000201 2d 0206 0104 0001 0001 0202 0200 0202 4600 0206 4104 0000fc00 0202 0600"
                  " 0209 4907 056e6f646531 00 0204 4002 c078"));
  // E2
  auto unnumbered = external_peer();
  unnumbered.transport.address = address("fe80::ff:fe00:2");
  unnumbered.my_as = unnumbered.local_as = Asn(4200000001);
  unnumbered.families = {kIpv4Unicast, kIpv6Unicast};
  unnumbered.graceful_restart = true;
  unnumbered.host_name = "";
  EXPECT_EQ(to_hex(encode_body(make_open(unnumbered, CapabilitySet::kFull, false))),
            plain("04 5ba0 00b4 c0000201 42 0206 0104 0001 0001 0208 0506 0001 0001 0002 0206 0104 0002 0001 0202 0200"
                  " 0202 4600 0206 4104 fa56ea01 0202 0600 0204 4902 00 00 020c 400a 4078 0001 01 80 0002 01 80"));
}

TEST(SessionOpen, TheLocalAsIsTheOneThatIsShown) {
  auto settings = external_peer();
  settings.local_as = Asn(65410);
  const auto open = make_open(settings, CapabilitySet::kFull, false);
  EXPECT_EQ(open.my_as, 65410);
  EXPECT_EQ(open.asn(), Asn(65410));
}

TEST(SessionOpen, PeersThatMayNotBeAreRefusedWithTheirFault) {
  EXPECT_EQ(answer_to(peer_open()), "");
  auto open = peer_open();
  open.my_as = 0;
  EXPECT_EQ(answer_to(open), "0202");
  open = peer_open();
  open.capabilities.four_octet_as = Asn(0);
  EXPECT_EQ(answer_to(open), "0202");
  open.capabilities.four_octet_as = kAsTrans;
  EXPECT_EQ(answer_to(open), "0202");
  open.capabilities.four_octet_as.reset();
  open.my_as = 23456;
  EXPECT_EQ(answer_to(open), "0202");
  open.my_as = 64999;
  EXPECT_EQ(answer_to(open), "0202");
  open = peer_open();
  open.identifier = RouterId(0);
  EXPECT_EQ(answer_to(open), "0203");
  // RFC 6286: only inside one AS must identifiers differ.
  open.identifier = external_peer().router_id;
  EXPECT_EQ(answer_to(open), "");
  for (const std::uint16_t hold : {std::uint16_t{1}, std::uint16_t{2}}) {
    open = peer_open();
    open.hold_time = hold;
    EXPECT_EQ(answer_to(open), "0206");
  }
  open = peer_open();
  open.capabilities.families = {{1, 4}};
  auto both = external_peer();
  both.families = {kIpv4Unicast, kIpv6Unicast};
  EXPECT_EQ(answer_to(open, both), plain("02 07 0104 0001 0001 0104 0002 0001"));
}

TEST(SessionOpen, AnInternalPeerHasOurAsAndAnExternalOneDoesNot) {
  auto open = peer_open();
  EXPECT_EQ(answer_to(open, internal_peer()), "0202");
  open.my_as = 64512;
  open.capabilities.four_octet_as = Asn(64512);
  EXPECT_EQ(answer_to(open, internal_peer()), "");
  open.identifier = external_peer().router_id;
  EXPECT_EQ(answer_to(open, internal_peer()), "0203");
  auto external = external_peer();
  external.peer_as = {PeerAs::Kind::kExternal, {}};
  EXPECT_EQ(answer_to(open, external), "0202");
  EXPECT_EQ(answer_to(peer_open(), external), "");
  external.local_as = Asn(64513);
  EXPECT_EQ(answer_to(peer_open(), external), "0202");
}

TEST(SessionOpen, TimersAreTheSmallerOnes) {
  const struct {
    int ours, theirs;
    std::optional<Duration> keepalive;
    int hold;
    Duration expected;
  } rows[] = {
      {180, 90, std::nullopt, 90, seconds(30)}, {90, 180, seconds(0), 90, seconds(30)},
      {90, 90, seconds(10), 90, seconds(10)},   {90, 9, seconds(10), 9, seconds(3)},
      {90, 0, seconds(10), 0, seconds(0)},      {0, 90, std::nullopt, 0, seconds(0)},
  };
  for (const auto& row : rows) {
    auto settings = external_peer();
    settings.hold_time = seconds(row.ours);
    settings.keepalive_time = row.keepalive;
    auto open = peer_open();
    open.hold_time = static_cast<std::uint16_t>(row.theirs);
    const auto agreed = negotiate(settings, make_open(settings, CapabilitySet::kFull, false), open);
    ASSERT_TRUE(agreed.has_value());
    EXPECT_EQ(agreed->hold_time, seconds(row.hold));
    EXPECT_EQ(agreed->keepalive_time, row.expected);
  }
}

TEST(SessionOpen, WithoutFamiliesThePeerMeansIpv4) {
  // bgp spec 6.13, case 255
  auto settings = external_peer();
  settings.families = {kIpv4Unicast, kIpv6Unicast};
  auto open = peer_open();
  open.capabilities.families.clear();
  const auto agreed = negotiate(settings, make_open(settings, CapabilitySet::kFull, false), open);
  ASSERT_TRUE(agreed.has_value());
  EXPECT_EQ(agreed->families, std::vector{kIpv4Unicast});
}

TEST(SessionOpen, APeerThatRefusesCapabilitiesIsOfferedFewer) {
  // bgp spec 6.13, case 277
  const auto offered = [](const Family& family) {
    Desk desk;
    auto settings = external_peer();
    settings.families = {family};
    desk.set_peer(settings);
    std::vector<std::size_t> out;
    for (int attempt = 0; attempt < 4; ++attempt) {
      desk.connect();
      out.push_back(write_capabilities(std::get<Open>(desk.heard().at(0)).capabilities).size());
      desk.say(Notification{ErrorCode::kOpenMessage, open_error::kUnsupportedParameter, {}});
      while (desk.state() != State::kConnect) desk.advance(seconds(1));
    }
    return out;
  };
  EXPECT_EQ(offered(kIpv4Unicast), (std::vector<std::size_t>{7, 2, 0, 0}));
  // IPv6 cannot do without its family.
  EXPECT_EQ(offered(kIpv6Unicast), (std::vector<std::size_t>{7, 2, 2, 2}));
}

TEST(SessionOpen, APeerThatLacksAFamilyIsOfferedTheSameAgain) {
  // bgp spec 6.13, case 293
  const struct {
    std::string_view data;
    std::size_t next;
  } rows[] = {{"0104 0002 0001", 7},           {"", 7},    {"0104 0001 0001 4602", 7}, {"4600", 2},
              {"0104 0001 0001 4002 c078", 2}, {"4700", 7}};
  for (const auto& [data, next] : rows) {
    Desk desk;
    desk.set_peer();
    desk.connect();
    desk.say(Notification{ErrorCode::kOpenMessage, open_error::kUnsupportedCapability, from_hex(data)});
    desk.advance(seconds(1));
    desk.connect();
    EXPECT_EQ(write_capabilities(std::get<Open>(desk.heard().at(0)).capabilities).size(), next) << data;
  }
}

TEST(SessionOpen, TheRestartBitIsSetUntilTheFirstDumpOrForTwoMinutes) {
  // bgp spec 4.7
  const auto restarting = [](Desk& desk) {
    desk.connect();
    return std::get<Open>(desk.heard().at(0)).capabilities.graceful_restart->restarting;
  };
  Desk desk;
  desk.input(ServicesKnown{});
  desk.set_peer();
  EXPECT_TRUE(restarting(desk));
  desk.say(peer_open_with_restart());
  desk.say(Keepalive{});
  desk.input(Disconnected{desk.last_dial(), "reset"});
  EXPECT_FALSE(restarting(desk));

  Desk late;
  late.set_peer();
  late.input(DialFailed{late.last_dial(), "refused"});
  late.advance(seconds(121));
  while (late.state() != State::kConnect) late.advance(seconds(1));
  EXPECT_FALSE(restarting(late));
}

TEST(SessionOpen, NextHopsAreThoseOfTheTable) {
  // bgp spec 3.5, 4.8
  const auto v4 = address("192.0.2.1");
  const auto global = address("2001:db8::1");
  const auto link = address("fe80::1");
  const auto none = std::optional<IpAddress>();
  const auto hex = [](const IpAddress& a, const std::optional<IpAddress>& b = {}) {
    return to_hex(a.bytes()) + (b ? to_hex(b->bytes()) : "");
  };
  const struct {
    const char* what;
    LocalAddresses addresses;
    bool over_ipv6;
    std::string ipv4, ipv6;
  } rows[] = {
      {"v4 session alone", {v4, v4, none, none, true}, false, hex(v4), ""},
      {"v4 session, interface with v6", {v4, v4, global, link, true}, false, hex(v4), hex(global, link)},
      {"v4 session over a hop", {v4, v4, global, link, false}, false, hex(v4), hex(global)},
      {"v4 session, only link-local", {v4, v4, none, link, true}, false, hex(v4), hex(link, link)},
      {"v4 session over a hop, only link-local", {v4, v4, none, link, false}, false, hex(v4), ""},
      {"v6 session", {global, v4, global, link, true}, false, hex(v4), hex(global, link)},
      {"v6 session over a hop", {global, v4, global, link, false}, false, hex(v4), hex(global)},
      {"v6 session without v4", {global, none, global, link, true}, false, "", hex(global, link)},
      {"v6 session with RFC 8950", {global, v4, global, link, true}, true, hex(global, link), hex(global, link)},
      {"unnumbered", {link, none, none, link, true}, true, hex(link, link), hex(link, link)},
      {"unnumbered with a global address", {link, none, global, link, true}, true, hex(global, link), hex(global, link)},
  };
  for (const auto& row : rows) {
    const auto hops = next_hops(row.addresses, row.over_ipv6);
    EXPECT_EQ(to_hex(hops.ipv4), row.ipv4) << row.what;
    EXPECT_EQ(to_hex(hops.ipv6), row.ipv6) << row.what;
  }
}

}  // namespace
}  // namespace metallb::bgp
