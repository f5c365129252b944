// The small member that is mixed with the product's core must itself do what gossip.md says, or the mixture proves nothing.
#include "sim/minimal_member.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <vector>

#include "gossip/packet.hpp"
#include "sim/measurement.hpp"
#include "sim/network.hpp"
#include "sim/scenario.hpp"

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;
using gossip::MemberState;

gossip::Options options(const std::string& name, std::uint8_t number) {
  return {.node_name = name,
          .address = IpAddress::v4(10, 0, 0, number),
          .port = 7946,
          .settings = gossip::lan_settings(),
          .ring = {},
          .nonces = [] { return gossip::Nonce{}; },
          .seed = number};
}

struct OneMember : testing::Test {
  OneMember() { give_time(0s); }
  void give_time(Duration duration) {
    now += duration;
    member.on_time({.steady = now, .wall = {}}, out);
  }
  void packet(const gossip::PacketMessage& message) {
    const auto bytes = gossip::encode(message);
    member.on_input({.steady = now, .wall = {}}, gossip::PacketReceived{.from = peer, .packet = bytes}, out);
  }
  template <class T>
  std::vector<T> sent() {
    std::vector<T> found;
    for (const auto& action : out) {
      const auto* packet = std::get_if<gossip::SendPacket>(&action);
      if (packet == nullptr) continue;
      for (const auto& message : gossip::decode_packet(packet->packet, {}).messages) {
        if (const auto* one = std::get_if<T>(&message)) found.push_back(*one);
      }
    }
    return found;
  }
  [[nodiscard]] std::optional<gossip::Member> row(const std::string& name) const {
    for (const auto& member_row : member.members()) {
      if (member_row.name == name) return member_row;
    }
    return std::nullopt;
  }
  void meet_peer() {
    packet(gossip::Alive{.incarnation = 1,
                         .node = "peer",
                         .address = gossip::to_wire(peer.address),
                         .port = 7946,
                         .meta = std::nullopt,
                         .versions = {gossip::kOwnVersions.begin(), gossip::kOwnVersions.end()}});
  }
  SteadyPoint now{1h};
  gossip::Endpoint peer{.address = IpAddress::v4(10, 0, 0, 9), .port = 7946};
  MinimalMember member{options("self", 1)};
  gossip::Output out;
};

TEST_F(OneMember, AnswersAPingForItselfAndNoOther) {
  packet(gossip::Ping{.seq_no = 5, .node = "self"});
  packet(gossip::Ping{.seq_no = 6, .node = "somebody"});
  const auto acks = sent<gossip::Ack>();
  ASSERT_EQ(acks.size(), 1U);
  EXPECT_EQ(acks[0].seq_no, 5U);
}

TEST_F(OneMember, RefutesASuspicionWithAHigherIncarnation) {
  meet_peer();
  packet(gossip::Suspect{.incarnation = 1, .node = "self", .from = "peer"});
  give_time(200ms);
  const auto alive = sent<gossip::Alive>();
  EXPECT_TRUE(std::ranges::any_of(alive, [](const auto& a) { return a.node == "self" && a.incarnation == 2; }));
  EXPECT_EQ(row("self")->state, MemberState::kAlive);
}

TEST_F(OneMember, SuspectsWhoDoesNotAnswerAndDeclaresItDeadWhenTheTimeIsUp) {
  meet_peer();
  SteadyPoint suspected = SteadyPoint::min();
  SteadyPoint dead = SteadyPoint::min();
  const auto begun = now;
  while (now - begun < 10s) {
    give_time(10ms);
    const auto state = row("peer")->state;
    if (state == MemberState::kSuspect && suspected == SteadyPoint::min()) suspected = now;
    if (state == MemberState::kDead && dead == SteadyPoint::min()) dead = now;
  }
  // Two members: the first probe within a second, one second of it, four of suspicion (gossip spec 7.4).
  EXPECT_LE(suspected - begun, 2100ms);
  EXPECT_NEAR(static_cast<double>((dead - suspected).count()) / 1e9, 4.0, 0.05);
}

TEST_F(OneMember, BelievesALeaveAtOnceAndAVerdictToo) {
  meet_peer();
  packet(gossip::Dead{.incarnation = 1, .node = "peer", .from = "peer"});
  EXPECT_EQ(row("peer")->state, MemberState::kLeft);
}

TEST_F(OneMember, IgnoresWhatIsOlderThanWhatItKnows) {
  meet_peer();
  packet(gossip::Suspect{.incarnation = 0, .node = "peer", .from = "x"});
  packet(gossip::Dead{.incarnation = 0, .node = "peer", .from = "x"});
  EXPECT_EQ(row("peer")->state, MemberState::kAlive);
}

}  // namespace
}  // namespace metallb::sim
