// What holds whatever comes in: any messages about a few members, any streams, and time in any steps.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "gossip/instance.hpp"
#include "gossip/packet.hpp"
#include "virtual_network.hpp"

namespace metallb::gossip {
namespace {

using namespace test;

const std::string kOwn = "n0";

std::string any_name() {
  return "n" + std::to_string(*rc::gen::inRange(0, 5));
}
IpAddress address_of(const std::string& name) {
  return IpAddress::v4((10U << 24) + static_cast<std::uint32_t>(name[1] - '0') + 1);
}
std::uint32_t any_incarnation() {
  return *rc::gen::weightedOneOf<std::uint32_t>({{8, rc::gen::inRange<std::uint32_t>(0, 6)},
                                                 {1, rc::gen::inRange<std::uint32_t>(0xfffffffc, 0xffffffff)},
                                                 {1, rc::gen::just(0xffffffffU)}});
}
/// Mostly the true address.
Alive any_alive() {
  const auto name = any_name();
  auto message = alive_message(name, address_of(*rc::gen::inRange(0, 8) == 0 ? any_name() : name), any_incarnation());
  if (*rc::gen::inRange(0, 8) == 0) message.meta = Bytes(static_cast<std::size_t>(*rc::gen::inRange(0, 600)), 1);
  if (*rc::gen::inRange(0, 8) == 0) message.versions.resize(static_cast<std::size_t>(*rc::gen::inRange(0, 9)), 1);
  return message;
}
PacketMessage any_message() {
  const auto number = *rc::gen::inRange<std::uint32_t>(0, 50);
  switch (*rc::gen::inRange(0, 7)) {
    case 0:
      return Ping{number, any_name(), {}};
    case 1:
      return IndirectPing{number, any_name(), to_wire(address_of(any_name())), 7946, *rc::gen::arbitrary<bool>(), {}};
    case 2:
      return Ack{number, std::nullopt};
    case 3:
      return Nack{number};
    case 4:
      return Suspect{any_incarnation(), any_name(), any_name()};
    case 5:
      return Dead{any_incarnation(), any_name(), any_name()};
    default:
      return any_alive();
  }
}
PushPull any_table() {
  PushPull state;
  for (auto left = *rc::gen::inRange(0, 6); left > 0; --left) {
    const auto name = any_name();
    state.entries.push_back(
        entry_of(name, address_of(name), any_incarnation(), static_cast<MemberState>(*rc::gen::inRange(0, 4))));
  }
  return state;
}

class Subject {
 public:
  explicit Subject(bool ring) : core_(options(ring)) {
    call([&](Output& out) { core_.on_time({now, {}}, out); });
  }
  void input(const Input& in) {
    call([&](Output& out) { core_.on_input({now, {}}, in, out); });
  }
  void packet() {
    std::vector<PacketMessage> messages;
    for (auto left = *rc::gen::inRange(1, 6); left > 0; --left) messages.push_back(any_message());
    const auto from = address_of(any_name());
    for (const auto& bytes : encode_packets(messages, {}, {}, counting_nonces())) input(PacketReceived{{from, 7946}, bytes});
  }
  void accepted_stream() {
    const StreamId stream{kAcceptedStream | ++accepted_};
    input(StreamAccepted{stream, {address_of(any_name()), 40000}});
    const auto bytes = encode_stream(any_table(), {}, {}, counting_nonces());
    input(StreamReceived{stream, bytes});
    if (*rc::gen::arbitrary<bool>()) input(StreamEnded{stream, {}});
  }
  void own_streams() {
    const auto open = streams_;
    for (const auto stream : open) {
      switch (*rc::gen::inRange(0, 4)) {
        case 0:
          input(StreamConnected{stream});
          break;
        case 1: {
          const auto bytes = encode_stream(any_table(), {}, {}, counting_nonces());
          input(StreamReceived{stream, bytes});
          break;
        }
        case 2:
          streams_.erase(stream);
          input(StreamEnded{stream, "reset"});
          break;
        default:
          break;
      }
    }
  }
  /// Time passes, with every deadline kept or slept over.
  void pass() {
    const auto end = now + std::chrono::milliseconds(*rc::gen::element(1, 20, 300, 1500, 6000, 40000));
    const auto asleep = *rc::gen::inRange(0, 5) == 0;
    int calls = 0;
    while (!asleep && core_.next_deadline() <= end) {
      RC_ASSERT(++calls < 20'000);
      now = std::max(now, core_.next_deadline());
      call([&](Output& out) { core_.on_time({now, {}}, out); });
    }
    now = end;
  }

  void check() {
    std::set<std::string> live{kOwn};
    const auto members = core_.members();
    for (const auto& member : members) {
      if (member.state == MemberState::kAlive || member.state == MemberState::kSuspect) live.insert(member.name);
      if (member.name == kOwn) RC_ASSERT((member.state == MemberState::kAlive) == !leaving);
    }
    RC_ASSERT(reported_.members == live);
    RC_ASSERT(members.size() <= 5U);
    // Whoever listens to MemberSeen has the same picture.
    for (const auto& member : members) {
      // An alive message with incarnation 0 of an unknown (or forgotten) name makes an entry, but no member.
      if (member.name == kOwn || (member.state == MemberState::kDead && member.incarnation == 0)) continue;
      RC_ASSERT(seen_.contains(member.name));
      RC_ASSERT(seen_.at(member.name).state == member.state);
      RC_ASSERT(seen_.at(member.name).address == to_ip_address(member.address));
    }
  }

  SteadyPoint now{std::chrono::hours(1)};
  bool leaving = false;

 private:
  static Options options(bool ring) {
    Options made;
    made.node_name = kOwn;
    made.address = address_of(kOwn);
    made.nonces = counting_nonces();
    made.settings = classical();
    made.settings.ring.enabled = ring;
    made.seed = *rc::gen::inRange<std::uint64_t>(0, 1000);
    return made;
  }
  template <class Step>
  void call(Step step) {
    Output out;
    step(out);
    for (const auto& action : out) {
      if (const auto* electorate = std::get_if<ElectorateChanged>(&action)) {
        RC_ASSERT(!(*electorate == reported_));
        reported_ = *electorate;
      }
      if (const auto* seen = std::get_if<MemberSeen>(&action)) seen_[seen->node] = *seen;
      if (const auto* dial = std::get_if<Dial>(&action)) {
        RC_ASSERT((dial->stream.value() & kAcceptedStream) == 0U);
        RC_ASSERT(streams_.insert(dial->stream).second);
      }
      if (const auto* close = std::get_if<CloseStream>(&action)) streams_.erase(close->stream);
      if (const auto* packet = std::get_if<SendPacket>(&action)) {
        RC_ASSERT(packet->packet.size() <= 1400U);
        RC_ASSERT(packet->to.port != 0);
      }
    }
    check();
  }
  Instance core_;
  ElectorateChanged reported_;
  std::map<std::string, MemberSeen> seen_;
  std::set<StreamId> streams_;
  std::uint64_t accepted_ = 0;
};

RC_GTEST_PROP(AnyInputs, KeepTheElectorateTheTableAndTheStreamsConsistent, (bool ring)) {
  Subject subject(ring);
  for (auto left = *rc::gen::inRange(1, 60); left > 0; --left) {
    switch (*rc::gen::inRange(0, 12)) {
      case 0:
      case 1:
        subject.pass();
        break;
      case 2:
        subject.accepted_stream();
        break;
      case 3:
        subject.own_streams();
        break;
      case 4:
        subject.input(Join{{address_of(any_name()), address_of(any_name())}});
        break;
      case 5:
        subject.input(Unreachable{{address_of(any_name()), 7946}});
        break;
      case 6:
        subject.input(WitnessAnswered{*rc::gen::inRange<std::uint64_t>(0, 5),
                                      *rc::gen::element(WitnessAnswer::kHeard, WitnessAnswer::kSilent)});
        break;
      case 7:
        if (*rc::gen::inRange(0, 10) == 0) {
          subject.leaving = true;
          subject.input(Leave{});
        }
        break;
      default:
        subject.packet();
    }
  }
}

}  // namespace
}  // namespace metallb::gossip
