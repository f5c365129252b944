// Two owners, and strangers: failover spec 6.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "unit/speaker/speaker_under_test.hpp"

namespace metallb::speaker {
namespace {

using test::advertisement;
using test::kExclude;
using test::node;
using test::pool;
using test::service;
using test::SpeakerUnderTest;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

using Names = std::set<std::string>;

/// iris1, which announces default/first (10.20.30.2: of iris1 and iris2, iris1 comes first) and, while iris2 is no member,
/// default/second (10.20.30.1: iris2 comes first).
struct TwoOwners : testing::Test {
  TwoOwners() {
    for (const auto* name : {"iris1", "iris2"}) speaker.put(node(name));
    speaker.put(pool("pool", {"10.20.30.0/24"}));
    speaker.put(advertisement());
    speaker.put(service({"10.20.30.2"}, "first"));
    speaker.put_slices("iris1+ iris2+", "default/first");
    speaker.put(service({"10.20.30.1"}, "second"));
    speaker.put_slices("iris1+ iris2+", "default/second");
    speaker.give(InterfacesChanged{{"eth0"}});
    speaker.give(MembersChanged{Names{"iris1"}});
    speaker.listed_all();
    speaker.settle();
    speaker.forget();
  }
  void claim(const std::string& address, const std::optional<std::string>& by = "iris2", bool announced = true) {
    speaker.give(layer2::ConflictSeen{.address = IpAddress::parse(address).value(),
                                      .interface = InterfaceIndex(2),
                                      .interface_name = "eth0",
                                      .mac = MacAddress({2, 0, 0, 0, 0, 0x51}),
                                      .node = by,
                                      .announced = announced});
  }
  void pass(Duration time) {
    const auto end = speaker.now.steady + time;
    while (speaker.instance.next_deadline() <= end) {
      speaker.now.steady = std::max(speaker.now.steady, speaker.instance.next_deadline());
      speaker.instance.on_time(speaker.now, speaker.out);
    }
    speaker.now.steady = end;
  }
  std::vector<std::string> said() {
    auto commands = speaker.commands();
    speaker.forget();
    return commands;
  }
  SpeakerUnderTest speaker{"iris1"};
};

constexpr auto kFirst = "10.20.30.2";
constexpr auto kSecond = "10.20.30.1";

TEST_F(TwoOwners, TheHigherAnnouncesOnceMore) {
  pass(1min);
  claim(kFirst);
  EXPECT_THAT(said(), ElementsAre("!10.20.30.2")) << "at once, within the call";
  pass(1min);
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(TwoOwners, TheHigherDoesSoSixTimesInTenSecondsAtMost) {
  for (int i = 0; i < 99; ++i) {
    claim(kFirst);
    pass(100ms);
  }
  EXPECT_THAT(said(), SizeIs(6));
  pass(1s);
  claim(kFirst);
  EXPECT_THAT(said(), SizeIs(1));
}

TEST_F(TwoOwners, TheLowerWithdrawsAtOnceAndSaysWhy) {
  pass(1min);
  claim(kSecond);
  EXPECT_THAT(speaker.commands(), ElementsAre("-default/second 10.20.30.1"));
  EXPECT_EQ(speaker.reason("second"), "yieldedToMember");
  EXPECT_EQ(speaker.withdraw_reason(), "yieldedToMember");
  EXPECT_THAT(speaker.instance.decisions().find({"default", "second"})->detail, testing::HasSubstr("iris2"));
}

TEST_F(TwoOwners, TheLowerWithdrawsAtOnceWhenTheOtherIsAMemberAndItHasNotLookedYet) {
  speaker.give(MembersChanged{Names{"iris1", "iris2"}});
  claim(kSecond);
  EXPECT_THAT(said(), ElementsAre("-default/second 10.20.30.1"));
  EXPECT_EQ(speaker.reason("second"), "notOwner");
}

TEST_F(TwoOwners, TheLowerTakesItBackWhenTheMembershipNeverHearsOfTheOther) {
  pass(1min);
  claim(kSecond);
  (void)said();
  pass(999ms);
  EXPECT_THAT(said(), IsEmpty());
  pass(1ms);
  EXPECT_THAT(said(), ElementsAre("+default/second 10.20.30.1 *"));
}

TEST_F(TwoOwners, TheLowerWaitsLongerEachTime) {
  pass(1min);
  for (const auto pause : {1s, 2s, 4s, 8s, 8s}) {
    claim(kSecond);
    EXPECT_EQ(speaker.reason("second"), "yieldedToMember");
    pass(pause - 1ms);
    EXPECT_EQ(speaker.reason("second"), "yieldedToMember") << pause.count();
    pass(1ms);
    EXPECT_EQ(speaker.reason("second"), "");
  }
  pass(2min);
  claim(kSecond);
  pass(1s);
  EXPECT_EQ(speaker.reason("second"), "") << "after a time of peace it is a second again";
}

TEST_F(TwoOwners, TheElectionDecidesAsSoonAsTheOtherIsAMember) {
  pass(1min);
  claim(kSecond);
  speaker.give(MembersChanged{Names{"iris1", "iris2"}});
  speaker.settle();
  EXPECT_EQ(speaker.reason("second"), "notOwner");
  (void)said();
  pass(1min);
  EXPECT_THAT(said(), IsEmpty());
  speaker.give(MembersChanged{Names{"iris1"}});
  speaker.settle();
  EXPECT_THAT(said(), ElementsAre("+default/second 10.20.30.1 *")) << "at once when it is lost for good";
}

TEST_F(TwoOwners, NothingIsLeftToANodeThatMayNotAnnounceAnyMore) {
  pass(1min);
  claim(kSecond);
  (void)said();
  speaker.put(node("iris2", {{kExclude, ""}}));
  speaker.settle();
  EXPECT_THAT(said(), ElementsAre("+default/second 10.20.30.1 *"));
}

TEST_F(TwoOwners, ANodeThatMayNotAnnounceIsNeverTheHigher) {
  speaker.put(node("iris2", {{kExclude, ""}}));
  speaker.settle();
  pass(1min);
  claim(kSecond);
  EXPECT_THAT(said(), ElementsAre("!10.20.30.1"));
}

TEST_F(TwoOwners, PreferencesCountAsInTheElection) {
  auto preferring = advertisement();
  preferring.spec.preferredNodeSelectors = {{.weight = 10, .preference = {.matchLabels = {{"best", "yes"}}}}};
  speaker.put(preferring);
  speaker.put(node("iris1", {{"best", "yes"}}));
  speaker.settle();
  pass(1min);
  claim(kSecond);
  EXPECT_THAT(said(), ElementsAre("!10.20.30.1"));
}

/// iris2 was a member until now: default/second has just been taken over.
struct JustTakenOver : TwoOwners {
  JustTakenOver() {
    speaker.give(MembersChanged{Names{"iris1", "iris2"}});
    speaker.settle();
    pass(1min);
    speaker.give(MembersChanged{Names{"iris1"}});
    speaker.settle();
    speaker.forget();
  }
};

TEST_F(JustTakenOver, ALateFrameOfTheFormerOwnerIsAnsweredByAnAnnouncement) {
  pass(20ms);
  claim(kSecond);
  EXPECT_THAT(said(), ElementsAre("!10.20.30.1"));
  pass(1min);
  EXPECT_THAT(said(), IsEmpty());
  EXPECT_EQ(speaker.reason("second"), "");
}

TEST_F(JustTakenOver, AFormerOwnerThatInsistsIsAliveAndHasItsWay) {
  pass(20ms);
  claim(kSecond);
  pass(5ms);
  claim(kSecond);
  EXPECT_THAT(said(), ElementsAre("!10.20.30.1", "-default/second 10.20.30.1"));
  EXPECT_EQ(speaker.reason("second"), "yieldedToMember");
}

TEST_F(JustTakenOver, ARoundThatComesALittleLaterIsNoAnswer) {
  claim(kSecond);
  pass(101ms);
  claim(kSecond);
  EXPECT_THAT(said(), ElementsAre("!10.20.30.1", "!10.20.30.1"));
}

TEST_F(JustTakenOver, AnOriginalThatAnswersUntilItHasEndedDoesNotTakeItBack) {
  // It answers our gratuitous requests, which proves that it is alive, and not that it will be.
  for (int i = 0; i < 10; ++i) {
    claim(kSecond, "iris2", false);
    pass(50ms);
  }
  pass(3s);
  claim(kSecond, "iris2", false);
  EXPECT_THAT(said(), IsEmpty());
  EXPECT_EQ(speaker.reason("second"), "");
}

TEST_F(TwoOwners, TakesNoNoticeOfClaimsOfWhatItDoesNotAnnounce) {
  claim("10.20.30.9");
  claim("10.20.30.9", std::nullopt);
  pass(1min);
  EXPECT_THAT(speaker.out, IsEmpty());
}

TEST_F(TwoOwners, TakesNoNoticeOfItself) {
  claim(kFirst, "iris1");
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(TwoOwners, WithoutMembershipEveryNodeIsAMember) {
  speaker.give(MembersChanged{std::nullopt});
  speaker.settle();
  (void)said();
  claim(kFirst);
  EXPECT_THAT(said(), ElementsAre("!10.20.30.2"));
}

TEST_F(TwoOwners, ServicesThatShareTheAddressGoTogether) {
  speaker.put(service({kSecond}, "third"));
  speaker.put_slices("iris1+ iris2+", "default/third");
  speaker.settle();
  pass(1min);
  (void)said();
  claim(kSecond);
  EXPECT_THAT(said(), ElementsAre("-default/second 10.20.30.1", "-default/third 10.20.30.1"));
}

TEST_F(TwoOwners, AloneItYieldsAsWell) {
  pass(1min);
  speaker.give(MembersChanged{.members = Names{"iris1"}, .hold_takeovers = true});
  claim(kSecond);
  EXPECT_THAT(said(), ElementsAre("-default/second 10.20.30.1"));
}

TEST_F(TwoOwners, AStrangerGetsAnEventThatNamesIt) {
  claim(kFirst, std::nullopt);
  EXPECT_THAT(
      speaker.events(),
      ElementsAre("AddressConflict: address 10.20.30.2 is also used by the device 02:00:00:00:00:51 on interface eth0 "
                  "of node \"iris1\", which is not known as a speaker's: give that device another address, or take "
                  "this one out of the pool"));
  const auto event = speaker.asked_for<kube::EventNote>().front();
  EXPECT_EQ(event.type, kube::EventNote::Type::kWarning);
  EXPECT_EQ(event.about.name, "first");
  EXPECT_THAT(said(), IsEmpty()) << "the packets thread defends the address";
}

TEST_F(TwoOwners, AStrangerGetsOneEventAMinuteAndAddress) {
  for (int i = 0; i < 1200; ++i) {
    claim(kFirst, std::nullopt);
    claim(kSecond, std::nullopt);
    pass(50ms);
  }
  EXPECT_THAT(speaker.events(), SizeIs(2));
  claim(kFirst, std::nullopt);
  EXPECT_THAT(speaker.events(), SizeIs(3));
}

TEST_F(TwoOwners, EveryServiceOfTheAddressGetsTheEvent) {
  speaker.put(service({kSecond}, "third"));
  speaker.put_slices("iris1+ iris2+", "default/third");
  speaker.settle();
  speaker.forget();
  claim(kSecond, std::nullopt);
  pass(2s);
  EXPECT_THAT(speaker.events(), SizeIs(2));
}

}  // namespace
}  // namespace metallb::speaker
