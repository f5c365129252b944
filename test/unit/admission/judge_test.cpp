// Validating webhooks: rows tW1 to tW15, tW19 and tW20 of controller spec 7.12, and what 8.2 asks for beyond them.
#include "admission/judge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reviews.hpp"

namespace metallb::admission {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kPool = R"({"addresses":["192.0.2.0/24"]})";
const std::string kPeer = R"({"myASN":64512,"peerASN":64513,"peerAddress":"10.0.0.1"})";

std::string peer_with(const std::string& fields) {
  return R"({"myASN":64512,"peerASN":64513,"peerAddress":"10.0.0.1",)" + fields + "}";
}

struct Row {
  const char* row;
  const char* path;
  Review review;
  std::vector<Stored> stored;
  bool allowed;
  const char* text;  ///< in the message of a refusal, in a warning otherwise; empty: no warning at all
};

void check(const Row& row) {
  SCOPED_TRACE(row.row);
  const auto verdict = ask(row.path, row.review, row.stored);
  EXPECT_EQ(verdict.allowed, row.allowed) << verdict.message << warnings(verdict);
  EXPECT_EQ(verdict.code, row.allowed ? 200 : 403);
  const auto said = row.allowed ? warnings(verdict) : verdict.message;
  if (*row.text == '\0') {
    EXPECT_THAT(said, IsEmpty());
  } else {
    EXPECT_THAT(said, HasSubstr(row.text));
  }
}

TEST(Admission, AnObjectOutsideOfTheNamespaceIsNotCreated) {
  const char* const text = "resource must be created in metallb-system namespace";
  const Row rows[] = {
      {"tW1 pool", kPools, creation("a", kPool, "default"), {}, false, text},
      {"tW1 L2Advertisement", kLayer2, creation("a", "{}", "default"), {}, false, text},
      {"tW1 BGPAdvertisement", kBgp, creation("a", "{}", "default"), {}, false, text},
      {"tW1 BGPPeer", kPeers, creation("a", kPeer, "default"), {}, false, text},
      {"tW1 BFDProfile", kProfiles, creation("a", "{}", "default"), {}, false, text},
      {"tW1 Community", kCommunities, creation("a", "{}", "default"), {}, false, text},
      {"tW13 decided otherwise", kPeers, creation("a", peer_with(R"("disableMP":true)"), "default"), {}, false, text},
      {"8.2 update elsewhere", kPools, update("a", "{}", R"({"addresses":["x"]})", "default"), {}, true, "has no effect"},
  };
  for (const auto& row : rows) check(row);
}

TEST(Admission, TheIncomingObjectIsJudgedTogetherWithThoseOfItsKind) {
  const std::string half = R"({"addresses":["192.0.2.0/25"]})";
  const Row rows[] = {
      {"tW2 second pool", kPools, creation("b", half), {{Kind::kPool, "a", kPool}}, false, "overlaps"},
      {"tW2 blamed on the other", kPools, creation("a", half), {{Kind::kPool, "b", kPool}}, false, "pool \"a\""},
      {"tW3 replaced", kPools, update("a", kPool, half), {{Kind::kPool, "a", kPool}}, true, "nobody announces"},
      {"tW4 create",
       kPools,
       creation("a", R"({"addresses":["192.0.2.0"]})"),
       {},
       false,
       "spec.addresses[0]: parsing address pool a: invalid CIDR"},
      {"8.1 row 22: all entries at once",
       kPools,
       creation("a", R"({"addresses":["192.0.2.0","192.0.2.9-192.0.2.1"]})"),
       {},
       false,
       "; spec.addresses[1]: invalid IP range"},
      {"who changes one pool need not mend another",
       kPools,
       update("a", kPool, half),
       {{Kind::kPool, "a", kPool}, {Kind::kPool, "b", R"({"addresses":["192.0.2.0/26"]})"}},
       true,
       "already wrong before: IPAddressPool metallb-system/b"},
      {"tW4 update",
       kPools,
       update("a", kPool, R"({"addresses":[]})"),
       {{Kind::kPool, "a", kPool}},
       false,
       "pool has no prefixes defined"},
      {"tW4 L2Advertisement",
       kLayer2,
       creation("a", R"({"ipAddressPools":["p","p"]})"),
       {},
       false,
       "duplicate definition of ipAddressPools"},
      {"tW4 BGPAdvertisement", kBgp, creation("a", R"({"aggregationLength":33})"), {}, false, "invalid aggregation length"},
      {"B4", kBgp, creation("a", R"({"aggregationLength":20})"), {{Kind::kPool, "p", kPool}}, false, "more specific"},
      {"B5",
       kBgp,
       creation("b", R"({"localPref":200})"),
       {{Kind::kPool, "p", kPool}, {Kind::kNode, "n", ""}, {Kind::kBgpAdvertisement, "a", R"({"localPref":100})"}},
       false,
       "local preferernce"},
      {"F3", kProfiles, creation("a", R"({"receiveInterval":1})"), {}, false, "spec.receiveInterval"},
  };
  for (const auto& row : rows) check(row);
}

TEST(Admission, TW5AndTW10PeersThatMeetOnANodeMustDiffer) {
  const auto on = [](const char* host) {
    return peer_with(R"("nodeSelectors":[{"matchLabels":{"kubernetes.io/hostname":")" + std::string(host) + R"("}}])");
  };
  auto nodes = resources({{Kind::kPeer, "a", on("n1")}});
  for (const auto* name : {"n1", "n2"}) {
    auto node = std::make_shared<kube::Node>();
    node->metadata.name = name;
    node->metadata.labels = {{"kubernetes.io/hostname", name}};
    nodes.nodes.push_back(node);
  }
  const auto* const webhook = webhook_at(kPeers);
  // The nodes decide.
  EXPECT_FALSE(judge(*webhook, creation("b", on("n1")), nodes).allowed);
  EXPECT_TRUE(judge(*webhook, creation("b", on("n2")), nodes).allowed);
  check({"tW9",
         kPeers,
         creation("a", R"({"myASN":1,"peerASN":2,"peerAddress":"1.1.1"})"),
         {},
         false,
         "invalid BGPPeer address \"1.1.1\""});
}

TEST(Admission, WhatMayStillBeCreatedIsAWarning) {
  const Row rows[] = {
      {"tW7", kPeers, creation("a", peer_with(R"("bfdProfile":"fast")")), {}, true, "non existing bfd profile \"fast\""},
      {"N17 there", kPeers, creation("a", peer_with(R"("bfdProfile":"fast")")), {{Kind::kBfdProfile, "fast", ""}}, true, ""},
      {"N14", kPeers, creation("a", peer_with(R"("passwordSecret":{"name":"s"})")), {}, true, "secret ref not found: \"s\""},
      {"N15",
       kPeers,
       creation("a", peer_with(R"("passwordSecret":{"name":"s"})")),
       {{Kind::kSecret, "s", ""}},
       true,
       "secret type mismatch"},
      {"N14 beside N17",
       kPeers,
       creation("a", peer_with(R"("bfdProfile":"fast","passwordSecret":{"name":"s"})")),
       {},
       true,
       "secret ref not found: \"s\""},
      {"N17 beside N14",
       kPeers,
       creation("a", peer_with(R"("bfdProfile":"fast","passwordSecret":{"name":"s"})")),
       {},
       true,
       "non existing bfd profile \"fast\""},
      {"tW15 decided otherwise",
       kPeers,
       creation("a", peer_with(R"("password":"x","passwordSecret":{"name":"s"})")),
       {},
       false,
       "both password and secret ref"},
      {"masked by what is missing",
       kPeers,
       creation("b", peer_with(R"("bfdProfile":"fast")")),
       {{Kind::kPeer, "a", peer_with(R"("bfdProfile":"slow")")}},
       false,
       "already exists"},
      {"alias", kBgp, creation("a", R"({"communities":["gold"]})"), {{Kind::kPool, "p", kPool}}, true, "\"gold\""},
      {"alias there",
       kBgp,
       creation("a", R"({"communities":["gold"]})"),
       {{Kind::kPool, "p", kPool},
        {Kind::kPeer, "r", kPeer},
        {Kind::kCommunity, "c", R"({"communities":[{"name":"gold","value":"1:2"}]})"}},
       true,
       ""},
      {"unknown pool",
       kLayer2,
       creation("a", R"({"ipAddressPools":["q"]})"),
       {{Kind::kPool, "p", kPool}},
       true,
       "spec.ipAddressPools[0]: there is no IPAddressPool \"q\""},
      {"selected pool",
       kLayer2,
       creation("a", R"({"ipAddressPoolSelectors":[{"matchLabels":{"a":"b"}}]})"),
       {{Kind::kPool, "p", kPool}},
       true,
       "spec.ipAddressPoolSelectors: no IPAddressPool"},
      {"unknown peer",
       kBgp,
       creation("a", R"({"peers":["r","t"]})"),
       {{Kind::kPool, "p", kPool}, {Kind::kPeer, "r", kPeer}},
       true,
       "spec.peers[1]: there is no BGPPeer \"t\""},
      {"no pools", kBgp, creation("a", "{}"), {}, true, "there is no IPAddressPool"},
      {"nobody announces",
       kPools,
       creation("p", kPool),
       {{Kind::kLayer2Advertisement, "l", R"({"ipAddressPools":["q"]})"}},
       true,
       "nobody announces"},
      {"announced",
       kPools,
       creation("p", kPool),
       {{Kind::kLayer2Advertisement, "l", R"({"ipAddressPools":["p"]})"}},
       true,
       ""},
      {"disableMP", kPeers, creation("a", peer_with(R"("disableMP":true)")), {}, true, "deprecated"},
      {"disableMP is no excuse", kPeers, creation("a", R"({"myASN":0,"disableMP":true})"), {}, false, "missing local ASN"},
  };
  for (const auto& row : rows) check(row);
}

TEST(Admission, CommunitiesAreJudgedAsTheyAreWrittenAndAliasesAreNot) {
  // tW8: of these four the first two are judged.
  for (const auto* text : {"11111:11aaaa", "larg:123:9999:123"}) {
    check({text, kBgp, creation("a", R"({"communities":[")" + std::string(text) + R"("]})"), {}, false, "communit"});
  }
  check(
      {"tW8 aliases", kBgp, creation("a", R"({"communities":["alias","myAlias"]})"), {}, true, "there is no IPAddressPool"});
  const auto alias = [](const std::string& name, const std::string& value) {
    return R"({"communities":[{"name":")" + name + R"(","value":")" + value + R"("}]})";
  };
  const Row rows[] = {
      {"tW11 create", kCommunities, creation("a", alias("x", "99999999:1")), {}, false, "invalid community value"},
      {"tW11 update",
       kCommunities,
       update("a", alias("x", "1:1"), alias("x", "lar:123:9999:123")),
       {{Kind::kCommunity, "a", alias("x", "1:1")}},
       false,
       "invalid community value"},
      {"tW12 two objects",
       kCommunities,
       creation("a", alias("x", "1:1")),
       {{Kind::kCommunity, "b", alias("x", "1:1")}},
       false,
       "duplicate definition of community"},
      {"tW12 one object",
       kCommunities,
       creation("a", R"({"communities":[{"name":"x","value":"1:1"},{"name":"x","value":"1:2"}]})"),
       {},
       false,
       "duplicate definition of community"},
      {"an alias in use goes",
       kCommunities,
       update("a", alias("x", "1:1"), alias("y", "1:1")),
       {{Kind::kCommunity, "a", alias("x", "1:1")}, {Kind::kBgpAdvertisement, "b", R"({"communities":["x"]})"}},
       true,
       "this change breaks BGPAdvertisement metallb-system/b"},
  };
  for (const auto& row : rows) check(row);
}

TEST(Admission, AProfileInUseIsNotDeleted) {
  const std::vector<Stored> peers = {{Kind::kPeer, "router", peer_with(R"("bfdProfile":"fast")")}};
  const Row rows[] = {
      {"tW6", kProfiles, deletion("fast"), peers, false, "failed to delete BFDProfile fast, used by BGPPeer router"},
      {"unused", kProfiles, deletion("slow"), peers, true, ""},
      {"tW20 decided otherwise", kProfiles, deletion("fast", "default"), peers, true, ""},
      {"other kinds", kPools, deletion("p"), {}, true, ""},
  };
  for (const auto& row : rows) check(row);
}

TEST(Admission, WhatIsWrongElsewhereDoesNotStandInTheWay) {
  const std::string broken = R"({"addresses":["nonsense"]})";
  const Row rows[] = {
      {"tW19 decided otherwise",
       kLayer2,
       creation("a", "{}"),
       {{Kind::kPool, "p", broken}},
       true,
       "already wrong before: IPAddressPool metallb-system/p"},
      {"another pool", kPools, creation("q", kPool), {{Kind::kPool, "p", broken}}, true, "already wrong before"},
      {"tW14 aggregation",
       kPools,
       update("p", kPool, R"({"addresses":["192.0.2.0/28"]})"),
       {{Kind::kPool, "p", kPool}, {Kind::kBgpAdvertisement, "b", R"({"aggregationLength":24})"}},
       true,
       "this change breaks BGPAdvertisement metallb-system/b: spec.aggregationLength"},
      {"still wrong",
       kPools,
       update("p", broken, R"({"addresses":["nonsense","192.0.2.0/24"]})"),
       {{Kind::kPool, "p", broken}},
       false,
       "nonsense"},
      {"only annotated", kPools, update("p", broken, broken), {{Kind::kPool, "p", broken}}, true, "nonsense"},
  };
  for (const auto& row : rows) check(row);
  auto leaving = update("p", kPool, broken);
  leaving.object.as_object()["metadata"].as_object()["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  EXPECT_TRUE(ask(kPools, leaving).allowed) << "finalizers must be able to go";
}

TEST(Admission, EveryErrorIsToldAtOnce) {
  const auto verdict = ask(
      kPools, creation("b", R"({"addresses":["192.0.2.0/24"]})"),
      {{Kind::kPool, "c", R"({"addresses":["192.0.2.0/25"]})"}, {Kind::kPool, "d", R"({"addresses":["192.0.2.128/25"]})"}});
  EXPECT_THAT(verdict.message, HasSubstr("metallb-system/c"));
  EXPECT_THAT(verdict.message, HasSubstr("metallb-system/d"));
}

TEST(Admission, AnObjectOfAnotherShapeIsNotUnderstood) {
  const auto verdict = ask(kPools, creation("a", R"({"addresses":"192.0.2.0/24"})"));
  EXPECT_FALSE(verdict.allowed);
  EXPECT_EQ(verdict.code, 400);
  EXPECT_THAT(verdict.message, HasSubstr("spec.addresses"));
}

TEST(Admission, APeerOfTheOldVersionIsJudgedAsTheNewOneItBecomes) {
  auto review = creation("a", kPeer);
  review.object.as_object()["apiVersion"] = "metallb.io/v1beta1";
  review.object.as_object()["kind"] = "BGPPeer";
  review.object.as_object()["spec"].as_object()["peerPort"] = 0;
  EXPECT_TRUE(ask(kPeers, review).allowed);
  EXPECT_THAT(ask(kPeers, review, {{Kind::kPeer, "b", kPeer}}).message, HasSubstr("already exists"));
  review.object.as_object()["spec"].as_object()["nodeSelectors"] = 7;
  EXPECT_EQ(ask(kPeers, review).code, 400);
}

TEST(Admission, ListsWhatItMustKnowAndNoSecretButTheOneNamed) {
  const auto targets = [](const char* path, const Review& review) {
    std::vector<std::string> out;
    for (const auto& listing : listings(*webhook_at(path), review, kOurs)) out.push_back(listing.target);
    return out;
  };
  EXPECT_THAT(targets(kLayer2, creation("a", "{}")),
              testing::ElementsAre("/apis/metallb.io/v1beta1/namespaces/metallb-system/l2advertisements",
                                   "/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools"));
  EXPECT_THAT(targets(kPeers, creation("a", kPeer)), Not(testing::Contains(HasSubstr("secrets"))));
  EXPECT_THAT(targets(kPeers, creation("a", peer_with(R"("passwordSecret":{"name":"s"})"))),
              testing::Contains("/api/v1/namespaces/metallb-system/secrets?fieldSelector=metadata.name%3Ds"));
  EXPECT_THAT(targets(kProfiles, deletion("fast")),
              testing::ElementsAre("/apis/metallb.io/v1beta2/namespaces/metallb-system/bgppeers"));
  EXPECT_EQ(webhook_at("/validate-metallb-io-v1beta1-bgppeer"), nullptr);
}

}  // namespace
}  // namespace metallb::admission
