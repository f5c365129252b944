#include "speaker/peer_discovery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace metallb::speaker {
namespace {

using gossip::MemberState;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

const IpAddress kOwn = IpAddress::v4(192, 168, 1, 101);
const IpAddress kTwo = IpAddress::v4(192, 168, 1, 102);
const IpAddress kThree = IpAddress::v4(192, 168, 1, 103);

kube::Pod pod(const std::string& ip, const std::vector<std::string>& all = {}) {
  kube::Pod out;
  out.status.podIP = ip;
  for (const auto& one : all) out.status.podIPs.push_back({one});
  return out;
}

/// One speaker, whose API server and membership the test plays.
struct Speaker {
  explicit Speaker(const IpAddress& own = kOwn) : discovery("own", own, Random(1), Log(log)) { run(); }

  void run() {
    while (discovery.next_deadline() <= at) {
      PeerDiscovery::Output out;
      discovery.on_time(now(), out);
      keep(out);
    }
  }
  /// The time passes as it does in a loop with a timer.
  void pass(Duration time) {
    const auto end = at + time;
    while (discovery.next_deadline() <= end) {
      at = std::max(at, discovery.next_deadline());
      run();
    }
    at = end;
  }
  void feed(const DiscoveryInput& in) {
    PeerDiscovery::Output out;
    discovery.on_input(now(), in, out);
    keep(out);
    run();
  }
  void keep(const PeerDiscovery::Output& out) {
    for (const auto& action : out) {
      if (std::holds_alternative<ListPods>(action)) {
        ++lists;
        listed_at = at;
      }
      if (const auto* join = std::get_if<gossip::Join>(&action)) joins.push_back(join->addresses);
      if (std::holds_alternative<FirstJoinEnded>(action)) ++ended;
    }
  }
  void listed(const std::vector<kube::Pod>& pods) { feed(PodsListed{pods}); }
  void list_fails() { feed(PodsListed{std::unexpected("HTTP status 403")}); }
  void joined(std::size_t count, std::size_t expected) {
    feed(gossip::JoinFinished{count, expected, count < expected ? "refused" : ""});
  }
  void member(const std::string& node, const IpAddress& address, MemberState state = MemberState::kAlive) {
    feed(gossip::MemberSeen{node, address, state});
  }
  void node(const kube::StringMap& labels, const std::string& network_unavailable = "False",
            const std::string& name = "own") {
    auto object = std::make_shared<kube::Node>();
    object->metadata.name = name;
    object->metadata.labels = labels;
    object->status.conditions.push_back({.type = "NetworkUnavailable", .status = network_unavailable});
    feed(kube::Change<kube::Node>(kube::Upserted<kube::Node>{object}));
  }
  [[nodiscard]] Now now() const { return {.steady = at, .wall = {}}; }

  struct Lines final : LogSink {
    [[nodiscard]] bool enabled(LogLevel) const override { return true; }
    void write(const LogRecord& record) override { ++(record.level == LogLevel::kError ? errors : others); }
    int errors = 0;
    int others = 0;
  } log;
  SteadyPoint at{1h};
  PeerDiscovery discovery;
  int lists = 0;
  SteadyPoint listed_at;
  std::vector<std::vector<IpAddress>> joins;
  int ended = 0;
};

/// After a first join with everybody.
struct Settled : Speaker {
  Settled() {
    listed({pod("192.168.1.101"), pod("192.168.1.102")});
    member("two", kTwo);
    joined(1, 1);
    node({});
    pass(2s);
    listed({pod("192.168.1.101"), pod("192.168.1.102")});
    joins.clear();
    lists = 0;
  }
};

// gossip spec 1.5.
TEST(PeerDiscovery, ListsPodsAtOnceAndJoinsAllButItself) {
  Speaker speaker;
  EXPECT_EQ(speaker.lists, 1);
  EXPECT_THAT(speaker.joins, IsEmpty());
  speaker.listed({pod("192.168.1.101"), pod("192.168.1.102"), pod("192.168.1.103")});
  EXPECT_THAT(speaker.joins, ElementsAre(ElementsAre(kTwo, kThree)));
  EXPECT_EQ(speaker.ended, 0);
  speaker.joined(2, 2);
  EXPECT_EQ(speaker.ended, 1);
  EXPECT_EQ(speaker.log.errors, 0);
  EXPECT_EQ(speaker.log.others, 1);
}

// failover spec 4: or the API showed that no other speaker exists.
TEST(PeerDiscovery, JoinsNobodyWhenThereIsNobodySoThatElectionsNeedNotWait) {
  Speaker speaker;
  speaker.listed({pod("192.168.1.101")});
  EXPECT_THAT(speaker.joins, ElementsAre(IsEmpty()));
  speaker.joined(0, 0);
  EXPECT_EQ(speaker.ended, 1);
  EXPECT_EQ(speaker.log.others + speaker.log.errors, 0) << "silent";
  speaker.pass(4min);
  EXPECT_EQ(speaker.joins.size(), 1U);
}

// failover spec 4: nothing is learnt from the rest of a join that has told of most members, and a dead pod costs ten
// seconds.
TEST(PeerDiscovery, EndsTheWaitWhenHalfOfTheOthersAreKnownThoughTheJoinGoesOn) {
  Speaker speaker;
  speaker.listed({pod("192.168.1.101"), pod("192.168.1.102"), pod("192.168.1.103"), pod("192.168.1.104")});
  speaker.feed(gossip::ElectorateChanged{.members = {"own"}});
  speaker.feed(gossip::ElectorateChanged{.members = {"own", "two"}});
  EXPECT_EQ(speaker.ended, 0) << "that one may have just started, too";
  speaker.feed(gossip::ElectorateChanged{.members = {"own", "two", "three"}});
  EXPECT_EQ(speaker.ended, 1);
  speaker.joined(2, 3);
  EXPECT_EQ(speaker.ended, 1);
}

TEST(PeerDiscovery, EndsTheWaitWithTheListWhenMostOfTheOthersHaveDialledBefore) {
  Speaker speaker;
  speaker.feed(gossip::ElectorateChanged{.members = {"own", "two"}});
  EXPECT_EQ(speaker.ended, 0) << "nobody knows how many there are";
  speaker.listed({pod("192.168.1.101"), pod("192.168.1.102")});
  EXPECT_EQ(speaker.ended, 1);
}

TEST(PeerDiscovery, EndsTheWaitAfterFiveSecondsFromTheFirstSignOfTheApiServer) {
  Speaker speaker;
  speaker.pass(1h);
  EXPECT_EQ(speaker.ended, 0) << "without the API server nothing is decided anyway";
  speaker.node({});
  speaker.pass(5s - 1ms);
  EXPECT_EQ(speaker.ended, 0);
  speaker.pass(1ms);
  EXPECT_EQ(speaker.ended, 1);
  speaker.listed({pod("192.168.1.102")});
  speaker.joined(1, 1);
  EXPECT_EQ(speaker.ended, 1) << "told once";
}

TEST(PeerDiscovery, EndsTheWaitAlsoWhenAJoinHangsOrPodsMustNotBeListed) {
  Speaker hanging;
  hanging.listed({pod("192.168.1.102")});
  hanging.pass(5s);
  EXPECT_EQ(hanging.ended, 1);
  Speaker refused;
  refused.list_fails();
  refused.pass(5s);
  EXPECT_EQ(refused.ended, 1);
}

TEST(PeerDiscovery, OutlivesTheDeathOfAMemberWhenPodsMustNotBeListed) {
  Speaker speaker;
  speaker.list_fails();
  speaker.member("two", kTwo);
  speaker.member("two", kTwo, MemberState::kDead);
  speaker.pass(5min);
  EXPECT_THAT(speaker.joins, IsEmpty()) << "it knows of no pod";
}

TEST(PeerDiscovery, DialsWhoDiedAgainAfterASecondAndThenEverLessOften) {
  Speaker speaker;
  speaker.listed({pod("192.168.1.102")});
  speaker.joined(1, 1);
  speaker.member("two", kTwo);
  speaker.member("two", kTwo, MemberState::kDead);
  std::vector<Duration> pauses;
  for (auto last = speaker.at; pauses.size() < 8;) {
    const auto before = speaker.joins.size();
    while (speaker.joins.size() == before) speaker.pass(100ms);
    EXPECT_THAT(speaker.joins.back(), ElementsAre(kTwo));
    pauses.push_back(speaker.at - last);
    last = speaker.at;
    speaker.joined(0, 1);
  }
  EXPECT_EQ(pauses, (std::vector<Duration>{1s, 2s, 4s, 8s, 16s, 32s, 1min, 1min}));
  speaker.member("two", kTwo);
  const auto joins = speaker.joins.size();
  speaker.pass(10min);
  EXPECT_EQ(speaker.joins.size(), joins) << "it is back";
}

TEST(PeerDiscovery, TriesAFailedListAgainSoonAndThenEverLater) {
  Speaker speaker;
  std::vector<Duration> pauses;
  for (int i = 0; i < 12; ++i) {
    const auto failed = speaker.at;
    speaker.list_fails();
    speaker.pass(6min);
    pauses.push_back(speaker.listed_at - failed);
  }
  EXPECT_GE(pauses[0], 1s);
  EXPECT_LE(pauses[0], 1100ms);
  EXPECT_LE(pauses[1], 2200ms);
  EXPECT_GE(pauses[11], 5min);
  EXPECT_LE(pauses[11], 330s);
  EXPECT_EQ(speaker.log.errors, 12);
  EXPECT_THAT(speaker.joins, IsEmpty());
  speaker.listed({pod("192.168.1.102")});
  EXPECT_THAT(speaker.joins, ElementsAre(ElementsAre(kTwo)));
}

TEST(PeerDiscovery, KeepsTheLastListWhenANewOneFails) {
  Settled speaker;
  speaker.pass(6min);
  speaker.list_fails();
  speaker.member("two", kTwo, MemberState::kDead);
  speaker.pass(1min);
  EXPECT_THAT(speaker.joins.back(), ElementsAre(kTwo));
}

TEST(PeerDiscovery, ListsEveryFiveMinutesWhenAllArePresent) {
  Settled speaker;
  speaker.pass(5min - 1s);
  EXPECT_EQ(speaker.lists, 0);
  speaker.pass(32s);
  EXPECT_EQ(speaker.lists, 1);
  speaker.pass(1h);
  EXPECT_EQ(speaker.lists, 1) << "one is under way at a time";
  EXPECT_THAT(speaker.joins, IsEmpty()) << "nothing to join is silent";
}

TEST(PeerDiscovery, ListsAgainSoonWhileAPodHasNoAddressYet) {
  Speaker speaker;
  speaker.listed({pod("192.168.1.101"), pod("")});
  speaker.joined(0, 0);
  speaker.pass(1100ms);
  EXPECT_EQ(speaker.lists, 2);
  speaker.listed({pod("192.168.1.101"), pod("192.168.1.102")});
  EXPECT_THAT(speaker.joins.back(), ElementsAre(kTwo));
}

TEST(PeerDiscovery, ListsAgainSoonWhileAPodIsNoMemberButNotForEver) {
  Speaker speaker;
  int lists = 0;
  for (int second = 0; second < 3600; ++second) {
    if (speaker.lists > lists) {
      lists = speaker.lists;
      speaker.listed({pod("192.168.1.102")});
      speaker.joined(0, 1);
    }
    speaker.pass(1s);
  }
  EXPECT_GE(lists, 15);
  EXPECT_LE(lists, 30) << "a node that stays away must not cost a request a minute";
}

TEST(PeerDiscovery, JoinsEveryMinuteWhoIsNoMember) {
  Settled speaker;
  speaker.member("two", kTwo, MemberState::kSuspect);
  speaker.pass(1min);
  EXPECT_THAT(speaker.joins, IsEmpty()) << "suspects are members";
  speaker.member("two", kTwo, MemberState::kLeft);
  speaker.pass(1min);
  EXPECT_THAT(speaker.joins, ElementsAre(ElementsAre(kTwo)));
  speaker.pass(10min);
  EXPECT_EQ(speaker.joins.size(), 1U) << "one is under way at a time";
  speaker.joined(0, 1);
  EXPECT_EQ(speaker.joins.size(), 2U) << "the trigger was remembered";
  EXPECT_EQ(speaker.log.errors, 1);
}

TEST(PeerDiscovery, JoinsWhenTheOwnNodeChangesInLabelsOrItsNetwork) {
  Settled speaker;
  speaker.member("two", kTwo, MemberState::kDead);
  speaker.node({});
  EXPECT_THAT(speaker.joins, IsEmpty()) << "a heartbeat";
  speaker.node({{"a", "b"}}, "False", "other");
  EXPECT_THAT(speaker.joins, IsEmpty()) << "another Node";
  speaker.node({{"a", "b"}});
  EXPECT_EQ(speaker.joins.size(), 1U);
  speaker.joined(0, 1);
  speaker.node({{"a", "b"}}, "True");
  EXPECT_EQ(speaker.joins.size(), 2U);
}

TEST(PeerDiscovery, TakesThePodsAddressOfTheOwnFamily) {
  const auto own = *IpAddress::parse("fd00::101");
  Speaker speaker(own);
  speaker.listed({pod("192.168.1.101", {"192.168.1.101", "fd00::101"}), pod("192.168.1.102", {"192.168.1.102", "fd00::102"}),
                  pod("192.168.1.103")});
  EXPECT_THAT(speaker.joins, ElementsAre(ElementsAre(kThree, *IpAddress::parse("fd00::102"))));
}

TEST(PeerDiscovery, FollowsAMemberThatComesBackWithAnotherAddress) {
  Settled speaker;
  speaker.member("two", kThree);
  speaker.pass(6min);
  speaker.listed({pod("192.168.1.101"), pod("192.168.1.103")});
  EXPECT_THAT(speaker.joins, ElementsAre(ElementsAre(kTwo))) << "only while the old list was all there was";
}

}  // namespace
}  // namespace metallb::speaker
