// Members that come and go: failover spec 4 (when to keep silent) and 6 (taking over), issue 4 items 3 and 4.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "unit/speaker/speaker_under_test.hpp"

namespace metallb::speaker {
namespace {

using test::advertisement;
using test::node;
using test::pool;
using test::service;
using test::SpeakerUnderTest;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;
using namespace std::chrono_literals;

using Names = std::set<std::string>;

MembersChanged members(const Names& names) {
  return {.members = names};
}
MembersChanged holding(const Names& names) {
  return {.members = names, .hold_takeovers = true};
}

/// Nodes iris1, iris2 and iris3; this is iris1. By the election default/one (10.20.30.1) goes to iris2, default/two
/// (10.20.30.2) to iris1, of these two.
struct Cluster : testing::Test {
  explicit Cluster(const MembersChanged& at_first = members({"iris1", "iris2"})) {
    speaker.give(at_first);
    for (const auto* name : {"iris1", "iris2", "iris3"}) speaker.put(node(name));
    speaker.put(pool("pool", {"10.20.0.0/16"}));
    speaker.put(advertisement());
    speaker.give(InterfacesChanged{{"eth0"}});
    add("one", "10.20.30.1");
    add("two", "10.20.30.2");
    speaker.listed_all();
    speaker.settle();
  }
  void add(const std::string& name, const std::string& address) {
    speaker.put(service({address}, name));
    speaker.put_slices("iris1+ iris2+ iris3+", "default/" + name);
  }
  void change(const MembersChanged& to) {
    speaker.forget();
    speaker.give(to);
    speaker.settle();
  }
  SpeakerUnderTest speaker{"iris1"};
};

TEST_F(Cluster, OwnsWhatTheElectionGivesIt) {
  EXPECT_THAT(speaker.commands(), ElementsAre("+default/two 10.20.30.2 *"));
  EXPECT_EQ(speaker.reason("one"), "notOwner");
}

TEST_F(Cluster, TakesOverWhatALostMemberOwned) {
  change(members({"iris1"}));
  EXPECT_THAT(speaker.commands(), ElementsAre("+default/one 10.20.30.1 *"));
}

TEST_F(Cluster, GivesBackWhatAReturningMemberOwnsAndAnnouncesTheRestAgain) {
  change(members({"iris1"}));
  change(members({"iris1", "iris2"}));
  // iris2 may have announced both while it was out of reach.
  EXPECT_THAT(speaker.commands(), UnorderedElementsAre("-default/one 10.20.30.1", "!10.20.30.2"));
  EXPECT_EQ(speaker.withdraw_reason(), "notOwner");
}

TEST_F(Cluster, AnnouncesNothingAgainForAMemberThatSaidGoodBye) {
  auto without = members({"iris1"});
  without.left = {"iris2"};
  change(without);
  change(members({"iris1", "iris2"}));
  EXPECT_THAT(speaker.commands(), ElementsAre("-default/one 10.20.30.1"));
}

TEST_F(Cluster, AnnouncesNothingAgainForAMemberThatNeverWasAway) {
  change(members({"iris1", "iris2", "iris3"}));
  for (const auto& command : speaker.commands()) EXPECT_NE(command[0], '!') << command;
}

TEST_F(Cluster, HearsOfTheSameMembersAgainWithoutDoingAnything) {
  speaker.forget();
  speaker.give(members({"iris1", "iris2"}));
  EXPECT_EQ(speaker.settle(), 0);
}

TEST_F(Cluster, TakesTheSecondLossIntoAccountBeforeTheFirstHasBeenWorkedOff) {
  change(members({"iris1", "iris2", "iris3"}));
  for (int i = 1; i < 50; ++i) add("s" + std::to_string(i), "10.20.31." + std::to_string(i));
  speaker.settle();
  speaker.forget();
  speaker.give(members({"iris1", "iris3"}));
  speaker.give(members({"iris1"}));
  speaker.settle();
  EXPECT_THAT(speaker.instance.announced(), SizeIs(51)) << "everything";
}

/// Many Services, of which a few change hands.
struct LargeCluster : Cluster {
  static constexpr int kServices = 2000;
  static std::string address_of(int i) { return "10.20." + std::to_string(100 + i / 250) + "." + std::to_string(i % 250); }
  LargeCluster() {
    for (int i = 0; i < kServices; ++i) {
      add("s" + std::to_string(i), address_of(i));
    }
    speaker.give(members({"iris1", "iris2", "iris3"}));
    speaker.settle();
    for (const auto& [key, decision] : speaker.instance.decisions().all()) {
      if (decision->order.at(0) == "iris2" && decision->order.at(1) == "iris1") inherited.insert(key);
    }
    speaker.forget();
  }
  [[nodiscard]] std::set<ServiceKey> announced_by(const Output& out) const {
    std::set<ServiceKey> found;
    for (const auto& action : out) {
      const auto* command = std::get_if<layer2::Command>(&action);
      if (command == nullptr) continue;
      if (const auto* announce = std::get_if<layer2::Announce>(command)) found.insert(announce->service);
    }
    return found;
  }
  std::set<ServiceKey> inherited;
};

TEST_F(LargeCluster, LooksFirstAtWhatChangesHandsAndAtNothingElse) {
  ASSERT_GT(inherited.size(), 200U);
  // Everything is to be looked at anyway when the member dies.
  speaker.put(node("iris4"));
  speaker.instance.on_time(speaker.now, speaker.out);
  speaker.give(members({"iris1", "iris3"}));
  std::size_t slices = 0;
  while (announced_by(speaker.out).size() < inherited.size()) {
    ASSERT_LE(speaker.instance.next_deadline(), speaker.now.steady);
    speaker.instance.on_time(speaker.now, speaker.out);
    ++slices;
  }
  EXPECT_EQ(announced_by(speaker.out), inherited);
  EXPECT_LE(slices, inherited.size() / 64 + 1) << "not one Service that does not change hands was looked at";
  speaker.settle();
  EXPECT_EQ(announced_by(speaker.out), inherited);
}

TEST_F(LargeCluster, LooksNextAtItsOwnWhenAMemberComes) {
  speaker.give(members({"iris1", "iris3"}));
  speaker.settle();
  speaker.forget();
  const auto own = speaker.instance.announcements().all().size();
  speaker.give(members({"iris1", "iris2", "iris3"}));
  for (std::size_t slices = 0; slices < own / 64 + 1; ++slices) speaker.instance.on_time(speaker.now, speaker.out);
  std::size_t withdrawn = 0;
  std::size_t again = 0;
  for (const auto& command : speaker.commands()) {
    withdrawn += command[0] == '-' ? 1 : 0;
    again += command[0] == '!' ? 1 : 0;
  }
  EXPECT_EQ(withdrawn, inherited.size());
  EXPECT_EQ(again, own - inherited.size());
}

TEST_F(LargeCluster, ForgetsNothingInTheHurry) {
  // What the members' changes put in front must not end up different from what a fresh speaker would decide.
  for (const auto& names : {Names{"iris1", "iris3"}, Names{"iris1"}, Names{"iris1", "iris2"},
                            Names{"iris1", "iris2", "iris3"}, Names{"iris2", "iris3"}, Names{"iris1", "iris2"}}) {
    speaker.give(members(names));
    speaker.instance.on_time(speaker.now, speaker.out);
  }
  speaker.settle();
  std::set<ServiceKey> expected;
  for (int i = 0; i < kServices; ++i) {
    const auto address = IpAddress::parse(address_of(i)).value();
    if (layer2::rank(address, {{"iris1", {}}, {"iris2", {}}}).front() == "iris1") {
      expected.insert({"default", "s" + std::to_string(i)});
    }
  }
  for (const auto& [name, address] : {std::pair("one", "10.20.30.1"), std::pair("two", "10.20.30.2")}) {
    if (layer2::rank(IpAddress::parse(address).value(), {{"iris1", {}}, {"iris2", {}}}).front() == "iris1") {
      expected.insert({"default", name});
    }
  }
  std::set<ServiceKey> actual;
  for (const auto& [key, announcement] : speaker.instance.announcements().all()) actual.insert(key);
  EXPECT_EQ(actual, expected);
}

/// A speaker that starts: nobody has been met yet.
struct Starting : Cluster {
  Starting() : Cluster(holding({"iris1"})) {}
};

TEST_F(Starting, TakesOverNothingBeforeTheFirstJoinHasEnded) {
  EXPECT_THAT(speaker.commands(), IsEmpty());
  EXPECT_EQ(speaker.reason("one"), "waitingForFirstJoin");
  EXPECT_EQ(speaker.reason("two"), "waitingForFirstJoin");
}

TEST_F(Starting, TakesWhatIsItsOwnWhenItHasJoined) {
  change(members({"iris1", "iris2"}));
  EXPECT_THAT(speaker.commands(), ElementsAre("+default/two 10.20.30.2 *"));
}

TEST_F(Starting, TakesEverythingWhenThereIsNobodyElse) {
  change(members({"iris1"}));
  EXPECT_THAT(speaker.commands(), UnorderedElementsAre("+default/one 10.20.30.1 *", "+default/two 10.20.30.2 *"));
}

TEST_F(Starting, LeavesStatusObjectsOfAnEarlierRunAlone) {
  kube::ServiceL2Status left;
  left.metadata.namespace_ = "metallb-system";
  left.metadata.name = "l2-abc";
  left.metadata.uid = "uid";
  left.metadata.labels = {
      {"metallb.io/node", "iris1"}, {"metallb.io/service-name", "two"}, {"metallb.io/service-namespace", "default"}};
  speaker.put(left);
  speaker.settle();
  EXPECT_THAT(speaker.asked_for<kube::Write>(), IsEmpty()) << "it may be right in a moment";
  change(members({"iris1", "iris2"}));
  for (const auto& write : speaker.asked_for<kube::Write>()) EXPECT_NE(write.verb, kube::Verb::kDelete);
}

/// All others are lost at once.
struct Alone : Cluster {
  Alone() { change(holding({"iris1"})); }
};

TEST_F(Alone, KeepsWhatItAnnouncesAndTakesOverNothing) {
  EXPECT_THAT(speaker.commands(), IsEmpty());
  EXPECT_EQ(speaker.reason("one"), "aloneForAMoment");
  EXPECT_EQ(speaker.reason("two"), "");
  EXPECT_THAT(speaker.instance.announced(), SizeIs(1));
}

TEST_F(Alone, GivesUpWhatItLosesForAnotherReason) {
  speaker.put_slices("iris1- iris2- iris3-", "default/two");
  speaker.settle();
  EXPECT_THAT(speaker.commands(), ElementsAre("-default/two 10.20.30.2"));
}

TEST_F(Alone, StartsNoNewServiceEither) {
  add("three", "10.20.30.3");
  speaker.settle();
  EXPECT_EQ(speaker.reason("three"), "aloneForAMoment");
  EXPECT_THAT(speaker.commands(), IsEmpty());
}

TEST_F(Alone, TakesEverythingAfterTheMoment) {
  change(members({"iris1"}));
  EXPECT_THAT(speaker.commands(), ElementsAre("+default/one 10.20.30.1 *"));
}

TEST_F(Alone, TakesNothingWhenTheOthersComeBack) {
  change(members({"iris1", "iris2"}));
  EXPECT_THAT(speaker.commands(), ElementsAre("!10.20.30.2"));
}

TEST_F(LargeCluster, TakesAllAtOnceWhenTheMomentIsOver) {
  speaker.give(holding({"iris1"}));
  speaker.settle();
  EXPECT_THAT(announced_by(speaker.out), IsEmpty());
  const auto before = speaker.instance.announcements().all().size();
  const auto lost = kServices + 2 - before;
  // The pass that the lone speaker made is of no consequence: what it may take now goes first.
  speaker.give(members({"iris1"}));
  for (std::size_t slices = 0; slices < lost / 64 + 1; ++slices) speaker.instance.on_time(speaker.now, speaker.out);
  EXPECT_THAT(announced_by(speaker.out), SizeIs(lost));
}

/// This speaker has been told to end.
struct Leaving : Cluster {
  Leaving() {
    speaker.forget();
    speaker.give(Stopping{});
    speaker.settle();
  }
  void hear(const std::string& node, const std::string& address) {
    speaker.forget();
    speaker.give(layer2::ConflictSeen{.address = IpAddress::parse(address).value(),
                                      .interface = InterfaceIndex(2),
                                      .interface_name = "eth0",
                                      .mac = MacAddress({2, 0, 0, 0, 0, 0x51}),
                                      .node = node.empty() ? std::nullopt : std::optional(node)});
    speaker.settle();
  }
};

TEST_F(Leaving, AnswersUntilTheSuccessorIsHeard) {
  EXPECT_THAT(speaker.commands(), IsEmpty());
  EXPECT_EQ(speaker.reason("two"), "stopping");
  EXPECT_FALSE(speaker.instance.announces_nothing());
  hear("iris2", "10.20.30.2");
  EXPECT_THAT(speaker.commands(), ElementsAre("-default/two 10.20.30.2"));
  EXPECT_EQ(speaker.withdraw_reason(), "stopping");
  EXPECT_TRUE(speaker.instance.announces_nothing());
}

TEST_F(Leaving, NamesTheSuccessor) {
  EXPECT_EQ(speaker.instance.decisions().find({"default", "two"})->detail,
            "this speaker stops; it answers until iris2 is heard");
}

TEST_F(Leaving, IsNotImpressedByAStranger) {
  hear("", "10.20.30.2");
  EXPECT_THAT(speaker.commands(), IsEmpty());
}

TEST_F(Leaving, TakesOverNothingAnyMore) {
  change(members({"iris1"}));
  EXPECT_THAT(speaker.commands(), IsEmpty());
  add("three", "10.20.30.3");
  speaker.settle();
  EXPECT_THAT(speaker.commands(), IsEmpty());
}

TEST_F(Leaving, AnswersToTheEndWhereNobodyCanFollow) {
  change(members({"iris1"}));
  EXPECT_EQ(speaker.reason("two"), "stopping");
  EXPECT_THAT(speaker.instance.announced(), SizeIs(1));
  change(members({}));
  EXPECT_THAT(speaker.instance.announced(), SizeIs(1)) << "the membership may be gone already";
}

TEST_F(Leaving, StillGivesUpAServiceThatIsDeleted) {
  speaker.remove<kube::Service>({"default", "two"});
  speaker.settle();
  EXPECT_THAT(speaker.commands(), ElementsAre("-default/two 10.20.30.2"));
}

TEST_F(Leaving, GivesUpTheAddressesOfADualStackServiceOneByOne) {
  SpeakerUnderTest dual("iris1");
  dual.give(members({"iris1", "iris2"}));
  for (const auto* name : {"iris1", "iris2"}) dual.put(node(name));
  dual.put(pool("pool", {"10.20.30.0/24", "2001:db8::/64"}));
  dual.put(advertisement());
  dual.put(service({"10.20.30.2", "2001:db8::2"}));
  dual.put_slices("iris1+ iris2+");
  dual.give(InterfacesChanged{{"eth0"}});
  dual.listed_all();
  dual.settle();
  dual.give(Stopping{});
  dual.forget();
  const auto heard = [&](const char* address) {
    dual.give(layer2::ConflictSeen{.address = IpAddress::parse(address).value(), .node = "iris2"});
    dual.settle();
  };
  heard("2001:db8::2");
  EXPECT_THAT(dual.commands(), ElementsAre("-default/web 2001:db8::2"));
  EXPECT_FALSE(dual.instance.announces_nothing());
  heard("10.20.30.2");
  EXPECT_THAT(dual.commands(), ElementsAre("-default/web 2001:db8::2", "-default/web 10.20.30.2"));
  EXPECT_TRUE(dual.instance.announces_nothing());
}

TEST_F(Leaving, WritesNoStatusObjectsAnyMore) {
  // The successor's object must not fall victim to an owner that goes on answering for a moment.
  kube::ServiceL2Status successors;
  successors.metadata.namespace_ = "metallb-system";
  successors.metadata.name = "l2-new";
  successors.metadata.uid = "uid";
  successors.metadata.labels = {
      {"metallb.io/node", "iris2"}, {"metallb.io/service-name", "two"}, {"metallb.io/service-namespace", "default"}};
  speaker.put(successors);
  hear("iris2", "10.20.30.2");
  speaker.advance(1min);
  speaker.settle();
  EXPECT_THAT(speaker.asked_for<kube::Write>(), IsEmpty());
}

}  // namespace
}  // namespace metallb::speaker
