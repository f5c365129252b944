// The speaker as a whole with its BGP half: bgp spec 1.12, 2.1, 4.15.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/speaker/bgp_under_test.hpp"
#include "unit/speaker/speaker_under_test.hpp"

namespace metallb::speaker {
namespace {

using test::advertisement;
using test::node;
using test::pool;
using test::SpeakerUnderTest;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

template <class T>
std::vector<T> told_to_engine(const SpeakerUnderTest& speaker) {
  std::vector<T> found;
  for (const auto& command : speaker.asked_for<BgpCommand>()) {
    if (const auto* is = std::get_if<T>(&command)) found.push_back(*is);
  }
  return found;
}

TEST(SpeakerBgp, TellsTheEngineOnceThatAllServicesAreKnown) {
  SpeakerUnderTest speaker("iris1");
  speaker.put(node("iris1"));
  speaker.put(pool("pool", {"10.20.30.0/24"}));
  for (int i = 0; i < 100; ++i) speaker.put(test::service({"10.20.30.1"}, "s" + std::to_string(i)));
  speaker.listed_all();
  speaker.instance.on_time(speaker.now, speaker.out);
  EXPECT_THAT(told_to_engine<bgp::ServicesKnown>(speaker), IsEmpty()) << "after the first slice of two";
  speaker.settle();
  EXPECT_THAT(told_to_engine<bgp::ServicesKnown>(speaker), SizeIs(1));
  speaker.put(pool("other", {"10.20.31.0/24"}));
  speaker.settle();
  EXPECT_THAT(told_to_engine<bgp::ServicesKnown>(speaker), SizeIs(1));
  const auto published = told_to_engine<bgp::Publish>(speaker);
  ASSERT_FALSE(published.empty());
  EXPECT_FALSE(published.back().more);
}

TEST(SpeakerBgp, DoesNotCallServicesKnownWhilePartOfTheConfigurationIsMissing) {
  SpeakerUnderTest speaker("iris1");
  speaker.put(node("iris1"));
  speaker.put(pool("pool", {"nonsense"}));
  speaker.put(test::service({"10.20.30.1"}));
  speaker.listed_all();
  speaker.settle();
  EXPECT_THAT(told_to_engine<bgp::ServicesKnown>(speaker), IsEmpty());
  speaker.put(pool("pool", {"10.20.30.0/24"}));
  speaker.settle();
  EXPECT_THAT(told_to_engine<bgp::ServicesKnown>(speaker), SizeIs(1));
}

kube::BGPPeer peer_resource(const std::string& name, const std::string& address) {
  kube::BGPPeer out;
  out.metadata.namespace_ = "metallb-system";
  out.metadata.name = name;
  out.spec.myASN = 64512;
  out.spec.peerASN = 64513;
  out.spec.peerAddress = address;
  return out;
}

kube::BGPAdvertisement advertisement_resource(const std::string& name) {
  kube::BGPAdvertisement out;
  out.metadata.namespace_ = "metallb-system";
  out.metadata.name = name;
  return out;
}

/// "+10.20.30.1/32" and "-10.20.30.1/32", in order.
std::vector<std::string> routes_told(const SpeakerUnderTest& speaker) {
  std::vector<std::string> found;
  for (const auto& publish : told_to_engine<bgp::Publish>(speaker)) {
    for (const auto& change : publish.changes) {
      found.push_back((change.offers.empty() ? "-" : "+") + change.prefix.to_string());
    }
  }
  return found;
}

/// iris1 with a peer, and default/web in a pool that BGP advertises.
void announce_by_bgp(SpeakerUnderTest& speaker) {
  auto own = node("iris1");
  own.status.addresses = {{"InternalIP", "10.0.0.9"}};
  speaker.put(own);
  speaker.put(pool("pool", {"10.20.30.0/24"}));
  speaker.put(advertisement_resource("bgp"));
  speaker.put(peer_resource("router", "10.0.0.1"));
  speaker.put(test::service({"10.20.30.1"}));
  for (const auto& slice : test::endpoints("iris1+")) speaker.put(*slice);
  speaker.give(InterfacesChanged{{"eth0"}});
  speaker.listed_all();
  speaker.listed<kube::ServiceBGPStatus>();
  speaker.settle();
}

TEST(SpeakerBgp, AnnouncesWhatResourcesSay) {
  SpeakerUnderTest speaker("iris1");
  announce_by_bgp(speaker);
  const auto peers = told_to_engine<peering::SetPeer>(speaker);
  ASSERT_THAT(peers, SizeIs(1));
  EXPECT_EQ(peers[0].wanted.settings.name, "router");
  EXPECT_EQ(peers[0].wanted.settings.router_id.value(), 0x0A000009U);
  EXPECT_THAT(routes_told(speaker), ElementsAre("+10.20.30.1/32"));
  EXPECT_THAT(speaker.commands(), IsEmpty()) << "there is no L2Advertisement";
  EXPECT_EQ(speaker.reason(), "noMatchingAdvertisement");
  EXPECT_EQ(speaker.instance.bgp().decisions().find({"default", "web"})->reason, Reason::kAnnounced);
  EXPECT_THAT(speaker.instance.announced(), ElementsAre(AnnouncedSeries{"default/web", "bgp", "iris1", "10.20.30.1"}));
  const auto writes = speaker.asked_for<kube::Write>();
  ASSERT_THAT(writes, SizeIs(1));
  EXPECT_EQ(writes[0].resource->kind, "ServiceBGPStatus");

  speaker.forget();
  speaker.put(advertisement("l2"));
  speaker.settle();
  EXPECT_THAT(speaker.commands(), ElementsAre("+default/web 10.20.30.1 *"));
  EXPECT_THAT(routes_told(speaker), IsEmpty());
  EXPECT_THAT(speaker.instance.announced(), SizeIs(2));

  speaker.forget();
  speaker.remove<kube::Service>({"default", "web"});
  speaker.settle();
  EXPECT_THAT(routes_told(speaker), ElementsAre("-10.20.30.1/32"));
  EXPECT_THAT(speaker.commands(), ElementsAre("-default/web 10.20.30.1"));
  EXPECT_THAT(speaker.instance.announced(), IsEmpty());
}

TEST(SpeakerBgp, OpensSessionsBeforeServicesAreListed) {
  SpeakerUnderTest speaker("iris1");
  speaker.put(node("iris1"));
  speaker.put(pool("pool", {"10.20.30.0/24"}));
  speaker.put(peer_resource("router", "10.0.0.1"));
  speaker.listed<kube::Node>();
  speaker.listed<kube::Namespace>();
  speaker.listed<kube::IPAddressPool>();
  speaker.listed<kube::L2Advertisement>();
  speaker.listed<kube::BGPPeer>();
  speaker.listed<kube::BGPAdvertisement>();
  speaker.listed<kube::BFDProfile>();
  speaker.listed<kube::Community>();
  speaker.settle();
  EXPECT_THAT(told_to_engine<peering::SetPeer>(speaker), IsEmpty()) << "passwords may be missing";
  speaker.listed<kube::Secret>();
  speaker.settle();
  EXPECT_THAT(told_to_engine<peering::SetPeer>(speaker), SizeIs(1));
  EXPECT_THAT(told_to_engine<bgp::ServicesKnown>(speaker), IsEmpty());
  EXPECT_FALSE(speaker.instance.ready());
}

TEST(SpeakerBgp, HoldsSessionsAndIgnoresEverythingOnceItStops) {
  SpeakerUnderTest speaker("iris1");
  announce_by_bgp(speaker);
  speaker.forget();
  speaker.give(BgpHeld{"frr-k8s runs on this node"});
  speaker.settle();
  auto peers = told_to_engine<peering::SetPeer>(speaker);
  ASSERT_THAT(peers, SizeIs(1));
  EXPECT_EQ(peers[0].wanted.settings.held, "frr-k8s runs on this node");
  speaker.give(BgpHeld{});
  speaker.settle();
  peers = told_to_engine<peering::SetPeer>(speaker);
  ASSERT_THAT(peers, SizeIs(2));
  EXPECT_EQ(peers[1].wanted.settings.held, "");

  speaker.forget();
  speaker.give(Stopping{});
  speaker.remove<kube::BGPPeer>({"metallb-system", "router"});
  speaker.remove<kube::Service>({"default", "web"});
  speaker.settle();
  EXPECT_THAT(speaker.asked_for<BgpCommand>(), IsEmpty());
}

TEST(SpeakerBgp, StartsNoSessionBeforeWhatHeldItFromTheBeginningIsGone) {
  SpeakerUnderTest speaker("iris1");
  speaker.give(BgpHeld{"looking for frr-k8s on this node"});
  announce_by_bgp(speaker);
  auto peers = told_to_engine<peering::SetPeer>(speaker);
  ASSERT_THAT(peers, SizeIs(1));
  EXPECT_EQ(peers[0].wanted.settings.held, "looking for frr-k8s on this node");
  speaker.give(BgpHeld{});
  speaker.settle();
  peers = told_to_engine<peering::SetPeer>(speaker);
  ASSERT_THAT(peers, SizeIs(2));
  EXPECT_EQ(peers[1].wanted.settings.held, "");
}

TEST(SpeakerBgp, FollowsTheLabelsOfItsNode) {
  SpeakerUnderTest speaker("iris1");
  announce_by_bgp(speaker);
  speaker.forget();
  auto chosen = peer_resource("chosen", "10.0.0.2");
  chosen.spec.nodeSelectors = {{.matchLabels = {{"rack", "1"}}, .matchExpressions = {}}};
  speaker.put(chosen);
  speaker.settle();
  EXPECT_THAT(told_to_engine<peering::SetPeer>(speaker), IsEmpty());
  speaker.put(node("iris1", {{"rack", "1"}}));
  speaker.settle();
  EXPECT_THAT(told_to_engine<peering::SetPeer>(speaker), SizeIs(1));
  EXPECT_THAT(speaker.log.with("event", "nodeLabelsChanged"), SizeIs(1));
  speaker.put(node("iris2", {{"rack", "1"}}));
  speaker.put(node("iris1", {{"rack", "2"}}));
  speaker.settle();
  EXPECT_THAT(told_to_engine<peering::RemovePeer>(speaker), SizeIs(1));
}

}  // namespace
}  // namespace metallb::speaker
