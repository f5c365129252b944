// Layer2 spec sections 1 and 4.2-4.4: when the speaker looks again, what it asks for, what it says.
#include "speaker/instance.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "unit/speaker/speaker_under_test.hpp"

namespace metallb::speaker {
namespace {

using test::advertisement;
using test::announce_web;
using test::kExclude;
using test::node;
using test::pool;
using test::service;
using test::SpeakerUnderTest;
using test::with_network;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::VariantWith;

TEST(Speaker, AnnouncesAServiceOnceAndSaysSo) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  EXPECT_THAT(speaker.commands(), ElementsAre("+default/web 10.20.30.1 *"));
  EXPECT_THAT(speaker.events(), ElementsAre("nodeAssigned: announcing from node \"iris1\" with protocol \"layer2\""));
  const auto event = speaker.asked_for<kube::EventNote>().front();
  EXPECT_EQ(event.type, kube::EventNote::Type::kNormal);
  EXPECT_EQ(event.about.kind, "Service");
  EXPECT_EQ(event.about.namespace_, "default");
  EXPECT_EQ(event.about.uid, "uid-web");
  EXPECT_THAT(speaker.instance.announced(), ElementsAre(AnnouncedSeries{"default/web", "layer2", "iris1", "10.20.30.1"}));
  const auto lines = speaker.log.with("event", "serviceAnnounced");
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0].at("level"), "info");
  EXPECT_EQ(lines[0].at("ips"), "10.20.30.1");
  EXPECT_EQ(lines[0].at("pool"), "pool");
  EXPECT_EQ(lines[0].at("protocol"), "layer2");
}

TEST(Speaker, DoesNothingBeforeEveryKindHasBeenListed) {
  const auto everything_but = [](auto skipped) {
    using Skipped = decltype(skipped);
    SpeakerUnderTest speaker("iris1");
    speaker.put(node("iris1"));
    speaker.put(pool("pool", {"10.20.30.0/24"}));
    speaker.put(advertisement());
    speaker.put(service({"10.20.30.1"}));
    speaker.put_slices("iris1+");
    const auto list = [&]<class T>(T) {
      if constexpr (!std::is_same_v<T, Skipped>) speaker.listed<T>();
    };
    list(kube::Service{});
    list(kube::EndpointSlice{});
    list(kube::Node{});
    list(kube::Namespace{});
    list(kube::IPAddressPool{});
    list(kube::L2Advertisement{});
    list(kube::BGPPeer{});
    list(kube::BGPAdvertisement{});
    list(kube::BFDProfile{});
    list(kube::Community{});
    list(kube::Secret{});
    speaker.settle();
    EXPECT_THAT(speaker.out, Each(VariantWith<config::Conclusion>(testing::_)));
    EXPECT_FALSE(speaker.instance.ready());
    speaker.listed<Skipped>();
    speaker.settle();
    EXPECT_THAT(speaker.commands(), SizeIs(1));
  };
  everything_but(kube::Service{});
  everything_but(kube::EndpointSlice{});
  everything_but(kube::Node{});
  everything_but(kube::Namespace{});
  everything_but(kube::IPAddressPool{});
  everything_but(kube::L2Advertisement{});
  everything_but(kube::BGPPeer{});
  everything_but(kube::BGPAdvertisement{});
  everything_but(kube::BFDProfile{});
  everything_but(kube::Community{});
  everything_but(kube::Secret{});
}

TEST(Speaker, Row99DoesNotLookAtServicesBeforeTheWholePictureIsThere) {
  SpeakerUnderTest speaker("iris1");
  speaker.put(service({"10.20.30.1"}));
  EXPECT_EQ(speaker.instance.next_deadline(), kIdle);
  EXPECT_EQ(speaker.reason(), "?");
}

TEST(Speaker, SaysNothingAgainWhenNothingChanges) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  speaker.forget();
  auto touched = service({"10.20.30.1"});
  touched.metadata.annotations["touched"] = "yes";
  speaker.put(touched);
  speaker.put_slices("iris1+ iris1+");
  speaker.put(node("iris1", {{"a", "b"}}));
  speaker.put(node("iris2", {{kExclude, ""}}));
  speaker.give(MembersChanged{std::set<std::string>{"iris1"}});
  speaker.give(InterfacesChanged{{"eth0"}});
  speaker.settle();
  EXPECT_THAT(speaker.commands(), IsEmpty());
  EXPECT_THAT(speaker.events(), IsEmpty());
}

TEST(Speaker, GoesOnWhenTheApiServerComesBackWithTheSamePicture) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  speaker.forget();
  speaker.advance(std::chrono::minutes(1));
  EXPECT_EQ(speaker.settle(), 0);
  // A relist shows everything anew.
  speaker.put(service({"10.20.30.1"}));
  speaker.put_slices("iris1+");
  speaker.put(node("iris1"));
  speaker.listed_all();
  speaker.settle();
  EXPECT_THAT(speaker.commands(), IsEmpty());
  EXPECT_THAT(speaker.events(), IsEmpty());
}

struct Departure {
  const char* reason;
  std::function<void(SpeakerUnderTest&)> happens;
};

TEST(Speaker, WithdrawsForEveryReasonAndNamesIt) {
  const auto changed = [](auto change) {
    return [change](SpeakerUnderTest& speaker) {
      auto svc = service({"10.20.30.1"});
      change(svc);
      speaker.put(svc);
    };
  };
  const std::vector<Departure> departures = {
      {"serviceDeleted", [](auto& speaker) { speaker.template remove<kube::Service>({"default", "web"}); }},
      {"notLoadBalancer", changed([](auto& svc) { svc.spec.type = "ClusterIP"; })},
      {"foreignLoadBalancerClass", changed([](auto& svc) { svc.spec.loadBalancerClass = "other"; })},
      {"noIPAllocated", changed([](auto& svc) { svc.status.loadBalancer.ingress.clear(); })},
      {"invalidIP", changed([](auto& svc) { svc.status.loadBalancer.ingress = {{"", "a.example"}}; })},
      {"ipNotAllowed", changed([](auto& svc) { svc.status.loadBalancer.ingress = {{"172.16.0.1", ""}}; })},
      {"notOwner", [](auto& speaker) { speaker.put_slices("iris1-"); }},
      {"notOwner", [](auto& speaker) { speaker.put(with_network(node("iris1"), "True")); }},
      {"notOwner", [](auto& speaker) { speaker.put(node("iris1", {{kExclude, ""}})); }},
      {"notOwner", [](auto& speaker) { speaker.give(MembersChanged{std::set<std::string>{}}); }},
      {"noMatchingAdvertisement",
       [](auto& speaker) { speaker.template remove<kube::L2Advertisement>({"metallb-system", "l2"}); }},
      {"noMatchingAdvertisement", [](auto& speaker) { speaker.template remove<kube::Node>({"", "iris1"}); }},
      {"sharedIPWithServiceSelector",
       [](auto& speaker) {
         auto shared = service({"10.20.30.1"});
         shared.metadata.annotations["metallb.io/allow-shared-ip"] = "key";
         shared.metadata.labels["app"] = "web";
         speaker.put(shared);
         auto selective = advertisement();
         selective.spec.serviceSelectors = {{.matchLabels = {{"app", "web"}}, .matchExpressions = {}}};
         speaker.put(selective);
       }},
  };
  for (const auto& [reason, happens] : departures) {
    SCOPED_TRACE(reason);
    SpeakerUnderTest speaker("iris1");
    announce_web(speaker);
    speaker.forget();
    happens(speaker);
    speaker.settle();
    EXPECT_THAT(speaker.commands(), ElementsAre("-default/web 10.20.30.1"));
    EXPECT_EQ(speaker.withdraw_reason(), reason);
    EXPECT_THAT(speaker.instance.announced(), IsEmpty());
  }
}

TEST(Speaker, LogsTheAddressesThatItStopsAnnouncing) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  speaker.remove<kube::Service>({"default", "web"});
  speaker.settle();
  const auto lines = speaker.log.with("event", "serviceWithdrawn");
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0].at("ip"), "10.20.30.1");
  EXPECT_EQ(speaker.reason(), "?");
}

TEST(Speaker, WithdrawsAServiceThatLeftItsClassWithItsType) {
  auto with_class = test::options("iris1");
  with_class.lb_class = "metallb";
  SpeakerUnderTest speaker(with_class);
  announce_web(speaker);
  EXPECT_THAT(speaker.commands(), IsEmpty());
  auto svc = service({"10.20.30.1"});
  svc.spec.loadBalancerClass = "metallb";
  speaker.put(svc);
  speaker.settle();
  EXPECT_THAT(speaker.commands(), SizeIs(1));
  speaker.forget();
  // A Service that is not of type LoadBalancer has no class either (layer2 spec 7, item 15).
  svc.spec.type = "ClusterIP";
  svc.spec.loadBalancerClass.reset();
  speaker.put(svc);
  speaker.settle();
  EXPECT_THAT(speaker.commands(), ElementsAre("-default/web 10.20.30.1"));
}

TEST(Speaker, ChangesOnlyTheAddressThatChanged) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  speaker.forget();
  speaker.put(service({"10.20.30.1", "2001:db8::5"}));
  speaker.settle();
  EXPECT_THAT(speaker.commands(), ElementsAre("+default/web 2001:db8::5 *"));
  EXPECT_THAT(speaker.instance.announced(), SizeIs(2));
  EXPECT_EQ(speaker.withdraw_reason(), "");
  speaker.forget();
  speaker.put(service({"10.20.30.7", "2001:db8::5"}));
  speaker.settle();
  EXPECT_THAT(speaker.commands(), ElementsAre("-default/web 10.20.30.1", "+default/web 10.20.30.7 *"));
  EXPECT_EQ(speaker.withdraw_reason(), "loadBalancerIPChanged");
  EXPECT_THAT(speaker.events(), SizeIs(1));
}

TEST(Speaker, TakesNoNoticeOfTheOrderOfItsAddressesWhileItStaysTheOwner) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  speaker.put(service({"10.20.30.1", "2001:db8::5"}));
  speaker.settle();
  speaker.forget();
  speaker.put(service({"2001:db8::5", "10.20.30.1"}));
  speaker.settle();
  EXPECT_THAT(speaker.commands(), IsEmpty());
  EXPECT_THAT(speaker.events(), IsEmpty());
}

TEST(Speaker, AnswersOnOtherInterfacesWhenTheAdvertisementChanges) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  speaker.forget();
  auto restricted = advertisement();
  restricted.spec.interfaces = {"eth1", "eth7"};
  speaker.put(restricted);
  speaker.settle();
  EXPECT_THAT(speaker.commands(), ElementsAre("+default/web 10.20.30.1 eth1 eth7"));
  EXPECT_THAT(speaker.events(), IsEmpty());
}

TEST(Speaker, StopsWhenNoneOfItsInterfacesExistAndTellsTheUserOnce) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  speaker.forget();
  auto restricted = advertisement();
  restricted.spec.interfaces = {"foo"};
  speaker.put(restricted);
  speaker.settle();
  EXPECT_THAT(speaker.commands(), ElementsAre("-default/web 10.20.30.1"));
  EXPECT_EQ(speaker.withdraw_reason(), "noMatchingInterface");
  EXPECT_THAT(speaker.events(),
              ElementsAre("announceFailed: the interfaces specified by LB IP \"10.20.30.1\" doesn't exist in "
                          "assigned node \"iris1\" with protocol \"layer2\""));
  EXPECT_EQ(speaker.asked_for<kube::EventNote>().front().type, kube::EventNote::Type::kWarning);
  EXPECT_THAT(speaker.instance.announced(), IsEmpty());

  speaker.forget();
  speaker.put_slices("iris1+ iris1+");
  speaker.settle();
  EXPECT_THAT(speaker.events(), IsEmpty());

  speaker.give(InterfacesChanged{{"eth0", "foo"}});
  speaker.settle();
  EXPECT_THAT(speaker.commands(), ElementsAre("+default/web 10.20.30.1 foo"));
  speaker.forget();
  speaker.give(InterfacesChanged{{"eth0"}});
  speaker.settle();
  EXPECT_THAT(speaker.commands(), ElementsAre("-default/web 10.20.30.1"));
  EXPECT_THAT(speaker.events(), SizeIs(1));
}

TEST(Speaker, FollowsTheMembers) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  speaker.put(node("iris2"));
  speaker.settle();
  EXPECT_EQ(speaker.reason(), "notOwner");
  speaker.give(MembersChanged{std::set<std::string>{"iris1"}});
  speaker.settle();
  EXPECT_EQ(speaker.reason(), "");
  speaker.give(MembersChanged{std::set<std::string>{"iris1", "iris2"}});
  speaker.settle();
  EXPECT_EQ(speaker.reason(), "notOwner");
  speaker.give(MembersChanged{std::nullopt});
  speaker.settle();
  EXPECT_EQ(speaker.reason(), "notOwner");
}

TEST(Speaker, Row97LooksAgainOnlyWhenSomethingOfANodeChangesThatMatters) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  speaker.put(with_network(node("iris1"), "False"));
  speaker.settle();

  speaker.put(with_network(node("iris1"), "False"));
  EXPECT_EQ(speaker.settle(), 0);
  auto cordoned = with_network(node("iris1"), "False");
  cordoned.spec.unschedulable = true;
  speaker.put(cordoned);
  EXPECT_EQ(speaker.settle(), 0);
  auto heartbeat = cordoned;
  heartbeat.status.conditions[0].lastHeartbeatTime = "2026-07-19T11:42:17Z";
  speaker.put(heartbeat);
  EXPECT_EQ(speaker.settle(), 0);
  heartbeat.metadata.labels["zone"] = "a";
  speaker.put(heartbeat);
  EXPECT_GT(speaker.settle(), 0);
  heartbeat.status.conditions[0].status = "True";
  speaker.put(heartbeat);
  EXPECT_GT(speaker.settle(), 0);
  EXPECT_EQ(speaker.reason(), "notOwner");
}

TEST(Speaker, Row102ResolvesSelectorsAnewWhenLabelsOfANodeChange) {
  SpeakerUnderTest speaker("iris1");
  auto selective = advertisement();
  selective.spec.nodeSelectors = {{.matchLabels = {{"edge", "yes"}}, .matchExpressions = {}}};
  announce_web(speaker);
  speaker.put(selective);
  speaker.settle();
  EXPECT_EQ(speaker.reason(), "noMatchingAdvertisement");
  speaker.put(node("iris1", {{"edge", "yes"}}));
  speaker.settle();
  EXPECT_EQ(speaker.reason(), "");
}

TEST(Speaker, ForgetsANodeThatIsDeleted) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  speaker.put(node("iris2"));
  speaker.settle();
  EXPECT_EQ(speaker.reason(), "notOwner");
  // Even while a faulty configuration keeps the last good one in force, which still names the Node.
  speaker.put(pool("broken", {"10.9.8.7.6"}));
  speaker.remove<kube::Node>({"", "iris2"});
  speaker.settle();
  EXPECT_TRUE(speaker.instance.metrics().config_stale);
  EXPECT_EQ(speaker.reason(), "");
}

TEST(Speaker, KeepsTheLastGoodConfigurationWhileTheNewOneIsFaulty) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  EXPECT_TRUE(speaker.instance.metrics().config_loaded);
  EXPECT_FALSE(speaker.instance.metrics().config_stale);
  speaker.forget();

  speaker.put(pool("pool", {"nonsense"}));
  speaker.settle();
  EXPECT_THAT(speaker.commands(), IsEmpty());
  EXPECT_TRUE(speaker.instance.metrics().config_loaded);
  EXPECT_TRUE(speaker.instance.metrics().config_stale);
  const auto lines = speaker.log.with("msg", "failed to parse the configuration");
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0].at("level"), "error");
  EXPECT_THAT(lines[0].at("error"), testing::AllOf(testing::HasSubstr("pool"), testing::HasSubstr("nonsense")));

  // Back to exactly what is in force: nothing to apply, yet no longer stale (operations spec 3.1).
  speaker.put(pool("pool", {"10.20.30.0/24", "2001:db8::/64"}));
  speaker.settle();
  EXPECT_FALSE(speaker.instance.metrics().config_stale);
  EXPECT_THAT(speaker.commands(), IsEmpty());
}

TEST(Speaker, APoolThatIsFaultyFromTheStartDoesNotHoldUpTheOthers) {
  SpeakerUnderTest speaker("iris1");
  speaker.put(pool("broken", {"nonsense"}));
  announce_web(speaker);
  EXPECT_THAT(speaker.commands(), SizeIs(1));
  EXPECT_TRUE(speaker.instance.metrics().config_stale);
  speaker.remove<kube::IPAddressPool>({"metallb-system", "broken"});
  speaker.settle();
  EXPECT_THAT(speaker.commands(), SizeIs(1));
  EXPECT_TRUE(speaker.instance.metrics().config_loaded);
  EXPECT_FALSE(speaker.instance.metrics().config_stale);
}

TEST(Speaker, DoesNotRebuildTheConfigurationWhenOnlyThePoolsStatusChanges) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  auto counted = pool("pool", {"10.20.30.0/24", "2001:db8::/64"});
  counted.status.assignedIPv4 = 1;
  speaker.put(counted);
  EXPECT_EQ(speaker.settle(), 0);
}

TEST(Speaker, TakesCustomResourcesFromItsOwnNamespaceOnly) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  auto foreign = pool("foreign", {"nonsense"});
  foreign.metadata.namespace_ = "default";
  speaker.put(foreign);
  speaker.settle();
  EXPECT_FALSE(speaker.instance.metrics().config_stale);
}

TEST(Speaker, AppliesAConfigurationThatStrandsAnAddressAndKeepsThatAddressUntilItIsMoved) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  speaker.put(service({"10.99.0.1"}, "other"));
  speaker.put_slices("iris1+", "default/other");
  speaker.settle();
  speaker.forget();

  speaker.put(pool("pool", {"10.99.0.0/24"}));
  speaker.settle();
  // The rest of the new configuration is in force ...
  EXPECT_THAT(speaker.commands(), ElementsAre("+default/other 10.99.0.1 *"));
  // ... and the stranded Service is still served.
  EXPECT_EQ(speaker.reason(), "ipNotAllowed");
  EXPECT_THAT(speaker.instance.announced(), SizeIs(2));
  EXPECT_THAT(speaker.log.with("msg", "service has no configuration under new config"), SizeIs(1));
  EXPECT_EQ(speaker.instance.metrics().update_errors_total, 1U);
  EXPECT_FALSE(speaker.instance.metrics().config_stale);

  speaker.forget();
  speaker.put(service({"10.99.0.2"}));
  speaker.settle();
  EXPECT_THAT(speaker.commands(), ElementsAre("-default/web 10.20.30.1", "+default/web 10.99.0.2 *"));
}

TEST(Speaker, TellsAgainWhenAServiceMovesToAnotherPool) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  speaker.forget();
  speaker.remove<kube::IPAddressPool>({"metallb-system", "pool"});
  speaker.put(pool("renamed", {"10.20.30.0/24"}));
  speaker.settle();
  EXPECT_THAT(speaker.commands(), IsEmpty());
  EXPECT_THAT(speaker.events(), SizeIs(1));
  EXPECT_EQ(speaker.log.with("event", "serviceAnnounced").back().at("pool"), "renamed");
}

TEST(Speaker, IgnoresASliceWithoutServiceButSaysSo) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  auto slice = *test::slices("iris1+").front();
  slice.metadata.labels.clear();
  speaker.put(slice);
  speaker.settle();
  // It had carried the label before: the Service has lost its endpoints.
  EXPECT_EQ(speaker.reason(), "notOwner");
  EXPECT_THAT(speaker.log.with("op", "getEndpointSlices"), SizeIs(1));
}

TEST(Speaker, LooksAtServicesInSlicesAndAtThoseWithAddressesFirst) {
  SpeakerUnderTest speaker("iris1");
  speaker.put(node("iris1"));
  speaker.put(pool("pool", {"10.20.0.0/16"}));
  speaker.put(advertisement());
  for (int i = 0; i < 1000; ++i) {
    const auto name = "s" + std::to_string(1000 + i);
    const bool served = i >= 900;
    speaker.put(served ? service({"10.20.1." + std::to_string(i - 900)}, name) : service({}, name));
    speaker.put_slices("iris1+", "default/" + name);
  }
  speaker.listed_all();
  // The first pass has its own order, whatever came in which order before.
  for (int slice = 0; slice < 2; ++slice) speaker.instance.on_time(speaker.now, speaker.out);
  EXPECT_THAT(speaker.commands(), SizeIs(100));
  EXPECT_LE(speaker.instance.next_deadline(), speaker.now.steady);
  EXPECT_GT(speaker.settle(), 10);
  EXPECT_EQ(speaker.instance.decisions().all().size(), 1000U);
}

TEST(Speaker, LooksAtAServiceThatChangedBeforeItEndsAFullPass) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  for (int i = 0; i < 500; ++i) speaker.put(service({"10.20.30.9"}, "s" + std::to_string(i)));
  speaker.settle();
  speaker.forget();
  speaker.put(node("iris2"));
  speaker.give(MembersChanged{std::set<std::string>{"iris1"}});
  speaker.put(service({"10.20.30.2"}));
  speaker.instance.on_time(speaker.now, speaker.out);
  EXPECT_THAT(speaker.commands(), ElementsAre("-default/web 10.20.30.1", "+default/web 10.20.30.2 *"));
}

TEST(Speaker, CountsUpdates) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  const auto before = speaker.instance.metrics().updates_total;
  speaker.put(service({"10.20.30.2"}));
  speaker.settle();
  EXPECT_EQ(speaker.instance.metrics().updates_total, before + 1);
  EXPECT_EQ(speaker.instance.metrics().update_errors_total, 0U);
}

TEST(Speaker, ExplainsItsDecisions) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  speaker.put(node("iris2"));
  speaker.settle();
  const auto& decision = *speaker.instance.decisions().find({"default", "web"});
  EXPECT_EQ(decision.reason, Reason::kNotOwner);
  EXPECT_THAT(decision.order, ElementsAre("iris2", "iris1"));
  EXPECT_EQ(decision.announcement.pool, "pool");
  EXPECT_THAT(decision.detail, testing::HasSubstr("iris2"));
}

TEST(Speaker, Row114TellsTheSameOfTwoServicesThatShareAnAddress) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  speaker.put(service({"10.20.30.1"}, "twin"));
  speaker.put_slices("iris2+", "default/twin");
  speaker.settle();
  ASSERT_THAT(speaker.events(), SizeIs(2));
  EXPECT_EQ(speaker.events()[0], speaker.events()[1]);
  EXPECT_THAT(speaker.commands(), ElementsAre("+default/web 10.20.30.1 *", "+default/twin 10.20.30.1 *"));
}

TEST(Speaker, GivesAStrandedServiceUpWhenItsNodeIsExcludedAndTakesItAgain) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  speaker.put(pool("pool", {"10.99.0.0/24"}));
  speaker.settle();
  speaker.forget();
  speaker.put(node("iris1", {{test::kExclude, ""}}));
  speaker.settle();
  EXPECT_THAT(speaker.commands(), ElementsAre("-default/web 10.20.30.1"));
  speaker.forget();
  speaker.put(node("iris1"));
  speaker.settle();
  EXPECT_THAT(speaker.commands(), ElementsAre("+default/web 10.20.30.1 *"));
}

TEST(Speaker, TakesAStrandedServiceOverThatItDidNotAnnounceBefore) {
  SpeakerUnderTest speaker("iris2");
  speaker.put(node("iris2", {{test::kExclude, ""}}));
  announce_web(speaker);  // iris1 is the only candidate
  EXPECT_THAT(speaker.commands(), IsEmpty());
  speaker.put(pool("pool", {"10.99.0.0/24"}));
  speaker.settle();
  EXPECT_THAT(speaker.commands(), IsEmpty());
  speaker.put(node("iris1", {{test::kExclude, ""}}));
  speaker.put(node("iris2"));
  speaker.settle();
  EXPECT_THAT(speaker.commands(), ElementsAre("+default/web 10.20.30.1 *"));
}

TEST(Speaker, ForgetsTheFormerPoolWhenTheServiceGetsOtherAddresses) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  speaker.put(pool("pool", {"10.99.0.0/24"}));
  speaker.settle();
  speaker.put(service({"172.16.0.1"}));
  speaker.settle();
  speaker.forget();
  speaker.put(service({"10.20.30.1"}));
  speaker.settle();
  EXPECT_THAT(speaker.commands(), IsEmpty());
  EXPECT_EQ(speaker.reason(), "ipNotAllowed");
}

TEST(Speaker, TellsTheUserOfAServiceThatTookTheNameAndAddressOfAnother) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  speaker.forget();
  auto again = service({"10.20.30.1"});
  again.metadata.uid = "another";
  speaker.put(again);
  speaker.settle();
  EXPECT_THAT(speaker.commands(), IsEmpty());
  EXPECT_THAT(speaker.events(), ElementsAre("nodeAssigned: announcing from node \"iris1\" with protocol \"layer2\""));
}

TEST(Speaker, TellsWhoWroteABadAdvertisementOnceAndLeavesPoolsToTheController) {
  SpeakerUnderTest speaker("iris1");
  announce_web(speaker);
  speaker.forget();
  auto bad = advertisement();
  bad.metadata.uid = "ad-uid";
  bad.spec.ipAddressPoolSelectors.push_back({.matchLabels = {{"not a label!", "x"}}, .matchExpressions = {}});
  speaker.put(bad);
  speaker.settle();
  const auto events = speaker.asked_for<kube::EventNote>();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].reason, "InvalidConfiguration");
  EXPECT_EQ(events[0].type, kube::EventNote::Type::kWarning);
  EXPECT_EQ(events[0].about.kind, "L2Advertisement");
  EXPECT_EQ(events[0].about.name, "l2");
  EXPECT_EQ(events[0].about.uid, "ad-uid");

  speaker.forget();
  speaker.put(node("iris9"));  // built again, with the same result
  speaker.settle();
  EXPECT_THAT(speaker.events(), IsEmpty());
  speaker.put(advertisement());
  speaker.put(pool("pool", {"nonsense"}));
  speaker.settle();
  EXPECT_TRUE(speaker.instance.metrics().config_stale);
  EXPECT_THAT(speaker.events(), IsEmpty());
}

}  // namespace
}  // namespace metallb::speaker
