// gossip spec 7.2, 7.3, 7.5, 7.6: every state of a member times every message about it; this node itself; the merge of 5.
#include "gossip/membership.hpp"

#include <gtest/gtest.h>

#include "now.hpp"
#include "virtual_network.hpp"

namespace metallb::gossip {
namespace {

using namespace test;
using State = MemberState;

const IpAddress kOwnAddress = IpAddress::v4(10, 0, 0, 1);
const IpAddress kAddress = IpAddress::v4(10, 0, 0, 2);
const IpAddress kElsewhere = IpAddress::v4(10, 0, 0, 9);
constexpr std::uint32_t kGreatest = std::numeric_limits<std::uint32_t>::max();

class Members : public testing::Test {
 protected:
  Members() : members("own", {kOwnAddress, 7946}, settings, random, counters, Log(log)) {
    members.start(kNow);
    forget();
  }
  /// Whatever was reported or queued so far.
  void forget() {
    (void)members.take_changes();
    (void)members.take_refutation();
    (void)members.take_peers_changed();
    while (!members.news().empty()) (void)members.news().take(1400, 1);
  }
  /// "x" in this state, with incarnation 5.
  void have(std::optional<State> state) {
    if (!state) return;
    members.alive(kNow, alive_message("x", kAddress, 5));
    if (*state == State::kSuspect) members.suspect(kNow, {5, "x", "accuser"});
    if (*state == State::kDead) members.dead(kNow, {5, "x", "accuser"});
    if (*state == State::kLeft) members.dead(kNow, {5, "x", "x"});
    forget();
  }
  [[nodiscard]] std::optional<State> state(const std::string& name = "x") const {
    const auto* entry = members.table().find(name);
    return entry == nullptr ? std::nullopt : std::optional(entry->state);
  }
  [[nodiscard]] std::uint32_t incarnation(const std::string& name = "x") const {
    return members.table().find(name)->incarnation;
  }
  /// What is to be passed on, as "alive x 6".
  [[nodiscard]] std::string news() {
    std::string text;
    for (const auto& message : members.news().take(60'000, 1)) {
      if (const auto* alive = std::get_if<Alive>(&message))
        text += "alive " + alive->node + " " + std::to_string(alive->incarnation);
      if (const auto* suspect = std::get_if<Suspect>(&message))
        text += "suspect " + suspect->node + " " + std::to_string(suspect->incarnation);
      if (const auto* dead = std::get_if<Dead>(&message))
        text += "dead " + dead->node + " " + std::to_string(dead->incarnation);
    }
    return text;
  }

  Settings settings;
  Random random{1};
  Counters counters;
  LogLines log;
  Membership members;
};

// ---- state x event ----

enum class Event : std::uint8_t { kAlive, kSuspect, kDead, kLeave };
struct Case {
  std::optional<State> before;
  Event event;
  std::uint32_t incarnation;
  std::optional<State> after;
  std::uint32_t incarnation_after;
  std::string passed_on;
};

class EveryStateAndEvent : public Members, public testing::WithParamInterface<Case> {};

TEST_P(EveryStateAndEvent, LeadsWhereTheSpecificationSays) {
  const auto& c = GetParam();
  have(c.before);
  switch (c.event) {
    case Event::kAlive:
      members.alive(kNow, alive_message("x", kAddress, c.incarnation));
      break;
    case Event::kSuspect:
      members.suspect(kNow, {c.incarnation, "x", "other"});
      break;
    case Event::kDead:
      members.dead(kNow, {c.incarnation, "x", "other"});
      break;
    case Event::kLeave:
      members.dead(kNow, {c.incarnation, "x", "x"});
      break;
  }
  EXPECT_EQ(state(), c.after);
  if (c.after) {
    EXPECT_EQ(incarnation(), c.incarnation_after);
  }
  EXPECT_EQ(news(), c.passed_on);
  const auto changes = members.take_changes();
  EXPECT_EQ(!changes.empty(), c.before != c.after && !(c.after == State::kDead && !c.before));
  if (!changes.empty()) {
    EXPECT_EQ(changes.back().after, c.after);
  }
}

constexpr auto kUnknown = std::nullopt;
INSTANTIATE_TEST_SUITE_P(
    Table, EveryStateAndEvent,
    testing::Values(
        Case{kUnknown, Event::kAlive, 0, State::kDead, 0, ""},  // stays as a dead entry without event
        Case{kUnknown, Event::kAlive, 1, State::kAlive, 1, "alive x 1"}, Case{kUnknown, Event::kSuspect, 1, kUnknown, 0, ""},
        Case{kUnknown, Event::kDead, 1, kUnknown, 0, ""}, Case{kUnknown, Event::kLeave, 1, kUnknown, 0, ""},

        Case{State::kAlive, Event::kAlive, 4, State::kAlive, 5, ""},
        Case{State::kAlive, Event::kAlive, 5, State::kAlive, 5, ""},
        Case{State::kAlive, Event::kAlive, 6, State::kAlive, 6, "alive x 6"},
        Case{State::kAlive, Event::kSuspect, 4, State::kAlive, 5, ""},
        Case{State::kAlive, Event::kSuspect, 5, State::kSuspect, 5, "suspect x 5"},
        Case{State::kAlive, Event::kSuspect, 7, State::kSuspect, 7, "suspect x 7"},
        Case{State::kAlive, Event::kDead, 4, State::kAlive, 5, ""},
        Case{State::kAlive, Event::kDead, 5, State::kDead, 5, "dead x 5"},
        Case{State::kAlive, Event::kDead, 7, State::kDead, 7, "dead x 7"},
        Case{State::kAlive, Event::kLeave, 4, State::kAlive, 5, ""},
        Case{State::kAlive, Event::kLeave, 5, State::kLeft, 5, "dead x 5"},

        Case{State::kSuspect, Event::kAlive, 5, State::kSuspect, 5, ""},
        Case{State::kSuspect, Event::kAlive, 6, State::kAlive, 6, "alive x 6"},
        Case{State::kSuspect, Event::kSuspect, 4, State::kSuspect, 5, ""},
        Case{State::kSuspect, Event::kSuspect, 5, State::kSuspect, 5, ""},  // of two members no confirmation is wanted
        Case{State::kSuspect, Event::kDead, 4, State::kSuspect, 5, ""},
        Case{State::kSuspect, Event::kDead, 5, State::kDead, 5, "dead x 5"},
        Case{State::kSuspect, Event::kLeave, 5, State::kLeft, 5, "dead x 5"},

        Case{State::kDead, Event::kAlive, 5, State::kDead, 5, ""},
        Case{State::kDead, Event::kAlive, 6, State::kAlive, 6, "alive x 6"},
        Case{State::kDead, Event::kSuspect, 9, State::kDead, 5, ""},
        Case{State::kDead, Event::kDead, 9, State::kDead, 5, ""}, Case{State::kDead, Event::kLeave, 9, State::kDead, 5, ""},

        Case{State::kLeft, Event::kAlive, 5, State::kLeft, 5, ""},
        Case{State::kLeft, Event::kAlive, 6, State::kAlive, 6, "alive x 6"},
        Case{State::kLeft, Event::kSuspect, 9, State::kLeft, 5, ""},
        Case{State::kLeft, Event::kDead, 9, State::kLeft, 5, ""},
        Case{State::kLeft, Event::kLeave, 9, State::kLeft, 5, ""}));

// ---- alive ----

TEST_F(Members, AreFoundAnewAtAnotherAddressOnlyAfterTheyLeft) {
  have(State::kAlive);
  members.alive(kNow, alive_message("x", kElsewhere, 9));
  EXPECT_EQ(members.table().find("x")->endpoint.address, kAddress);
  EXPECT_EQ(counters.address_conflicts, 1U);
  members.dead(kNow, {5, "x", "accuser"});
  members.alive(kNow, alive_message("x", kElsewhere, 9));
  EXPECT_EQ(state(), State::kDead) << "the name is not free before it is forgotten";
}

TEST_F(Members, ThatLeftComeBackElsewhereWithAnyIncarnation) {
  have(State::kLeft);
  members.alive(kNow, alive_message("x", kElsewhere, 1));
  EXPECT_EQ(state(), State::kAlive);
  EXPECT_EQ(incarnation(), 1U);
  EXPECT_EQ(members.table().find("x")->endpoint.address, kElsewhere);
  const auto changes = members.take_changes();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_TRUE(changes[0].moved);
  EXPECT_FALSE(changes[0].returned());
}

TEST_F(Members, SayTheirAddressInTheLengthItCameIn) {
  auto mapped = alive_message("x", kAddress, 1);
  mapped.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2};
  members.alive(kNow, mapped);
  EXPECT_EQ(members.table().find("x")->address, mapped.address);
  EXPECT_EQ(members.table().find("x")->endpoint.address, kAddress);
  members.alive(kNow, alive_message("x", kAddress, 2));
  EXPECT_EQ(counters.address_conflicts, 1U) << "equality is that of bytes";
}

TEST_F(Members, AreLoggedAboutAnAddressConflictOncePerMinute) {
  have(State::kAlive);
  for (int i = 0; i < 100; ++i) members.alive(kNow + std::chrono::milliseconds(i), alive_message("x", kElsewhere, 9));
  EXPECT_EQ(log.count("address conflict"), 1U);
  members.alive(kNow + 61s, alive_message("x", kElsewhere, 9));
  EXPECT_EQ(log.count("address conflict"), 2U);
  EXPECT_EQ(log.count("repeated=99"), 1U);
}

TEST_F(Members, WithoutAPortHaveOurs) {
  auto message = alive_message("x", kAddress, 1);
  message.port = 0;
  members.alive(kNow, message);
  EXPECT_EQ(members.table().find("x")->endpoint.port, 7946);
}

TEST_F(Members, WithAddressesThatAreNoHostsAreIgnored) {
  for (const auto& address : {Bytes{}, Bytes{10, 0, 0}, Bytes(5, 1), Bytes(17, 1), Bytes(300, 1), Bytes{0, 0, 0, 0},
                              Bytes{224, 0, 0, 1}, Bytes{255, 255, 255, 255}, Bytes(16, 0), Bytes(16, 0xff)}) {
    auto message = alive_message("x", kAddress, 1);
    message.address = address;
    members.alive(kNow, message);
    EXPECT_EQ(state(), std::nullopt) << address.size();
  }
  EXPECT_EQ(counters.bad_addresses, 10U);
}

TEST_F(Members, WithAnEmptyVersionRangeAreIgnored) {
  auto message = alive_message("x", kAddress, 1);
  message.versions = {0, 5, 2, 0, 0, 0};
  members.alive(kNow, message);
  EXPECT_EQ(state(), std::nullopt);
  EXPECT_EQ(counters.bad_versions, 1U);
}

TEST_F(Members, WithTooFewVersionBytesAreMembersWithoutVersions) {
  auto message = alive_message("x", kAddress, 1);
  message.versions = {1, 5, 2};
  members.alive(kNow, message);
  EXPECT_EQ(state(), State::kAlive);
  EXPECT_TRUE(members.table().find("x")->versions.empty()) << "other lengths crash some peers when they are passed on";
}

TEST_F(Members, KeepTheirVersionsWhenAnAliveMessageHasNone) {
  have(State::kAlive);
  auto message = alive_message("x", kAddress, 6);
  message.versions.clear();
  members.alive(kNow, message);
  EXPECT_EQ(incarnation(), 6U);
  EXPECT_EQ(members.table().find("x")->versions.size(), 6U);
}

TEST_F(Members, NamedBadlyAreIgnored) {
  members.alive(kNow, alive_message("", kAddress, 1));
  members.alive(kNow, alive_message(std::string(254, 'x'), kAddress, 1));
  members.alive(kNow, alive_message(std::string(253, 'x'), kAddress, 1));
  EXPECT_EQ(counters.bad_names, 2U);
  EXPECT_EQ(members.table().size(), 2U);
}

TEST_F(Members, WithTooMuchMetadataAreIgnored) {
  auto message = alive_message("x", kAddress, 1);
  message.meta = Bytes(513, 1);
  members.alive(kNow, message);
  EXPECT_EQ(state(), std::nullopt);
  message.meta = Bytes(512, 1);
  members.alive(kNow, message);
  EXPECT_EQ(state(), State::kAlive);
}

TEST_F(Members, BeyondTheGreatestTableAreDropped) {
  for (std::size_t i = 0; i < MemberTable::kMostMembers + 5; ++i) {
    members.alive(kNow, alive_message("m" + std::to_string(i), kAddress, 1));
  }
  EXPECT_EQ(members.table().size(), MemberTable::kMostMembers);
  EXPECT_EQ(counters.dropped_names, 6U) << "this node has a place as well";
  EXPECT_LE(members.news().size(), MemberTable::kMostMembers);
}

TEST_F(Members, ReportNewMetadataAsAnUpdate) {
  have(State::kAlive);
  auto message = alive_message("x", kAddress, 6);
  members.alive(kNow, message);
  EXPECT_TRUE(members.take_changes().empty()) << "a higher incarnation alone is none";
  message.incarnation = 7;
  message.meta = Bytes{};
  members.alive(kNow, message);
  EXPECT_TRUE(members.take_changes().empty()) << "nil and empty are equal";
  message.incarnation = 8;
  message.meta = Bytes{1};
  members.alive(kNow, message);
  const auto changes = members.take_changes();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_TRUE(changes[0].meta_changed);
}

TEST_F(Members, ThatRefuteTheirDeathHaveReturned) {
  have(State::kDead);
  members.alive(kNow, alive_message("x", kAddress, 6));
  const auto changes = members.take_changes();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_TRUE(changes[0].returned());
}

// ---- suspicion ----

TEST_F(Members, UnderSuspicionAreDeclaredDeadInTheNameOfThisNode) {
  have(State::kSuspect);
  EXPECT_EQ(members.next_deadline(), kNow + 4s);
  members.on_time(kNow + 4s - 1ns);
  EXPECT_EQ(state(), State::kSuspect);
  members.on_time(kNow + 4s);
  EXPECT_EQ(state(), State::kDead);
  const auto sent = members.news().take(1400, 1);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(std::get<Dead>(sent[0]), (Dead{5, "x", "own"}));
  EXPECT_EQ(members.next_deadline(), kIdle);
}

TEST_F(Members, UnderSuspicionAreClearedByAHigherIncarnationOnly) {
  have(State::kSuspect);
  members.alive(kNow + 1s, alive_message("x", kAddress, 5));
  EXPECT_EQ(members.next_deadline(), kNow + 4s);
  members.alive(kNow + 1s, alive_message("x", kAddress, 6));
  EXPECT_EQ(members.next_deadline(), kIdle);
}

TEST_F(Members, PassOnConfirmationsThatAreNewAndWanted) {
  for (int i = 0; i < 8; ++i) members.alive(kNow, alive_message("m" + std::to_string(i), kAddress, 1));
  have(State::kSuspect);
  members.suspect(kNow, {5, "x", "accuser"});
  EXPECT_EQ(news(), "");
  members.suspect(kNow, {6, "x", "second"});
  EXPECT_EQ(news(), "suspect x 6") << "as received";
  EXPECT_EQ(incarnation(), 5U) << "that of the first accusation stays";
  members.suspect(kNow, {5, "x", "third"});
  EXPECT_EQ(news(), "suspect x 5");
  members.suspect(kNow, {5, "x", "fourth"});
  EXPECT_EQ(news(), "");
  EXPECT_EQ(members.next_deadline(), kNow + 4s);
}

TEST_F(Members, AreNotAccusedByOthersWithAnIncarnationThatNobodyCouldRefute) {
  have(State::kAlive);
  EXPECT_FALSE(members.credible(kNow, "x", "other", kGreatest));
  EXPECT_TRUE(members.credible(kNow, "x", "other", kGreatest - 1));
  EXPECT_EQ(counters.bad_incarnations, 1U);
  (void)members.merge(kNow, {.entries = {entry_of("x", kAddress, kGreatest, State::kDead)}});
  (void)members.merge(kNow, {.entries = {entry_of("x", kAddress, kGreatest, State::kLeft)}});
  EXPECT_EQ(state(), State::kAlive);
}

TEST_F(Members, WhoseIncarnationWasForgedToTheGreatestStillDieWhenThisNodeFindsOut) {
  have(State::kAlive);
  members.alive(kNow, alive_message("x", kAddress, kGreatest));
  members.suspect(kNow, {kGreatest, "x", "own"});
  members.on_time(kNow + 4s);
  EXPECT_EQ(state(), State::kDead);
}

TEST_F(Members, AreNotAccusedUnderNamesThatAreNone) {
  EXPECT_FALSE(members.credible(kNow, "", "other", 1));
  EXPECT_FALSE(members.credible(kNow, std::string(300, 'x'), "other", 1));
  EXPECT_FALSE(members.credible(kNow, "x", std::string(300, 'x'), 1));
  EXPECT_TRUE(members.credible(kNow, "x", "", 1));
}

// ---- this node ----

struct Accusation {
  std::string what;
  std::function<void(Membership&)> make;
  std::uint32_t answer;  ///< incarnation; 0: none
  bool everywhere;
};

class ThisNode : public Members, public testing::WithParamInterface<Accusation> {};

TEST_P(ThisNode, RefutesWhatIsSaidAboutIt) {
  GetParam().make(members);
  EXPECT_EQ(state("own"), State::kAlive);
  const auto answer = GetParam().answer;
  EXPECT_EQ(news(), answer == 0 ? "" : "alive own " + std::to_string(answer));
  EXPECT_EQ(incarnation("own"), answer == 0 ? 1U : answer);
  EXPECT_EQ(members.awareness().score(), answer == 0 ? 0 : 1);
  const auto refutation = members.take_refutation();
  if (answer == 0) return;
  ASSERT_TRUE(refutation);
  EXPECT_EQ(refutation->message.incarnation, answer);
  EXPECT_EQ(refutation->dead, GetParam().everywhere);
}

PushPull table_with(State state, std::uint32_t incarnation) {
  return {.entries = {entry_of("own", kOwnAddress, incarnation, state)}};
}
Alive own_with_meta(std::uint32_t incarnation) {
  auto message = alive_message("own", kOwnAddress, incarnation);
  message.meta = Bytes{1};
  return message;
}

INSTANTIATE_TEST_SUITE_P(
    Accusations, ThisNode,
    testing::Values(
        Accusation{"Suspect", [](auto& m) { m.suspect(kNow, {1, "own", "x"}); }, 2, false},
        Accusation{"SuspectAhead", [](auto& m) { m.suspect(kNow, {7, "own", "x"}); }, 8, false},
        Accusation{"SuspectOfAnOldIncarnation", [](auto& m) { m.suspect(kNow, {0, "own", "x"}); }, 0, false},
        Accusation{"Dead", [](auto& m) { m.dead(kNow, {1, "own", "x"}); }, 2, true},
        Accusation{"DeadAhead", [](auto& m) { m.dead(kNow, {7, "own", "x"}); }, 8, true},
        Accusation{"DeadOfAnOldIncarnation", [](auto& m) { m.dead(kNow, {0, "own", "x"}); }, 0, true},
        Accusation{"ForgedLeave", [](auto& m) { m.dead(kNow, {1, "own", "own"}); }, 2, true},
        Accusation{"GreatestThatCanBeRefuted", [](auto& m) { m.dead(kNow, {kGreatest - 1, "own", "x"}); }, kGreatest, true},
        Accusation{"AliveAsItIs", [](auto& m) { m.alive(kNow, alive_message("own", kOwnAddress, 1)); }, 0, false},
        Accusation{"AliveOfAnOldIncarnation", [](auto& m) { m.alive(kNow, own_with_meta(0)); }, 0, false},
        Accusation{"AliveWithOtherMetadata", [](auto& m) { m.alive(kNow, own_with_meta(1)); }, 2, false},
        Accusation{"AliveAhead", [](auto& m) { m.alive(kNow, alive_message("own", kOwnAddress, 6)); }, 7, false},
        Accusation{"AliveElsewhere", [](auto& m) { m.alive(kNow, alive_message("own", kElsewhere, 6)); }, 0, false},
        Accusation{"ATableInWhichItIsDead", [](auto& m) { (void)m.merge(kNow, table_with(State::kDead, 3)); }, 4, true},
        Accusation{"ATableInWhichItIsSuspected", [](auto& m) { (void)m.merge(kNow, table_with(State::kSuspect, 3)); }, 4,
                   true},
        Accusation{"ATableInWhichItHasLeft", [](auto& m) { (void)m.merge(kNow, table_with(State::kLeft, 3)); }, 4, true}),
    [](const auto& info) { return info.param.what; });

TEST_F(Members, RemindWhoeverStillAccusesThisNodeOfWhatWasRefuted) {
  members.dead(kNow, {1, "own", "x"});
  forget();
  members.dead(kNow, {1, "own", "y"});
  const auto reminder = members.take_refutation();
  ASSERT_TRUE(reminder);
  EXPECT_EQ(reminder->message.incarnation, 2U) << "which stays";
  EXPECT_EQ(counters.refutations, 1U);
  EXPECT_EQ(news(), "");
}

TEST_F(Members, OfAClusterThatThisNodeLeftDoNotCallItBack) {
  members.alive(kNow, alive_message("x", kAddress, 1));
  forget();
  members.leave(kNow);
  EXPECT_EQ(state("own"), State::kLeft);
  EXPECT_EQ(news(), "dead own 1");
  members.alive(kNow, alive_message("own", kOwnAddress, 9));
  members.suspect(kNow, {9, "own", "x"});
  members.dead(kNow, {9, "own", "x"});
  EXPECT_EQ(state("own"), State::kLeft);
  EXPECT_EQ(news(), "");
  EXPECT_EQ(counters.refutations, 0U);
}

TEST_F(Members, AreNotJudgedAnyMoreByANodeThatLeaves) {
  have(State::kSuspect);
  members.leave(kNow);
  EXPECT_EQ(members.next_deadline(), kIdle);
  members.suspect(kNow, {5, "x", "other"});
  EXPECT_EQ(members.next_deadline(), kIdle);
}

// ---- merge ----

TEST_F(Members, OfAnotherTableAreBelievedByTheirState) {
  have(State::kAlive);
  members.alive(kNow, alive_message("y", kAddress, 1));
  members.alive(kNow, alive_message("z", kAddress, 1));
  forget();
  EXPECT_EQ(
      members.merge(kNow, {.entries = {entry_of("x", kAddress, 5, State::kDead), entry_of("y", kAddress, 1, State::kSuspect),
                                       entry_of("z", kAddress, 1, State::kLeft), entry_of("new", kAddress, 3),
                                       entry_of("gone", kAddress, 3, State::kDead)}}),
      std::nullopt);
  EXPECT_EQ(state("x"), State::kSuspect) << "a rumoured death is verified first";
  EXPECT_EQ(state("y"), State::kSuspect);
  EXPECT_EQ(state("z"), State::kLeft) << "a leave is believed";
  EXPECT_EQ(state("new"), State::kAlive);
  EXPECT_EQ(state("gone"), std::nullopt);
  EXPECT_EQ(counters.exchanges, 1U);
}

TEST_F(Members, OfAnotherTableAreSuspectedInTheNameOfThisNode) {
  have(State::kAlive);
  (void)members.merge(kNow, {.entries = {entry_of("x", kAddress, 5, State::kDead)}});
  const auto sent = members.news().take(1400, 1);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(std::get<Suspect>(sent[0]), (Suspect{5, "x", "own"}));
}

TEST_F(Members, AreMergedAllOrNone) {
  auto bad = entry_of("bad", kAddress, 1);
  bad.versions.clear();
  const auto refused = members.merge(kNow, {.entries = {entry_of("good", kAddress, 1), bad}});
  ASSERT_TRUE(refused);
  EXPECT_NE(refused->find("bad"), std::string::npos);
  EXPECT_EQ(members.table().size(), 1U);
  EXPECT_EQ(counters.exchanges, 0U);
}

TEST_F(Members, OfTheOwnTableCountInTheVersionCheckToo) {
  auto message = alive_message("x", kAddress, 1);
  message.versions.clear();
  members.alive(kNow, message);
  EXPECT_TRUE(members.merge(kNow, {.entries = {entry_of("y", kAddress, 1)}}));
}

TEST_F(Members, AreRefusedInNumbersThatNoClusterHas) {
  PushPull state;
  for (int i = 0; i < 20'001; ++i) state.entries.push_back(entry_of("m", kAddress, 1));
  EXPECT_TRUE(members.merge(kNow, state));
}

TEST_F(Members, GoIntoAPushPullInEveryState) {
  have(State::kDead);
  const auto rows = members.state();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].name, "own");
  EXPECT_EQ(rows[0].versions, Versions(kOwnVersions.begin(), kOwnVersions.end()));
  EXPECT_EQ(rows[0].address.size(), 4U);
  EXPECT_EQ(rows[1].name, "x");
  EXPECT_EQ(rows[1].state, State::kDead);
  EXPECT_EQ(rows[1].incarnation, 5U);
}

}  // namespace
}  // namespace metallb::gossip
