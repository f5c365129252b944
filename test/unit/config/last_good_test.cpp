// What stays in force while an object is wrong (controller spec 8.1 rows 21 and 22; bgp spec 1.10).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/last_good.hpp"
#include "fixtures.hpp"

namespace metallb::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class LastGoodConfig : public testing::Test {
 protected:
  Config build(std::size_t errors) {
    built = last_good.build(resources);
    EXPECT_THAT(built.errors, SizeIs(errors)) << (built.errors.empty() ? "" : built.errors[0].to_string());
    return built.config;
  }
  std::string prefixes(const std::string& name) {
    const auto found = built.config.pools.find(name);
    return found == built.config.pools.end() ? "none" : text(found->second.prefixes);
  }
  std::vector<std::string> blamed() {
    std::vector<std::string> out;
    for (const auto& error : built.errors) out.push_back(error.key.name);
    return out;
  }

  LastGood last_good;
  Resources resources;
  Built built;
};

TEST_F(LastGoodConfig, OneBadPoolDoesNotHoldUpTheOthers) {
  resources.pools = {pool("bad", {"nonsense"}), pool("good", {"10.0.0.0/24"})};
  const auto config = build(1);
  EXPECT_EQ(prefixes("good"), "10.0.0.0/24");
  EXPECT_THAT(config.broken_pools, ElementsAre("bad"));
  EXPECT_THAT(built.errors[0].explanation(), HasSubstr("until then it is not in force"));
}

TEST_F(LastGoodConfig, AllErrorsAreToldNotOnlyTheFirst) {
  resources.pools = {pool("a", {"nonsense"}), pool("b", {}), pool("c", {"10.0.0.0/24"}), pool("d", {"10.0.0.0/25"})};
  build(3);
  EXPECT_THAT(blamed(), ElementsAre("a", "b", "d"));
}

TEST_F(LastGoodConfig, ABadEditLeavesTheFormerVersionInForce) {
  resources.pools = {pool("a", {"10.0.0.0/24"})};
  build(0);
  resources.pools = {pool("a", {"10.0.0.0/33"})};
  EXPECT_THAT(build(1).broken_pools, IsEmpty());
  EXPECT_EQ(prefixes("a"), "10.0.0.0/24");
  EXPECT_THAT(built.errors[0].explanation(), HasSubstr("until then its former version stays in force"));
  // A second bad edit does not make the first one the former version, nor does time.
  resources.pools = {pool("a", {})};
  build(1);
  build(1);
  EXPECT_EQ(prefixes("a"), "10.0.0.0/24");
  resources.pools = {pool("a", {"10.1.0.0/24"})};
  build(0);
  EXPECT_EQ(prefixes("a"), "10.1.0.0/24");
}

TEST_F(LastGoodConfig, ADeletedPoolIsGoneWhateverItsLastVersionWas) {
  resources.pools = {pool("a", {"10.0.0.0/24"})};
  build(0);
  resources.pools = {pool("a", {"nonsense"})};
  build(1);
  resources.pools = {};
  EXPECT_THAT(build(0).pools, IsEmpty());
  resources.pools = {pool("a", {"nonsense"})};
  EXPECT_THAT(build(1).pools, IsEmpty()) << "nothing is remembered of an object that was gone";
}

TEST_F(LastGoodConfig, OfTwoPoolsThatOverlapTheOneThatGrewStepsBack) {
  resources.pools = {pool("a", {"10.0.0.0/24"}), pool("b", {"10.0.1.0/24"})};
  build(0);
  resources.pools = {pool("a", {"10.0.0.0/23"}), pool("b", {"10.0.1.0/24"})};
  build(1);
  EXPECT_EQ(prefixes("a"), "10.0.0.0/24");
  EXPECT_EQ(prefixes("b"), "10.0.1.0/24");
  EXPECT_THAT(built.errors[0].explanation(), HasSubstr("10.0.1.0/24"));
}

TEST_F(LastGoodConfig, ANewPoolDoesNotPushOutAnOlderOneOfALaterName) {
  resources.pools = {pool("b", {"10.0.0.0/24"})};
  build(0);
  resources.pools.push_back(pool("a", {"10.0.0.128/25"}));
  build(1);
  EXPECT_EQ(prefixes("b"), "10.0.0.0/24");
  EXPECT_EQ(prefixes("a"), "none");
}

TEST_F(LastGoodConfig, WhereNothingIsRememberedTheOlderObjectWins) {
  auto young = pool("a", {"10.0.0.128/25"});
  young->metadata.creationTimestamp = "2026-01-02T00:00:00Z";
  auto old = pool("b", {"10.0.0.0/24"});
  old->metadata.creationTimestamp = "2026-01-01T00:00:00Z";
  resources.pools = {young, old};
  build(1);
  EXPECT_THAT(blamed(), ElementsAre("a"));
  EXPECT_EQ(prefixes("b"), "10.0.0.0/24");
}

TEST_F(LastGoodConfig, TwoPoolsThatSwapAddressesInOneLookAreBothAsTheyAreWritten) {
  resources.pools = {pool("a", {"10.0.0.0/24"}), pool("b", {"10.0.1.0/24"})};
  build(0);
  resources.pools = {pool("a", {"10.0.1.0/24"}), pool("b", {"10.0.0.0/24"})};
  build(0);
  EXPECT_EQ(prefixes("a"), "10.0.1.0/24");
}

TEST_F(LastGoodConfig, WhatWorksSurvivesTheDeletionOfWhatItRefersTo) {
  auto router = peer("router");
  router->spec.bfdProfile = "fast";
  router->spec.passwordSecret.name = "key";
  resources.bgp_peers = {router};
  resources.bfd_profiles = {profile("fast", {.receiveInterval = 50})};
  resources.secrets = {secret("key", "kubernetes.io/basic-auth", {{"password", "b25l"}})};
  resources.communities = {community("c", {{"alias", "1:2"}})};
  resources.pools = {pool("a", {"10.0.0.0/24"})};
  resources.bgp_advertisements = {bgp_advertisement("adv", {.communities = {"alias"}})};
  resources.nodes = {node("n")};
  const auto before = build(0);
  ASSERT_THAT(before.bgp_peers, SizeIs(1));

  resources.bfd_profiles.clear();
  resources.secrets.clear();
  resources.communities.clear();
  EXPECT_EQ(build(2), before);
  EXPECT_THAT(blamed(), ElementsAre("router", "adv"));
  EXPECT_THAT(built.errors[0].explanation(), HasSubstr("until then the former version of"));
  EXPECT_EQ(build(2), before) << "also at the next look";

  // Nobody needs them any more: they are not remembered either.
  resources.bgp_peers = {peer("router")};
  resources.bgp_advertisements.clear();
  build(0);
  resources.bgp_peers = {router};
  build(1);
  EXPECT_THAT(built.config.bgp_peers, SizeIs(1)) << "the version without references";
  EXPECT_FALSE(built.config.bgp_peers[0].bfd.has_value());
}

TEST_F(LastGoodConfig, ASecretThatTurnsBadIsHeldBackAndThePeerMayChangeOtherwise) {
  auto router = peer("router");
  router->spec.passwordSecret.name = "key";
  resources.bgp_peers = {router};
  resources.secrets = {secret("key", "kubernetes.io/basic-auth", {{"password", "b25l"}})};
  build(0);
  resources.secrets = {secret("key", "Opaque", {{"password", "dHdv"}})};
  build(1);
  ASSERT_THAT(built.config.bgp_peers, SizeIs(1));
  EXPECT_EQ(built.config.bgp_peers[0].password, "one");
}

TEST_F(LastGoodConfig, APoolEditThatBreaksAnAdvertisementStepsBackNotTheAdvertisement) {
  resources.nodes = {node("n")};
  resources.pools = {pool("a", {"10.0.0.0/24"}), pool("b", {"10.0.1.0/24"})};
  resources.bgp_advertisements = {bgp_advertisement("adv", {.aggregationLength = 26})};
  build(0);
  resources.pools[0] = pool("a", {"10.0.0.0/24", "10.0.2.0/28"});
  build(1);
  EXPECT_EQ(prefixes("a"), "10.0.0.0/24");
  EXPECT_THAT(built.config.pools.at("a").bgp, SizeIs(1));
  EXPECT_THAT(built.config.pools.at("b").bgp, SizeIs(1));
  // The user mends the advertisement: the pool takes effect.
  resources.bgp_advertisements = {bgp_advertisement("adv", {.aggregationLength = 32})};
  build(0);
  EXPECT_EQ(prefixes("a"), "10.0.0.0/24 10.0.2.0/28");
}

TEST_F(LastGoodConfig, AnAdvertisementThatContradictsAnotherIsTheOneThatChanged) {
  resources.nodes = {node("n")};
  resources.pools = {pool("a", {"10.0.0.0/24"})};
  resources.bgp_advertisements = {bgp_advertisement("a", {.localPref = 100}), bgp_advertisement("b", {.localPref = 100})};
  build(0);
  resources.bgp_advertisements[0] = bgp_advertisement("a", {.localPref = 200});
  build(1);
  for (const auto& advertisement : built.config.pools.at("a").bgp) EXPECT_EQ(advertisement.local_pref, 100U);
}

TEST_F(LastGoodConfig, AnAliasThatMovesToAnotherCommunityIsKeptThroughout) {
  resources.nodes = {node("n")};
  resources.pools = {pool("a", {"10.0.0.0/24"})};
  resources.bgp_advertisements = {bgp_advertisement("adv", {.communities = {"alias"}})};
  resources.communities = {community("one", {{"alias", "1:1"}})};
  build(0);
  resources.communities = {community("one", {{"alias", "1:1"}}), community("two", {{"alias", "2:2"}})};
  build(1);
  EXPECT_THAT(blamed(), ElementsAre("two"));
  resources.communities = {community("two", {{"alias", "2:2"}})};
  build(0);
  EXPECT_EQ(built.config.pools.at("a").bgp.at(0).communities.begin()->to_string(), "2:2");
}

TEST_F(LastGoodConfig, NodesThatMakeTwoPeersMeetDoNotStopBoth) {
  auto one = peer("one");
  one->spec.nodeSelectors = {labels({{"rack", "1"}})};
  auto two = peer("two");
  two->spec.nodeSelectors = {labels({{"rack", "2"}})};
  resources.bgp_peers = {one, two};
  resources.nodes = {node("n", {{"rack", "1"}})};
  resources.node_name = "n";
  build(0);
  two->spec.nodeSelectors = {labels({{"rack", "1"}})};
  build(1);
  ASSERT_THAT(built.config.bgp_peers, SizeIs(1));
  EXPECT_EQ(built.config.bgp_peers[0].name, "one");
}

// -- on whom the error stands ---------------------------------------------------------------------------------------------

template <class T>
std::shared_ptr<T> created(std::shared_ptr<T> object, const char* time) {
  object->metadata.creationTimestamp = time;
  return object;
}
constexpr const char* kFirst = "2026-01-01T00:00:00Z";
constexpr const char* kSecond = "2026-01-02T00:00:00Z";

TEST_F(LastGoodConfig, OfTwoPoolsThatOverlapTheOneThatWasEditedIsBlamedAlsoWhenItIsTheOlder) {
  const auto newer = created(pool("newer", {"10.61.0.0/30"}), kSecond);
  resources.pools = {created(pool("older", {"10.60.0.0/30"}), kFirst)};
  build(0);
  resources.pools.push_back(newer);
  build(0);
  resources.pools = {created(pool("older", {"10.61.0.0/30"}), kFirst), newer};
  build(1);
  EXPECT_EQ(prefixes("older"), "10.60.0.0/30");
  EXPECT_EQ(prefixes("newer"), "10.61.0.0/30");
  EXPECT_EQ(built.errors[0].to_string(),
            "IPAddressPool metallb-system/older: spec.addresses[0]: parsing address pool older: CIDR \"10.61.0.0/30\" in "
            "pool \"older\" overlaps with already defined CIDR \"10.61.0.0/30\" (\"10.61.0.0/30\" here, \"10.61.0.0/30\" in "
            "pool \"newer\"): give every address to one pool, and list it once; until then its former version stays in "
            "force");
  EXPECT_FALSE(built.errors[0].left_out);
  const auto errors = built.errors;
  build(1);
  EXPECT_EQ(built.errors, errors) << "also at the next look";

  // Nothing is remembered: the older one wins.
  last_good = {};
  build(1);
  EXPECT_THAT(blamed(), ElementsAre("newer"));
  EXPECT_EQ(prefixes("older"), "10.61.0.0/30");
}

TEST_F(LastGoodConfig, OfTwoPeersOfOneSessionTheOneThatWasEditedIsBlamedAlsoWhenItIsTheOlder) {
  const auto at = [](const char* name, const char* address, const char* time) {
    auto out = created(peer(name), time);
    out->spec.peerAddress = address;
    return out;
  };
  resources.bgp_peers = {at("pa", "192.0.2.11", kFirst), at("pb", "192.0.2.12", kSecond)};
  build(0);
  resources.bgp_peers[0] = at("pa", "192.0.2.12", kFirst);
  build(1);
  EXPECT_THAT(blamed(), ElementsAre("pa"));
  EXPECT_EQ(built.errors[0].field, "spec.peerAddress");
  EXPECT_THAT(built.errors[0].explanation(), HasSubstr("192.0.2.12, port 179 already exists on a common node: it is that of "
                                                       "BGPPeer \"pb\""));
  EXPECT_THAT(built.errors[0].explanation(), HasSubstr("; until then its former version stays in force"));
  ASSERT_THAT(built.config.bgp_peers, SizeIs(2));
  EXPECT_EQ(built.config.bgp_peers[0].address->to_string(), "192.0.2.11");
  EXPECT_EQ(built.config.bgp_peers[1].address->to_string(), "192.0.2.12");

  last_good = {};
  build(1);
  EXPECT_THAT(blamed(), ElementsAre("pb"));
}

TEST_F(LastGoodConfig, OfTwoCommunitiesOfOneAliasTheOneThatWasEditedIsBlamedAlsoWhenItIsTheOlder) {
  const auto cb = created(community("cb", {{"y", "2:2"}}), kSecond);
  resources.communities = {created(community("ca", {{"x", "1:1"}}), kFirst), cb};
  build(0);
  resources.communities = {created(community("ca", {{"y", "1:1"}}), kFirst), cb};
  build(1);
  EXPECT_THAT(blamed(), ElementsAre("ca"));
  EXPECT_EQ(built.errors[0].explanation(),
            "spec.communities[0].name: duplicate definition of community \"y\", which Community \"cb\" defines: give every "
            "alias a name of its own, over all Community objects; until then its former version stays in force");

  last_good = {};
  build(1);
  EXPECT_THAT(blamed(), ElementsAre("cb"));
}

TEST_F(LastGoodConfig, OfTwoAdvertisementsThatContradictEachOtherTheOneThatWasEditedIsBlamed) {
  resources.nodes = {node("n")};
  resources.pools = {pool("a", {"10.0.0.0/24"})};
  resources.bgp_advertisements = {bgp_advertisement("a", {.localPref = 100}), bgp_advertisement("b", {.localPref = 100})};
  build(0);
  resources.bgp_advertisements[0] = bgp_advertisement("a", {.localPref = 200});
  build(1);
  EXPECT_THAT(blamed(), ElementsAre("a"));
  EXPECT_THAT(built.errors[0].explanation(), HasSubstr("invalid local preference 200"));
  EXPECT_THAT(built.errors[0].explanation(), HasSubstr("by BGPAdvertisement \"b\""));
}

TEST_F(LastGoodConfig, APoolThatWasNeverValidIsTheOneRefusedAndHasNoFormerVersion) {
  const auto rb = created(pool("rb", {"10.62.0.0/28"}), kSecond);
  resources.pools = {created(pool("ra", {"10.62.0.9-10.62.0.1"}), kFirst)};
  build(1);
  resources.pools.push_back(rb);
  build(1);
  resources.pools = {created(pool("ra", {"10.62.0.1-10.62.0.9"}), kFirst), rb};
  EXPECT_THAT(build(1).broken_pools, ElementsAre("ra"));
  EXPECT_EQ(prefixes("rb"), "10.62.0.0/28");
  EXPECT_THAT(blamed(), ElementsAre("ra"));
  EXPECT_TRUE(built.errors[0].left_out);
  EXPECT_THAT(built.errors[0].explanation(), HasSubstr("10.62.0.1-10.62.0.9\" here, \"10.62.0.0/28\" in pool \"rb\""));
  EXPECT_THAT(built.errors[0].explanation(), HasSubstr("; until then it is not in force"));
  EXPECT_THAT(built.errors[0].explanation(), Not(HasSubstr("former version")));
}

TEST_F(LastGoodConfig, APoolThatAnAdvertisementForbidsIsBlamedForItself) {
  resources.nodes = {node("n")};
  resources.pools = {pool("a", {"10.0.0.0/24"})};
  resources.bgp_advertisements = {bgp_advertisement("adv", {.aggregationLength = 26})};
  build(0);
  resources.pools = {pool("a", {"10.0.0.0/24", "10.0.2.0/28"}), pool("new", {"10.0.3.0/28"})};
  build(2);
  EXPECT_THAT(blamed(), UnorderedElementsAre("a", "new"));
  for (const auto& error : built.errors) {
    const bool edited = error.key.name == "a";
    EXPECT_EQ(error.kind, "IPAddressPool");
    EXPECT_EQ(error.field, edited ? "spec.addresses[1]" : "spec.addresses[0]");
    EXPECT_THAT(error.problem, HasSubstr(edited ? "\"10.0.2.0/28\"" : "\"10.0.3.0/28\""));
    EXPECT_THAT(error.problem, HasSubstr("BGPAdvertisement \"adv\""));
    EXPECT_EQ(error.left_out, !edited);
    EXPECT_EQ(error.meanwhile, edited ? "until then its former version stays in force" : "until then it is not in force");
  }
  EXPECT_THAT(built.config.broken_pools, ElementsAre("new"));
}

TEST_F(LastGoodConfig, WhoRefersToAnObjectThatTurnsBadIsNotBlamedForIt) {
  auto router = peer("router");
  router->spec.bfdProfile = "fast";
  resources.bgp_peers = {router};
  resources.bfd_profiles = {profile("fast", {.receiveInterval = 50})};
  const auto before = build(0);
  resources.bfd_profiles = {profile("fast", {.receiveInterval = 9})};
  EXPECT_EQ(build(1), before);
  EXPECT_THAT(blamed(), ElementsAre("fast"));
}

TEST_F(LastGoodConfig, ADeletedAliasStaysWithWhoNeedsItWhenItsSuccessorIsRefused) {
  resources.nodes = {node("n")};
  resources.pools = {pool("a", {"10.0.0.0/24"})};
  resources.bgp_advertisements = {bgp_advertisement("adv", {.communities = {"x"}})};
  resources.communities = {community("c2", {{"y", "2:2"}}), community("c9", {{"x", "9:9"}})};
  const auto before = build(0);
  resources.communities = {community("c1", {{"x", "1:1"}, {"y", "1:1"}}), community("c2", {{"y", "2:2"}})};
  EXPECT_EQ(build(2), before);
  EXPECT_THAT(blamed(), UnorderedElementsAre("c1", "adv"));
  for (const auto& error : built.errors) {
    EXPECT_EQ(error.meanwhile, error.key.name == "c1"
                                   ? "until then it is not in force"
                                   : "until then the former version of Community metallb-system/c9 stays in force");
  }
}

// -- cost -----------------------------------------------------------------------------------------------------------------

/// "10.<i / 250>.<i % 250>.0/24"
std::string own_range(int i) {
  return "10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".0/24";
}

TEST_F(LastGoodConfig, AThousandPoolsThatOverlapAreSettledInAFewRounds) {
  constexpr int kPools = 1000;
  struct Row {
    const char* what;
    std::vector<std::string> (*addresses)(int);
  };
  const Row rows[] = {
      {"all with one", [](int i) { return std::vector{i == 0 ? "10.0.0.0/8" : own_range(i)}; }},
      {"all with each other", [](int) { return std::vector<std::string>{"10.0.0.0/8"}; }},
      {"each with the next", [](int i) { return std::vector{own_range(i), own_range(i + 1)}; }},
      {"in pairs", [](int i) { return std::vector{own_range(i / 2)}; }},
  };
  for (const auto& row : rows) {
    for (const bool edited : {false, true}) {
      // New ones beside one that works, and former versions to step back to.
      last_good = {};
      resources.pools = {pool("p1000", {"10.0.0.0/24"})};
      for (int i = 1; edited && i < kPools; ++i)
        resources.pools.push_back(pool("p" + std::to_string(1000 + i), {own_range(i)}));
      build(0);
      const auto before = built.config;
      resources.pools.resize(1);
      for (int i = 1; i < kPools; ++i) {
        auto addresses = row.addresses(i);
        addresses.push_back("10.0.0." + std::to_string(i % 250) + "/32");  // of p1000, which does not change
        resources.pools.push_back(pool("p" + std::to_string(1000 + i), addresses));
      }
      EXPECT_EQ(build(kPools - 1), (edited ? before : built.config)) << row.what;
      EXPECT_EQ(prefixes("p1000"), "10.0.0.0/24") << row.what;
      EXPECT_LE(last_good.rounds(), 3) << row.what << (edited ? ", edited" : ", new");
    }
    // Nothing is remembered.
    last_good = {};
    resources.pools.clear();
    for (int i = 0; i < kPools; ++i) resources.pools.push_back(pool("p" + std::to_string(1000 + i), row.addresses(i)));
    built = last_good.build(resources);
    EXPECT_FALSE(built.errors.empty());
    EXPECT_EQ(built.errors.size() + built.config.pools.size(), resources.pools.size()) << row.what;
    EXPECT_LE(last_good.rounds(), 3) << row.what;
  }
}

}  // namespace
}  // namespace metallb::config
