// Mode rules: rows tM1 to tM21 of controller spec 7.5. The original refuses what its native engine cannot do (M1 to
// M4) and what one FRR cannot have (M5). One engine takes the place of both, whatever METALLB_BGP_TYPE says, and needs one
// rule: sessions that meet on a node differ in address or interface, VRF, port or source. docs/compatibility.md lists the
// rows that come out otherwise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fixtures.hpp"

namespace metallb::config {
namespace {

using SpecEdit = void (*)(kube::BGPPeerSpec&);

/// What is wrong with these, or "ok".
std::string verdict_on(const Resources& resources) {
  const auto config = strict(resources);
  return config ? "ok" : config.error().problem;
}

Resources with_peers(const std::vector<SpecEdit>& edits) {
  Resources out;
  for (const auto edit : edits) {
    auto object = peer("peer" + std::to_string(out.bgp_peers.size()));
    edit(object->spec);
    out.bgp_peers.push_back(object);
  }
  return out;
}

TEST(ModeRules, WhatTheNativeModeRefusesOfAPeerWorks) {
  struct Row {
    const char* row;
    SpecEdit edit;
  };
  const Row rows[] = {
      {"tM1 bfdProfile, and tM4 that there is one", [](auto& s) { s.bfdProfile = "fast"; }},
      {"tM1 graceful restart", [](auto& s) { s.enableGracefulRestart = true; }},
      {"tM1 disableMP", [](auto& s) { s.disableMP = true; }},
      {"tM1 dynamicASN", [](auto& s) { s.peerASN = 0, s.dynamicASN = "external"; }},
      {"tM1 interface", [](auto& s) { s.peerAddress = "", s.interface = "eth0"; }},
      {"tM1 localASN", [](auto& s) { s.localASN = 65'000; }},
      {"tM1 keepalive", [](auto& s) { s.keepaliveTime = "1s"; }},
      {"tM1 connectTime", [](auto& s) { s.connectTime = "1s"; }},
      {"tM2", [](auto& s) { s.holdTime = "0s", s.keepaliveTime = "0s"; }},
      {"tM3 vrf", [](auto& s) { s.vrf = "red"; }},
      {"tM3 both families", [](auto& s) { s.dualStackAddressFamily = true; }},
  };
  for (const auto& row : rows) {
    auto resources = with_peers({row.edit});
    resources.bfd_profiles = {profile("fast")};
    EXPECT_EQ(verdict_on(resources), "ok") << row.row;
  }
}

TEST(ModeRules, IPv6PoolsAreAdvertised) {
  auto six = pool("six", {"2001:db8::/64"});
  six->metadata.labels["family"] = "6";
  struct Row {
    const char* row;
    std::vector<kube::BGPAdvertisementSpec> specs;
    std::size_t attached;
  };
  const Row rows[] = {
      {"tM5", {{}}, 1},
      {"tM6", {{.ipAddressPools = {"four"}}}, 0},
      {"tM7 by name", {{.ipAddressPools = {"four"}}, {.ipAddressPools = {"six"}}}, 1},
      {"tM7 by label", {{.ipAddressPools = {"four"}}, {.ipAddressPoolSelectors = {labels({{"family", "6"}})}}}, 1},
      {"tM9", {}, 0},
  };
  for (const auto& row : rows) {
    Resources resources{.pools = {six, pool("four", {"192.0.2.0/24"})}, .nodes = {node("n")}};
    for (const auto& spec : row.specs) {
      resources.bgp_advertisements.push_back(
          bgp_advertisement("adv" + std::to_string(resources.bgp_advertisements.size()), spec));
    }
    const auto config = strict(resources);
    ASSERT_TRUE(config.has_value()) << row.row << ": " << config.error().to_string();
    EXPECT_EQ(config->pools.at("six").bgp.size(), row.attached) << row.row;
  }
}

TEST(ModeRules, TM8LargeCommunitiesWorkAsLiteralsAndAsAliases) {
  Resources resources{.pools = {pool("p", {"192.0.2.0/24"})},
                      .bgp_advertisements = {bgp_advertisement("adv", {.communities = {"large:1:2:3", "alias"}})},
                      .communities = {community("c", {{"alias", "large:4:5:6"}})},
                      .nodes = {node("n")}};
  const auto config = strict(resources);
  ASSERT_TRUE(config.has_value()) << config.error().to_string();
  EXPECT_EQ(config->pools.at("p").bgp.at(0).communities.size(), 2U);
}

TEST(ModeRules, PeersOfOneNode) {
  const SpecEdit one = [](auto&) {};
  const SpecEdit two = [](auto& s) { s.peerAddress = "192.0.2.2"; };
  const SpecEdit red = [](auto& s) { s.vrf = "red"; };
  const SpecEdit eth0 = [](auto& s) { s.peerAddress = "", s.interface = "eth0"; };
  const SpecEdit on1 = [](auto& s) { s.nodeSelectors = {labels({{"n", "1"}})}; };
  const SpecEdit on2 = [](auto& s) { s.nodeSelectors = {labels({{"n", "2"}})}; };
  const SpecEdit on3 = [](auto& s) { s.nodeSelectors = {labels({{"n", "3"}})}; };
  const SpecEdit on1or2 = [](auto& s) { s.nodeSelectors = {labels({{"n", "1"}}), labels({{"n", "2"}})}; };
  const SpecEdit on3or4 = [](auto& s) { s.nodeSelectors = {labels({{"n", "3"}}), labels({{"n", "4"}})}; };
  const SpecEdit on3or2 = [](auto& s) { s.nodeSelectors = {labels({{"n", "3"}}), labels({{"n", "2"}})}; };
  struct Row {
    const char* row;
    std::vector<SpecEdit> peers;
    bool accepted;
    bool nodes_known = true;
  };
  const Row rows[] = {
      {"tM10 equal",
       {[](auto& s) { s.routerID = "1.1.1.1"; }, [](auto& s) { s.routerID = "1.1.1.1", s.vrf = "red"; }},
       true},
      {"tM10 different",
       {[](auto& s) { s.routerID = "1.1.1.1"; }, [](auto& s) { s.routerID = "2.2.2.2", s.vrf = "red"; }},
       true},
      {"tM10 missing", {[](auto& s) { s.routerID = "1.1.1.1"; }, two}, true},
      {"tM11 equal", {one, two}, true},
      {"tM11 different", {one, [](auto& s) { s.peerAddress = "192.0.2.2", s.myASN = 64'999; }}, true},
      {"tM12", {one, [](auto& s) { s.vrf = "red", s.myASN = 64'999; }}, true},
      {"tM12 the other way", {[](auto& s) { s.vrf = "red", s.myASN = 64'999; }, one}, true},
      {"tM13", {one, one}, false},
      {"tM14", {one, red, [](auto& s) { s.vrf = "green"; }}, true},
      {"tM15", {red, red}, false},
      {"tM16", {eth0, [](auto& s) { s.peerAddress = "", s.interface = "eth1"; }}, true},
      {"tM16 same", {eth0, eth0}, false},
      {"tM17", {on1, on2}, true},
      {"tM18", {on1, on1}, false},
      {"tM18 one everywhere", {on1, one}, false},
      {"tM19", {on1, on2}, false, false},
      {"tM20", {on1, on2, on3}, true},
      {"tM20 overlap", {on1, on2, on1or2}, false},
      {"tM21", {on1or2, on3or4}, true},
      {"tM21 overlap", {on1or2, on3or2}, false},
  };
  for (const auto& row : rows) {
    auto resources = with_peers(row.peers);
    for (const char* name : {"1", "2", "3", "4"}) {
      if (row.nodes_known) resources.nodes.push_back(node(std::string("node") + name, {{"n", name}}));
    }
    const auto verdict = verdict_on(resources);
    EXPECT_EQ(verdict == "ok", row.accepted) << row.row << ": " << verdict;
    if (!row.accepted) EXPECT_THAT(verdict, testing::HasSubstr("already exists")) << row.row;
  }
}

}  // namespace
}  // namespace metallb::config
