// The speaker's BGP half over passes that take several slices of work (bgp spec 2.4, 2.5), and what it says of Services and
// objects that only such a pass, or time, can judge.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/speaker/bgp_under_test.hpp"
#include "unit/speaker/speaker_under_test.hpp"

namespace metallb::speaker {
namespace {

using test::pool;
using test::SpeakerUnderTest;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int kServices = 100;  // more than one slice of work

kube::BGPAdvertisement summary(std::int64_t local_pref, const std::string& name = "summary") {
  kube::BGPAdvertisement out;
  out.metadata.namespace_ = "metallb-system";
  out.metadata.name = name;
  out.spec.aggregationLength = 24;
  out.spec.localPref = local_pref;
  return out;
}

kube::BGPPeer router_resource() {
  kube::BGPPeer out;
  out.metadata.namespace_ = "metallb-system";
  out.metadata.name = "router";
  out.spec.myASN = 64512;
  out.spec.peerASN = 64513;
  out.spec.peerAddress = "10.0.0.1";
  return out;
}

/// iris1 with a router, and a hundred Services with an address each under one /24.
struct ManyServices : SpeakerUnderTest {
  explicit ManyServices(const std::vector<kube::BGPAdvertisement>& advertisements) : SpeakerUnderTest("iris1") {
    put(test::node("iris1"));
    put(pool("pool", {"10.20.30.0/24"}));
    for (const auto& advertisement : advertisements) put(advertisement);
    put(router_resource());
    for (int i = 0; i < kServices; ++i) {
      const auto name = "s" + std::to_string(i);
      put(test::service({"10.20.30." + std::to_string(i)}, name));
      for (const auto& slice : test::slices("iris1+", "default/" + name)) {
        auto copy = *slice;
        copy.endpoints.front().addresses = {"10.0.0.1"};
        put(copy);
      }
    }
    give(InterfacesChanged{{"eth0"}});
    listed_all();
    settle();
    forget();
  }
  /// What the engine was told: how often, and how often that it was all.
  struct Told {
    std::size_t announced = 0;
    std::size_t withdrawn = 0;
    std::size_t batches = 0;
  };
  [[nodiscard]] Told told() const {
    Told sum;
    for (const auto& command : asked_for<BgpCommand>()) {
      const auto* publish = std::get_if<bgp::Publish>(&command);
      if (publish == nullptr) continue;
      if (!publish->more) ++sum.batches;
      for (const auto& change : publish->changes) ++(change.offers.empty() ? sum.withdrawn : sum.announced);
    }
    return sum;
  }
};

kube::BGPAdvertisement each() {
  auto out = summary(0, "each");
  out.spec.aggregationLength = std::nullopt;
  return out;
}

kube::Node without_network() {
  return test::with_network(test::node("iris1"), "True");
}

TEST(BgpPasses, TakeNoDisputeForOneThatTheirEndSettles) {
  ManyServices speaker({summary(100)});
  speaker.put(summary(200));
  EXPECT_GT(speaker.settle(), 1);
  EXPECT_THAT(speaker.log.with("event", "localPrefDiffers"), IsEmpty());
  EXPECT_THAT(speaker.events(), testing::Not(testing::Contains(HasSubstr("localPrefDiffers"))));
  EXPECT_EQ(speaker.told().batches, 1U);
  EXPECT_EQ(speaker.told().announced, 1U);
}

TEST(BgpPasses, TellADisputeThatStandsAtTheirEndOnce) {
  ManyServices speaker({each()});
  // Two pools, and one aggregate under which both have addresses: 10.20.30.96/28.
  auto low = summary(100, "low");
  low.spec.aggregationLength = 28;
  low.spec.ipAddressPools = {"pool"};
  auto high = summary(300, "high");
  high.spec.aggregationLength = 28;
  high.spec.ipAddressPools = {"second"};
  speaker.put(pool("pool", {"10.20.30.0-10.20.30.97"}));
  speaker.put(pool("second", {"10.20.30.98-10.20.30.127"}));
  speaker.put(low);
  speaker.put(high);
  EXPECT_GT(speaker.settle(), 1);
  const auto lines = speaker.log.with("event", "localPrefDiffers");
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0].at("advertisement"), "low");
  EXPECT_THAT(lines[0].at("msg"), HasSubstr("10.20.30.96/28"));
  // A pass later it still stands.
  low.spec.communities = {"1:1"};
  speaker.put(low);
  speaker.settle();
  EXPECT_THAT(speaker.log.with("event", "localPrefDiffers"), SizeIs(1));
}

TEST(BgpPasses, AreOneChangeForTheRoutersWhenTheNodeLosesItsNetwork) {
  ManyServices speaker({each()});
  speaker.put(without_network());
  EXPECT_GT(speaker.settle(), 1);
  EXPECT_EQ(speaker.told().withdrawn, std::size_t(kServices));
  EXPECT_EQ(speaker.told().batches, 1U);
  speaker.forget();
  speaker.put(test::node("iris1"));
  speaker.settle();
  EXPECT_EQ(speaker.told().announced, std::size_t(kServices));
  EXPECT_EQ(speaker.told().batches, 1U);
}

TEST(BgpPasses, LookAtEverythingAlsoWhenTheyBeginAmongOthers) {
  ManyServices speaker({each()});
  // A pass for layer 2 is half done when the node loses its network.
  speaker.give(InterfacesChanged{{"eth0", "eth1"}});
  speaker.instance.on_time(speaker.now, speaker.out);
  speaker.put(without_network());
  speaker.settle();
  EXPECT_EQ(speaker.told().withdrawn, std::size_t(kServices));
  // The other way round.
  speaker.forget();
  speaker.put(test::node("iris1"));
  speaker.instance.on_time(speaker.now, speaker.out);
  speaker.give(InterfacesChanged{{"eth0"}});
  speaker.settle();
  EXPECT_EQ(speaker.told().announced, std::size_t(kServices));
}

TEST(BgpPasses, AreNoneOfBgpsWhenOnlyInterfacesOrMembersChange) {
  ManyServices speaker({each()});
  speaker.give(InterfacesChanged{{"eth0", "eth1"}});
  speaker.give(MembersChanged{.members = std::set<std::string>{"iris1", "iris2"}});
  EXPECT_GT(speaker.settle(), 1);
  EXPECT_THAT(speaker.asked_for<BgpCommand>(), IsEmpty());
}

TEST(BgpReports, TellOfAStrandedServiceThatOnlyBgpAnnounces) {
  ManyServices speaker({each()});
  const auto before = speaker.instance.metrics().update_errors_total;
  speaker.put(pool("pool", {"10.20.30.0/25"}));  // none is stranded
  speaker.settle();
  EXPECT_EQ(speaker.instance.metrics().update_errors_total, before);
  speaker.put(pool("pool", {"10.20.30.1-10.20.30.255"}));  // s0 is
  speaker.settle();
  speaker.put(pool("pool", {"10.20.30.1-10.20.30.254"}));  // and still is
  speaker.settle();
  const auto lines = speaker.log.with("msg", "service has no configuration under new config");
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0].at("service"), "default/s0");
  EXPECT_EQ(lines[0].at("reason"), "ipNotAllowed");
  EXPECT_THAT(lines[0].at("error"), HasSubstr("former advertisements of pool pool"));
  EXPECT_EQ(speaker.instance.metrics().update_errors_total, before + 1);
  EXPECT_EQ(speaker.told().withdrawn, 0U);
}

TEST(BgpReports, TellOfAStrandedServiceOnceWhereBothModesAnnounceIt) {
  ManyServices speaker({each()});
  speaker.put(test::advertisement("l2"));
  speaker.settle();
  speaker.put(pool("pool", {"10.20.30.1-10.20.30.255"}));
  speaker.settle();
  EXPECT_THAT(speaker.log.with("msg", "service has no configuration under new config"), SizeIs(1));
}

TEST(BgpReports, WaitForPeersThatComeAfterTheirAdvertisement) {
  auto named = each();
  named.spec.peers = {"late"};
  ManyServices speaker({named});
  auto late = router_resource();
  late.metadata.name = "late";
  late.spec.peerAddress = "10.0.0.2";
  late.spec.nodeSelectors = {{.matchLabels = {{"rack", "2"}}, .matchExpressions = {}}};  // of another node
  speaker.put(late);
  speaker.advance(BgpAnnouncer::kGrace);
  speaker.settle();
  EXPECT_THAT(speaker.events(), IsEmpty());
  EXPECT_THAT(speaker.log.with("event", "announcedNowhere"), SizeIs(1));
  speaker.remove<kube::BGPPeer>({"metallb-system", "late"});
  speaker.settle();
  EXPECT_THAT(speaker.events(), IsEmpty());
  speaker.advance(BgpAnnouncer::kGrace);
  speaker.settle();
  EXPECT_THAT(speaker.events(), ElementsAre(HasSubstr("announcedNowhere: spec.peers: no BGPPeer has the name late")));
}

TEST(BgpReports, SayOnceThatTextForFrrHasNoEffect) {  // bgp spec 1.10
  SpeakerUnderTest speaker("iris1");
  const auto extras = [&](const std::string& text, const std::string& where = "metallb-system",
                          const std::string& name = "bgpextras") {
    kube::ConfigMap out;
    out.metadata.namespace_ = where;
    out.metadata.name = name;
    out.data["extras"] = text;
    speaker.put(out);
  };
  extras("router bgp 64512", "elsewhere");
  extras("router bgp 64512", "metallb-system", "other");
  extras(" \n\t");
  EXPECT_THAT(speaker.events(), IsEmpty());
  extras("router bgp 64512");
  extras("router bgp 64513");
  ASSERT_THAT(speaker.asked_for<kube::EventNote>(), SizeIs(1));
  const auto note = speaker.asked_for<kube::EventNote>()[0];
  EXPECT_EQ(note.about.kind, "ConfigMap");
  EXPECT_EQ(note.about.name, "bgpextras");
  EXPECT_THAT(note.message, HasSubstr("data.extras"));
  EXPECT_THAT(speaker.log.with("event", "bgpExtrasIgnored"), SizeIs(1));
  speaker.remove<kube::ConfigMap>({"metallb-system", "bgpextras"});
  extras("router bgp 64512");
  EXPECT_THAT(speaker.events(), SizeIs(2));
}

}  // namespace
}  // namespace metallb::speaker
