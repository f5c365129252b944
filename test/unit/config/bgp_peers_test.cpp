// BGPPeers: rows 88 to 109, 137 to 147, 151 and 152 of bgp spec 6, and tN1 to tN32 of controller spec 7.3.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.hpp"
#include "fixtures.hpp"

namespace metallb::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

using PeerEdit = void (*)(kube::BGPPeerSpec&);
constexpr auto kBasicAuth = "kubernetes.io/basic-auth";

/// The only peer of `resources`, or the error as a failed expectation.
BgpPeer only_peer(const Resources& resources) {
  const auto config = strict(resources);
  EXPECT_TRUE(config.has_value()) << config.error().to_string();
  return config ? config->bgp_peers.at(0) : BgpPeer{};
}

Resources with_peer(PeerEdit edit) {
  auto object = peer("peer1");
  edit(object->spec);
  return {.bgp_peers = {object}};
}

TEST(BgpPeers, WhatCannotBeASessionIsRefusedWithItsField) {
  struct Row {
    const char* row;
    PeerEdit edit;
    const char* field;
    const char* problem;
  };
  const Row rows[] = {
      {"89, tN4", [](auto& s) { s.myASN = 0; }, "spec.myASN", "parsing peer peer1 missing local ASN"},
      {"89, tN5", [](auto& s) { s.peerASN = 0; }, "spec.peerASN", "missing peer ASN and dynamicASN"},
      {"89, tN6", [](auto& s) { s.dynamicASN = "internal"; }, "spec.dynamicASN", "both peer ASN and dynamicASN"},
      {"N4", [](auto& s) { s.peerASN = 0, s.dynamicASN = "any"; }, "spec.dynamicASN", "invalid dynamicASN \"any\""},
      {"myASN negative", [](auto& s) { s.myASN = -1; }, "spec.myASN", "invalid local ASN -1"},
      {"myASN too large", [](auto& s) { s.myASN = 4'294'967'296; }, "spec.myASN", "invalid local ASN 4294967296"},
      {"peerASN too large", [](auto& s) { s.peerASN = 4'294'967'296; }, "spec.peerASN", "invalid peer ASN 4294967296"},
      {"AS_TRANS, ours", [](auto& s) { s.myASN = 23'456; }, "spec.myASN", "AS_TRANS"},
      {"AS_TRANS, theirs", [](auto& s) { s.peerASN = 23'456; }, "spec.peerASN", "AS_TRANS"},
      {"localASN 0", [](auto& s) { s.localASN = 0; }, "spec.localASN", "invalid localASN 0"},
      {"90, tN8", [](auto& s) { s.peerASN = s.myASN, s.ebgpMultiHop = true; }, "spec.ebgpMultiHop", "invalid ebgp-multihop"},
      {"88, tN3", [](auto& s) { s.peerAddress = "1.2.3.400"; }, "spec.peerAddress", "invalid BGPPeer address \"1.2.3.400\""},
      {"zone", [](auto& s) { s.peerAddress = "fe80::1%eth0"; }, "spec.peerAddress", "invalid BGPPeer address"},
      {"link-local", [](auto& s) { s.peerAddress = "fe80::1"; }, "spec.peerAddress", "link-local"},
      {"unspecified", [](auto& s) { s.peerAddress = "0.0.0.0"; }, "spec.peerAddress", "invalid BGPPeer address"},
      {"multicast", [](auto& s) { s.peerAddress = "ff02::1"; }, "spec.peerAddress", "invalid BGPPeer address"},
      {"100, tN24", [](auto& s) { s.interface = "net0"; }, "spec.interface", "both BGPPeer address and interface"},
      {"100, tN23", [](auto& s) { s.peerAddress = ""; }, "spec.peerAddress", "missing BGPPeer address and interface"},
      {"N11", [](auto& s) { s.sourceAddress = "me"; }, "spec.sourceAddress", "invalid source IP \"me\""},
      {"N11 family", [](auto& s) { s.sourceAddress = "2001:db8::1"; }, "spec.sourceAddress", "invalid source IP"},
      {"port below", [](auto& s) { s.peerPort = -1; }, "spec.peerPort", "invalid peer port -1"},
      {"port above", [](auto& s) { s.peerPort = 65'536; }, "spec.peerPort", "invalid peer port 65536"},
      {"97, tN18", [](auto& s) { s.routerID = "one"; }, "spec.routerID", "invalid router ID \"one\""},
      {"IPv6 router ID", [](auto& s) { s.routerID = "2001:db8::1"; }, "spec.routerID", "invalid router ID"},
      {"router ID of zero", [](auto& s) { s.routerID = "0.0.0.0"; }, "spec.routerID", "invalid router ID"},
      {"98, tN19 key", [](auto& s) { s.nodeSelectors = {expression("", "Exists")}; }, "spec.nodeSelectors[0]",
       "invalid label"},
      {"98, tN19 no operator", [](auto& s) { s.nodeSelectors = {expression("a", "")}; }, "spec.nodeSelectors[0]",
       "invalid label"},
      {"98, tN19 unknown operator", [](auto& s) { s.nodeSelectors = {expression("a", "surrounds", {"b"})}; },
       "spec.nodeSelectors[0]", "invalid label selector"},
      {"98, tN20", [](auto& s) { s.nodeSelectors = {expression("a", "In", {"quux", "quux"})}; },
       "spec.nodeSelectors[0].matchExpressions[0].values", "duplicate definition of match expression value"},
      {"selector twice", [](auto& s) { s.nodeSelectors = {labels({{"a", "b"}}), expression("a", "In", {"b"})}; },
       "spec.nodeSelectors[1]", "duplicate definition of nodeSelectors"},
      {"151", [](auto& s) { s.password = std::string(81, 'x'); }, "spec.password", "password of 81 bytes"},
      {"103, tN25", [](auto& s) { s.password = "x", s.passwordSecret.name = "secret"; }, "spec.passwordSecret",
       "both password and secret ref"},
      {"107, tN29, tN30 may come", [](auto& s) { s.passwordSecret.name = "gone"; }, "spec.passwordSecret.name",
       "secret ref not found: \"gone\""},
      {"109, tN31 may come", [](auto& s) { s.bfdProfile = "gone"; }, "spec.bfdProfile",
       "referencing non existing bfd profile \"gone\""},
  };
  for (const auto& row : rows) {
    const auto config = strict(with_peer(row.edit));
    ASSERT_FALSE(config.has_value()) << row.row;
    const auto& error = config.error();
    EXPECT_EQ(error.object, "BGPPeer metallb-system/peer1") << row.row;
    EXPECT_EQ(error.field, row.field) << row.row;
    EXPECT_THAT(error.problem, HasSubstr(row.problem)) << row.row;
    EXPECT_THAT(error.remedy, Not(testing::IsEmpty())) << row.row;
    const bool may_come = std::string(row.row).ends_with("may come");
    EXPECT_EQ(error.transient, may_come) << row.row;
  }
}

TEST(BgpPeers, TN1TN2AndTN32EveryFieldArrives) {
  auto object = peer("peer1");
  object->spec = {.myASN = 42,
                  .peerASN = 142,
                  .localASN = 65'410,
                  .peerAddress = "1.2.3.4",
                  .sourceAddress = "10.20.30.40",
                  .peerPort = 1179,
                  .holdTime = "3m",
                  .connectTime = "1s",
                  .routerID = "10.20.30.41",
                  .nodeSelectors = {{{{"foo", "bar"}}, {{"bar", "In", {"quux"}}}}},
                  .password = "nopass",
                  .bfdProfile = "fast",
                  .enableGracefulRestart = true,
                  .ebgpMultiHop = true,
                  .vrf = "foo",
                  .disableMP = true,
                  .dualStackAddressFamily = true};
  const auto found = only_peer({.bgp_peers = {object}, .bfd_profiles = {profile("fast", {.receiveInterval = 50})}});
  EXPECT_EQ(found.name, "peer1");
  EXPECT_EQ(found.my_asn, 42);
  EXPECT_EQ(found.local_asn, 65'410);
  EXPECT_EQ(found.remote_as, BgpPeer::RemoteAs::kFixed);
  EXPECT_EQ(found.peer_asn, 142);
  EXPECT_EQ(found.address, IpAddress::v4(1, 2, 3, 4));
  EXPECT_EQ(found.source, IpAddress::v4(10, 20, 30, 40));
  EXPECT_EQ(found.port, 1179);
  EXPECT_EQ(found.hold_time, 180s);
  EXPECT_EQ(found.keepalive_time, 60s);
  EXPECT_EQ(found.connect_time, 1s);
  EXPECT_EQ(found.router_id, IpAddress::v4(10, 20, 30, 41));
  ASSERT_THAT(found.node_selectors, SizeIs(1));
  EXPECT_TRUE(found.node_selectors[0].matches({{"foo", "bar"}, {"bar", "quux"}}));
  EXPECT_FALSE(found.node_selectors[0].matches({{"foo", "bar"}}));
  EXPECT_EQ(found.node_selectors[0].to_string(), "bar=quux,foo=bar");
  EXPECT_EQ(found.password, "nopass");
  ASSERT_TRUE(found.bfd.has_value());
  EXPECT_EQ(found.bfd->receive_interval, 50ms);
  EXPECT_TRUE(found.graceful_restart && found.ebgp_multihop && found.dual_stack);
  EXPECT_EQ(found.vrf, "foo");
}

TEST(BgpPeers, WhatIsLeftOutHasItsDefault) {
  const auto found = only_peer({.bgp_peers = {peer("peer1")}});
  EXPECT_EQ(found.port, 179);
  EXPECT_FALSE(found.local_asn || found.source || found.router_id || found.bfd || found.connect_time);
  EXPECT_FALSE(found.graceful_restart || found.ebgp_multihop || found.dual_stack);
  EXPECT_THAT(found.password, testing::IsEmpty());
  // The older version of the API has 0 for "unset".
  EXPECT_EQ(only_peer(with_peer([](auto& s) { s.peerPort = 0; })).port, 179);
}

TEST(BgpPeers, TN9MultihopIsWithoutEffectWhereTheRouterIsInOurAsWhateverItIs) {
  EXPECT_FALSE(
      only_peer(with_peer([](auto& s) { s.peerASN = 0, s.dynamicASN = "internal", s.ebgpMultiHop = true; })).ebgp_multihop);
  EXPECT_TRUE(
      only_peer(with_peer([](auto& s) { s.peerASN = 0, s.dynamicASN = "external", s.ebgpMultiHop = true; })).ebgp_multihop);
}

TEST(BgpPeers, TN7TN22TN37AndTN38WhatTheOriginalsModesRefuseIsAccepted) {
  EXPECT_EQ(only_peer(with_peer([](auto& s) { s.peerASN = 0, s.dynamicASN = "internal"; })).remote_as,
            BgpPeer::RemoteAs::kInternal);
  EXPECT_EQ(only_peer(with_peer([](auto& s) { s.peerASN = 0, s.dynamicASN = "external"; })).remote_as,
            BgpPeer::RemoteAs::kExternal);
  const auto unnumbered = only_peer(
      with_peer([](auto& s) { s.peerASN = 0, s.dynamicASN = "external", s.peerAddress = "", s.interface = "net0"; }));
  EXPECT_EQ(unnumbered.interface, "net0");
  EXPECT_FALSE(unnumbered.address.has_value());
  EXPECT_EQ(only_peer(with_peer([](auto& s) { s.peerASN = 4'294'967'295; })).peer_asn, 4'294'967'295U);
  EXPECT_EQ(only_peer(with_peer([](auto& s) { s.password = std::string(80, 'x'); })).password.size(), 80);
  // Row 113, tN37: the restriction of the FRR modes on echo and IPv6 pools.
  auto echoing = with_peer([](auto& s) { s.bfdProfile = "echo"; });
  echoing.bfd_profiles = {profile("echo", {.echoMode = true})};
  echoing.pools = {pool("pool", {"2001:db8::/64"})};
  echoing.bgp_advertisements = {bgp_advertisement("all")};
  EXPECT_TRUE(only_peer(echoing).bfd->echo_mode);
  echoing.pools = {pool("pool", {"192.0.2.0/24"})};
  EXPECT_TRUE(only_peer(echoing).bfd->echo_mode) << "tN38";
}

TEST(BgpPeers, TimersFollowFromEachOther) {
  using Text = std::optional<std::string>;
  struct Row {
    const char* row;
    Text hold, keepalive;
    std::optional<std::chrono::seconds> expected_hold;
    std::optional<Duration> expected_keepalive;
    const char* field = nullptr;  ///< at fault
    const char* problem = "";
  };
  const auto hold = "spec.holdTime";
  const auto keepalive = "spec.keepaliveTime";
  const auto bounds = "must be 0 or >=3s";
  const Row rows[] = {
      {"96, tN15", {}, {}, {}, {}},
      {"93, tN12", "180s", {}, 180s, 60s},
      {"94, tN13", {}, "60s", 180s, 60s},
      {"95, tN14", "0s", "0s", 0s, 0s},
      {"0 alone", "0", {}, 0s, 0s},
      {"as given", "1m30s", "10s", 90s, 10s},
      {"tN17", "3s", "3s", 3s, 3s},
      {"281", "90s", "0s", 90s, 30s},
      {"a fraction of a second is cut off", "10500ms", "10500ms", 10s, 10s},
      {"the longest", "65535s", {}, 65'535s, 21'845s},
      {"91, tN10", "30s", "90s", {}, {}, keepalive, "must be lower than holdTime"},
      {"92, tN11", "1s", {}, {}, {}, hold, bounds},
      {"294", "70000s", {}, {}, {}, hold, bounds},
      {"65535.5 s", "65535500ms", {}, {}, {}, hold, bounds},
      {"tN16, but we see through it", "500ms", {}, {}, {}, hold, bounds},
      {"tN40", "-500ms", {}, {}, {}, hold, bounds},
      {"tN40 both", "-500ms", "-500ms", {}, {}, keepalive, "invalid keepalive time"},
      {"tN40 seconds", "-3s", {}, {}, {}, hold, bounds},
      {"tN41 keepalive", {}, "500ms", {}, {}, keepalive, bounds},
      {"tN41 hold", "2999ms", {}, {}, {}, hold, bounds},
      {"tN41 hold 0", "0s", "1s", {}, {}, keepalive, "must be lower than holdTime"},
      {"RFC 4271, 4.4", "90s", "999ms", {}, {}, keepalive, "must be 0 or >=1s"},
      {"the shortest", "90s", "1s", 90s, 1s},
      {"thrice too long", {}, "30000s", {}, {}, keepalive, bounds},
      {"the longest of all", {}, "2562047h", {}, {}, keepalive, "invalid keepalive time"},
      {"no duration", "90", {}, {}, {}, hold, "\"90\" is not a duration"},
  };
  for (const auto& row : rows) {
    auto object = peer("peer1");
    object->spec.holdTime = row.hold;
    object->spec.keepaliveTime = row.keepalive;
    const auto config = strict({.bgp_peers = {object}});
    ASSERT_EQ(config.has_value(), row.field == nullptr) << row.row;
    if (config) {
      EXPECT_EQ(config->bgp_peers[0].hold_time, row.expected_hold) << row.row;
      EXPECT_EQ(config->bgp_peers[0].keepalive_time, row.expected_keepalive) << row.row;
    } else {
      EXPECT_EQ(config.error().field, row.field) << row.row;
      EXPECT_THAT(config.error().problem, HasSubstr("invalid BGPPeer timers: ")) << row.row;
      EXPECT_THAT(config.error().problem, HasSubstr(row.problem)) << row.row;
    }
  }
}

TEST(BgpPeers, N19TheConnectTimeIsWholeSeconds) {
  for (const auto* text : {"1s", "65535s", "2m"}) {
    auto object = peer("peer1");
    object->spec.connectTime = text;
    EXPECT_TRUE(only_peer({.bgp_peers = {object}}).connect_time.has_value()) << text;
  }
  for (const auto* text : {"0s", "1500ms", "-1s", "65536s", "soon"}) {
    auto object = peer("peer1");
    object->spec.connectTime = text;
    const auto config = strict({.bgp_peers = {object}});
    ASSERT_FALSE(config.has_value()) << text;
    EXPECT_EQ(config.error().field, "spec.connectTime") << text;
  }
}

TEST(BgpPeers, PasswordsOfSecrets) {
  struct Row {
    const char* row;
    std::string type;
    kube::StringMap data;
    const char* problem;  ///< null: the password is "secret"
  };
  const Row rows[] = {
      {"106, tN28, tN30", kBasicAuth, {{"username", "!"}, {"password", "c2VjcmV0"}}, nullptr},
      {"104, tN26", "Opaque", {{"password", "c2VjcmV0"}}, "\"Opaque\" where type \"kubernetes.io/basic-auth\" is expected"},
      {"105, tN27", kBasicAuth, {{"username", "c2VjcmV0"}}, "password not specified in the secret \"s\""},
      {"152", kBasicAuth, {{"password", ""}}, "is empty"},
      {"too long", kBasicAuth, {{"password", encode_base64(std::string(81, 'x'))}}, "password of 81 bytes"},
      {"no base64", kBasicAuth, {{"password", "c2VjcmV0!"}}, "is not base64"},
  };
  for (const auto& row : rows) {
    auto resources = with_peer([](auto& s) { s.passwordSecret = {"s", "the namespace is ignored"}; });
    resources.secrets = {secret("other", kBasicAuth, {}), secret("s", row.type, row.data)};
    const auto config = strict(resources);
    ASSERT_EQ(config.has_value(), row.problem == nullptr) << row.row;
    if (config) {
      EXPECT_EQ(config->bgp_peers[0].password, "secret") << row.row;
    } else {
      EXPECT_EQ(config.error().field, "spec.passwordSecret") << row.row;
      EXPECT_THAT(config.error().problem, HasSubstr(row.problem)) << row.row;
      EXPECT_THAT(config.error().to_string(), Not(HasSubstr("c2VjcmV0"))) << row.row;
      EXPECT_FALSE(config.error().transient) << row.row;
    }
  }
}

TEST(BgpPeers, TwoThatMeetOnANodeNeedDifferentSessions) {
  struct Row {
    const char* row;
    PeerEdit a, b;
    bool accepted;
    bool nodes_known = true;
  };
  const PeerEdit plain = [](auto&) {};
  const PeerEdit on_1 = [](auto& s) { s.nodeSelectors = {labels({{"n", "1"}})}; };
  const PeerEdit on_2 = [](auto& s) { s.nodeSelectors = {labels({{"n", "2"}})}; };
  const PeerEdit eth0 = [](auto& s) { s.peerAddress = "", s.interface = "eth0"; };
  const Row rows[] = {
      {"99", plain, plain, false},
      {"137", plain, [](auto& s) { s.peerAddress = "192.0.2.2", s.routerID = "1.1.1.1"; }, true},
      {"138", plain, [](auto& s) { s.peerAddress = "192.0.2.2", s.myASN = 64'999; }, true},
      {"140, whatever else differs", plain, [](auto& s) { s.peerASN = 64'999; }, false},
      {"as text only", plain, [](auto& s) { s.peerAddress = "::ffff:192.0.2.1"; }, false},
      {"141", plain, [](auto& s) { s.vrf = "red"; }, true},
      {"142 different", eth0, [](auto& s) { s.peerAddress = "", s.interface = "eth1"; }, true},
      {"142 same", eth0, eth0, false},
      {"143", on_1, on_2, true},
      {"144", on_1, on_2, false, false},
      {"one on all nodes", on_1, plain, false},
      {"145", on_1, [](auto& s) { s.nodeSelectors = {labels({{"n", "2"}}), labels({{"n", "1"}})}; }, false},
      {"147", plain, [](auto& s) { s.peerPort = 1179; }, true},
      {"179 written out", plain, [](auto& s) { s.peerPort = 179; }, false},
      {"from another source", plain, [](auto& s) { s.sourceAddress = "192.0.2.9"; }, true},
  };
  for (const auto& row : rows) {
    auto a = peer("a");
    auto b = peer("b");
    row.a(a->spec);
    row.b(b->spec);
    Resources resources{.bgp_peers = {b, a}};
    if (row.nodes_known) resources.nodes = {node("node1", {{"n", "1"}}), node("node2", {{"n", "2"}})};
    const auto config = strict(resources);
    ASSERT_EQ(config.has_value(), row.accepted) << row.row;
    if (config) {
      EXPECT_THAT(config->bgp_peers, ElementsAre(Field(&BgpPeer::name, "a"), Field(&BgpPeer::name, "b"))) << row.row;
    } else {
      EXPECT_EQ(config.error().object, "BGPPeer metallb-system/b") << row.row;
      EXPECT_THAT(config.error().problem, HasSubstr("already exists")) << row.row;
      EXPECT_THAT(config.error().problem, HasSubstr("BGPPeer \"a\"")) << row.row;
    }
  }
}

TEST(BgpPeers, TN21OneObjectTwiceIsRefused) {
  const auto config = strict({.bgp_peers = {peer(""), peer("")}});
  ASSERT_FALSE(config.has_value());
  EXPECT_THAT(config.error().problem, HasSubstr("already exists"));
}

TEST(BgpPeers, OfOtherNodesAreNotEvenRead) {
  auto resources = with_peer([](auto& s) {
    s.myASN = 0;
    s.nodeSelectors = {labels({{"n", "2"}})};
  });
  auto good = peer("peer2");
  good->spec.nodeSelectors = {labels({{"n", "1"}})};
  resources.bgp_peers.push_back(good);
  resources.nodes = {node("node1", {{"n", "1"}}), node("node2", {{"n", "2"}})};
  EXPECT_FALSE(strict(resources).has_value());
  resources.node_name = "node2";
  EXPECT_FALSE(strict(resources).has_value());
  resources.node_name = "node1";
  EXPECT_EQ(only_peer(resources).name, "peer2");
  // A Node that is not known has no labels.
  resources.node_name = "node3";
  const auto config = strict(resources);
  ASSERT_TRUE(config.has_value());
  EXPECT_THAT(config->bgp_peers, testing::IsEmpty());
}

TEST(BgpPeers, WhomABadSelectorMeansIsNotKnownSoEveryNodeTells) {
  auto resources = with_peer([](auto& s) { s.nodeSelectors = {labels({{"n", "2"}}), expression("n", "near")}; });
  resources.nodes = {node("node1", {{"n", "1"}})};
  resources.node_name = "node1";
  const auto config = strict(resources);
  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(config.error().field, "spec.nodeSelectors[1]");
}

TEST(BgpPeers, OnOneNodeAllThatSelectItMeet) {
  auto a = peer("a");
  auto b = peer("b");
  a->spec.nodeSelectors = {labels({{"n", "1"}})};
  b->spec.nodeSelectors = {labels({{"n", "2"}})};
  Resources resources{.bgp_peers = {a, b}, .nodes = {node("node1", {{"n", "1"}}), node("node2", {{"n", "2"}})}};
  resources.node_name = "node1";
  EXPECT_EQ(only_peer(resources).name, "a");
  b->spec.nodeSelectors = {};
  EXPECT_FALSE(strict(resources).has_value());
}

}  // namespace
}  // namespace metallb::config
