// All sessions of a node: which packet is for which, clients that share a session, what is refused, and what peers can make
// us do. bgp spec 4.13, 4.14, 5.4; RFC 5880, Section 6.8.6; RFC 5882, Section 2.
#include "bfd/instance.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace metallb::bfd {
namespace {

using namespace std::chrono_literals;

const IpAddress kLocal = IpAddress::v4(192, 0, 2, 1);
const IpAddress kRemote = IpAddress::v4(192, 0, 2, 254);
const IpAddress kLocal6 = *IpAddress::parse("fe80::1");
const IpAddress kRemote6 = *IpAddress::parse("fe80::fe");
constexpr InterfaceIndex kEth0{2};
constexpr InterfaceIndex kEth1{3};

SessionKey single(const IpAddress& remote = kRemote, InterfaceIndex interface = kEth0) {
  return {.vrf = "",
          .hops = Hops::kSingle,
          .remote = remote,
          .local = remote.is_v4() ? kLocal : kLocal6,
          .interface = interface};
}
SessionKey multihop() {
  return {.vrf = "", .hops = Hops::kMultiple, .remote = kRemote, .local = kLocal, .interface = {}};
}
SessionKey in_vrf(SessionKey key, const char* vrf) {
  key.vrf = vrf;
  return key;
}

class Node {
 public:
  explicit Node(std::size_t most_sessions = 4096, Log log = {})
      : core({.numbers = [n = std::uint32_t{0}]() mutable { return n += 101; }, .seed = 1, .most_sessions = most_sessions},
             log) {}

  Output input(const Input& in) {
    Output out;
    core.on_input({now, {}}, in, out);
    return out;
  }
  Output watch(const SessionKey& key, const Parameters& parameters = {}, const char* client = "bgp") {
    return input(Watch{client, key, parameters});
  }
  /// Everything that is emitted meanwhile.
  Output elapse(Duration duration) {
    Output out;
    const auto end = now + duration;
    for (int calls = 0; core.next_deadline() <= end && calls < 10000; ++calls) {
      now = std::max(now, core.next_deadline());
      core.on_time({now, {}}, out);
    }
    now = end;
    return out;
  }
  Output hear(const SessionKey& key, State state, Discriminator yours = {}, std::uint8_t ttl = 255) {
    const auto payload = encode_control({.state = state,
                                         .mine = Discriminator(77),
                                         .yours = yours,
                                         .desired_min_tx = 1s,
                                         .required_min_rx = 1s,
                                         .required_min_echo_rx = 50ms});
    const auto interface = key.interface == InterfaceIndex() ? kEth0 : key.interface;
    const Arrival arrival{.vrf = key.vrf, .interface = interface, .from = key.remote, .to = key.local, .ttl = ttl};
    return input(ControlReceived{arrival, key.hops, payload});
  }
  void bring_up(const SessionKey& key) {
    hear(key, State::kDown);
    hear(key, State::kInit, status(key).discriminator);
    ASSERT_EQ(status(key).state, State::kUp);
  }
  Output echo(const IpAddress& from, const IpAddress& to, ByteView payload, std::uint8_t ttl = 255,
              InterfaceIndex on = kEth0) {
    return input(EchoReceived{{.vrf = "", .interface = on, .from = from, .to = to, .ttl = ttl}, payload});
  }
  [[nodiscard]] SessionStatus status(const SessionKey& key) const {
    for (auto& row : core.sessions()) {
      if (row.key == key) return row;
    }
    ADD_FAILURE() << "no such session";
    return {};
  }
  [[nodiscard]] std::uint64_t faults(Fault fault) const { return core.counters().faults[fault]; }

  Instance core;
  SteadyPoint now{1h};
};

/// How many lines the log has.
struct Lines : LogSink {
  int written = 0;
  std::int64_t held_back = 0;
  [[nodiscard]] bool enabled(LogLevel level) const override { return level >= LogLevel::kInfo; }
  void write(const LogRecord& record) override {
    ++written;
    for (const auto& field : record.fields) {
      if (field.key == "heldBack") held_back += std::get<std::int64_t>(field.value);
    }
  }
};

template <class T>
std::vector<T> all(const Output& out) {
  std::vector<T> found;
  for (const auto& action : out) {
    if (const auto* is = std::get_if<T>(&action)) found.push_back(*is);
  }
  return found;
}

TEST(BfdInstance, OpensASessionAndSendsItsFirstPacketAtOnce) {
  Node node;
  EXPECT_EQ(node.core.next_deadline(), kIdle);
  const auto opened = all<SessionOpened>(node.watch(single()));
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened[0].key, single());
  EXPECT_LE(node.core.next_deadline(), node.now);
  const auto sent = all<SendControl>(node.elapse(0ms));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].session, opened[0].session);
  const auto packet = decode_control(sent[0].payload).value();
  EXPECT_EQ(packet.state, State::kDown);
  EXPECT_NE(packet.mine, kNoDiscriminator);
  EXPECT_TRUE(all<SessionOpened>(node.watch(single())).empty());
}

TEST(BfdInstance, FindsTheSessionByAddressesUntilThePeerKnowsItsNumber) {
  Node node;
  const SessionKey keys[] = {single(),   single(kRemote6),        single(kRemote6, kEth1),
                             multihop(), in_vrf(single(), "red"), in_vrf(multihop(), "red")};
  for (const auto& key : keys) node.watch(key);
  for (const auto& key : keys) {
    node.hear(key, State::kDown);
    EXPECT_EQ(node.status(key).state, State::kInit);
    EXPECT_EQ(std::count_if(std::begin(keys), std::end(keys), [&](auto& k) { return node.status(k).state == State::kInit; }),
              1);
    // Back to Down, for the next one.
    node.hear(key, State::kAdminDown, node.status(key).discriminator);
    EXPECT_EQ(node.status(key).counters.control_received, 2U);
  }
  EXPECT_EQ(node.core.counters().faults.total(), 0U);
}

TEST(BfdInstance, NumbersAreNeverZeroNorUsedTwice) {
  std::uint32_t zero_and_the_same[] = {0, 5, 0, 5, 0xFFFFFFFF, 7, 0xFFFFFFFF, 7};
  Instance core({.numbers = [&, i = 0]() mutable { return zero_and_the_same[i++]; }});
  Output out;
  for (std::uint8_t host = 1; host <= 4; ++host) {
    core.on_input({SteadyPoint(1h), {}}, Watch{"bgp", single(IpAddress::v4(192, 0, 2, host + 10)), {}}, out);
  }
  std::set<Discriminator> seen;
  for (const auto& row : core.sessions()) seen.insert(row.discriminator);
  EXPECT_EQ(seen.size(), 4U);
  EXPECT_FALSE(seen.contains(kNoDiscriminator));
}

TEST(BfdInstance, CountsWhatIsForNoSession) {
  Node node;
  node.watch(single());
  node.watch(multihop());
  const auto number = node.status(single()).discriminator;
  auto stranger = single();
  stranger.remote = IpAddress::v4(192, 0, 2, 99);
  node.hear(stranger, State::kDown);                         // another sender
  node.hear(single(kRemote, kEth1), State::kDown);           // another interface
  node.hear(in_vrf(single(), "red"), State::kDown);          // another VRF
  node.hear(single(), State::kInit, Discriminator(9));       // a number that is nobody's
  node.hear(multihop(), State::kInit, number);               // the other kind's port
  node.hear(in_vrf(single(), "red"), State::kInit, number);  // the number of another VRF
  EXPECT_EQ(node.faults(Fault::kUnknownSession), 6U);
  EXPECT_EQ(node.status(single()).state, State::kDown);
  EXPECT_EQ(node.status(multihop()).state, State::kDown);

  node.hear(single(kRemote, kEth1), State::kInit, number);
  EXPECT_EQ(node.status(single()).counters.faults[Fault::kWrongInterface], 1U);
  EXPECT_EQ(node.status(single()).state, State::kDown);

  const Bytes garbage{0x20, 0xE1};
  node.input(
      ControlReceived{{.vrf = "", .interface = kEth0, .from = kRemote, .to = kLocal, .ttl = 255}, Hops::kSingle, garbage});
  EXPECT_EQ(node.faults(Fault::kTruncated), 1U);
  EXPECT_EQ(node.core.counters().faults.total(), 7U);
}

TEST(BfdInstance, APassiveEndAnswersAPeerThatSpeaksToAnEarlierSession) {
  // RFC 5880, Section 6.8.6 has the packet discarded; but then both ends wait for ever (FRR keeps our old discriminator).
  struct Row {
    bool passive;
    State theirs;
    std::uint8_t ttl;
    std::size_t answers;
    Fault fault;
  };
  const Row rows[] = {{true, State::kDown, 255, 1, Fault::kStaleSession},
                      {true, State::kAdminDown, 255, 1, Fault::kStaleSession},
                      {true, State::kDown, 254, 0, Fault::kTimeToLive},
                      {false, State::kDown, 255, 0, Fault::kStaleSession},
                      {true, State::kUp, 255, 0, Fault::kUnknownSession}};
  for (const auto& row : rows) {
    Node node;
    Parameters parameters;
    parameters.passive = row.passive;
    node.watch(single(), parameters);
    node.elapse(5s);
    const auto sent = all<SendControl>(node.hear(single(), row.theirs, Discriminator(9), row.ttl));
    ASSERT_EQ(sent.size(), row.answers);
    EXPECT_EQ(node.status(single()).state, State::kDown) << "it is discarded";
    EXPECT_EQ(node.status(single()).counters.faults[row.fault] + node.faults(row.fault), 1U);
    if (sent.empty()) continue;
    const auto packet = decode_control(sent[0].payload).value();
    EXPECT_EQ(packet.yours, kNoDiscriminator);
    EXPECT_EQ(packet.state, State::kDown);
    // A flood is not answered packet by packet, and the end stays passive.
    EXPECT_TRUE(all<SendControl>(node.hear(single(), row.theirs, Discriminator(9))).empty());
    EXPECT_TRUE(all<SendControl>(node.elapse(5s)).empty());
    // Knowing the new one, the peer comes up.
    node.bring_up(single());
  }
}

TEST(BfdInstance, APeerThatHasNotHeardOfARestartIsLoggedOnlyIfThatLasts) {
  Lines lines;
  Node node(4096, Log(lines));
  node.watch(single());
  node.hear(single(), State::kDown, Discriminator(9));
  EXPECT_EQ(lines.written, 0);
  node.elapse(10s);
  node.hear(single(), State::kDown, Discriminator(9));
  EXPECT_EQ(lines.written, 1);
}

TEST(BfdInstance, ASessionWithoutInterfaceHearsItsPeerOnAny) {
  Node node;
  const auto key = single(kRemote, InterfaceIndex());
  node.watch(key);
  node.hear(single(kRemote, kEth1), State::kDown);
  EXPECT_EQ(node.status(key).state, State::kInit);
}

TEST(BfdInstance, APeerThatKnowsOurNumberMayHaveMoved) {
  Node node;
  node.watch(single());
  auto moved = single();
  moved.remote = IpAddress::v4(192, 0, 2, 99);
  node.hear(moved, State::kInit, node.status(single()).discriminator);
  EXPECT_EQ(node.status(single()).state, State::kUp);
}

TEST(BfdInstance, TellsEveryClientOfAPath) {
  Node node;
  node.watch(single(), {}, "one");
  node.watch(single(), {}, "two");
  node.hear(single(), State::kDown);
  const auto number = node.status(single()).discriminator;
  const auto up = node.hear(single(), State::kInit, number);
  // Ahead of the packets.
  EXPECT_TRUE(std::holds_alternative<StateChanged>(up.at(0)) && std::holds_alternative<StateChanged>(up.at(1)));
  auto told = all<StateChanged>(up);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].client, "one");
  EXPECT_EQ(told[1].client, "two");
  EXPECT_EQ(told[0].to, State::kUp);
  EXPECT_EQ(node.status(single()).notifications, 4U);

  // Who comes later is told where things are.
  told = all<StateChanged>(node.watch(single(), {}, "three"));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].client, "three");
  EXPECT_EQ(told[0].from, State::kUp);
  EXPECT_EQ(told[0].to, State::kUp);
  // And again: it may have left in between, of which only the last word came through.
  told = all<StateChanged>(node.watch(single(), {}, "three"));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].to, State::kUp);

  told = all<StateChanged>(node.hear(single(), State::kDown));
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[2].reason, Reason::kNeighbourDown);
  EXPECT_EQ(told[2].failures, 1U);
}

TEST(BfdInstance, ASharedSessionIsAsQuickAndAsStrictAsAnyOfItsClientsWants) {
  Node node;
  const Parameters strict{.receive_interval = 500ms, .detect_mult = 5, .minimum_ttl = 254};
  const Parameters quick{.receive_interval = 50ms, .transmit_interval = 400ms, .passive = true, .minimum_ttl = 1};
  node.watch(multihop(), strict, "strict");
  node.watch(multihop(), quick, "quick");
  EXPECT_EQ(node.status(multihop()).parameters,
            (Parameters{.receive_interval = 50ms, .transmit_interval = 300ms, .detect_mult = 3, .minimum_ttl = 254}));
  node.hear(multihop(), State::kDown, {}, 100);
  EXPECT_EQ(node.status(multihop()).counters.faults[Fault::kTimeToLive], 1U);
  node.input(Unwatch{"strict", multihop()});
  EXPECT_EQ(node.status(multihop()).parameters, quick);
  // Echo runs as those want it that want it.
  const Parameters echo{.echo_interval = 100ms, .echo = true};
  node.watch(single(), echo, "echo");
  node.watch(single(), {.echo_interval = 20ms}, "none");
  EXPECT_EQ(node.status(single()).parameters, echo);
  node.watch(single(), {.echo_interval = 60ms, .echo = true}, "more");
  EXPECT_EQ(node.status(single()).parameters.echo_interval, 60ms);
}

TEST(BfdInstance, APeerThatFlapsDoesNotFillTheLog) {
  Lines lines;
  Node node(4096, Log(lines));
  node.watch(single());
  const auto flap = [&](int times) {
    for (int i = 0; i < times; ++i) {
      node.bring_up(single());
      node.hear(single(), State::kDown, node.status(single()).discriminator);
      node.elapse(10ms);
    }
  };
  flap(4);
  EXPECT_EQ(lines.written, 8) << "what happens now and then is told in full";
  flap(1000);
  EXPECT_LE(lines.written, 12);
  node.elapse(1h);
  flap(1);
  EXPECT_EQ(lines.held_back + lines.written, 2 * 1005);
}

TEST(BfdInstance, RunsWithTheParametersOfTheLeastPatientClient) {
  Node node;
  Parameters quick;
  quick.receive_interval = quick.transmit_interval = 50ms;
  node.watch(single(), {}, "patient");
  node.watch(single(), quick, "quick");
  EXPECT_EQ(node.status(single()).parameters, quick);
  node.watch(single(), quick, "patient");
  node.watch(single(), {}, "quick");
  EXPECT_EQ(node.status(single()).parameters, quick);
  node.input(Unwatch{"patient", single()});
  EXPECT_EQ(node.status(single()).parameters, Parameters{});
  EXPECT_EQ(node.status(single()).clients, std::vector<std::string>{"quick"});
}

TEST(BfdInstance, EndsASessionWithItsLastClientAndSaysGoodbye) {
  Node node;
  node.watch(single(), {}, "one");
  node.watch(single(), {}, "two");
  node.bring_up(single());
  EXPECT_TRUE(node.input(Unwatch{"one", single()}).empty());
  EXPECT_TRUE(node.input(Unwatch{"one", single()}).empty());
  EXPECT_TRUE(node.input(Unwatch{"two", multihop()}).empty());
  auto out = node.input(Unwatch{"two", single()});
  EXPECT_TRUE(all<StateChanged>(out).empty());
  ASSERT_EQ(all<SendControl>(out).size(), 1U);
  EXPECT_EQ(decode_control(all<SendControl>(out)[0].payload)->state, State::kAdminDown);
  EXPECT_TRUE(all<SessionClosed>(out).empty());
  out = node.elapse(10s);
  EXPECT_EQ(all<SessionClosed>(out).size(), 1U);
  EXPECT_TRUE(all<Stopped>(out).empty());
  EXPECT_TRUE(node.core.sessions().empty());
  EXPECT_EQ(node.core.next_deadline(), kIdle);
}

TEST(BfdInstance, TakesASessionBackThatIsBeingEnded) {
  Node node;
  node.watch(single());
  node.bring_up(single());
  node.input(Unwatch{"bgp", single()});
  node.elapse(100ms);
  Parameters quick;
  quick.receive_interval = 50ms;
  const auto told = all<StateChanged>(node.watch(single(), quick));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].from, State::kAdminDown);
  EXPECT_EQ(told[0].to, State::kDown);
  node.bring_up(single());
  EXPECT_TRUE(all<SessionClosed>(node.elapse(2s)).empty());
  EXPECT_EQ(node.status(single()).parameters, quick);
}

TEST(BfdInstance, StopsWhenEveryPeerHasBeenTold) {
  Node node;
  node.watch(single());
  node.watch(multihop());
  node.bring_up(single());
  auto out = node.input(Stop{});
  EXPECT_EQ(all<SendControl>(out).size(), 2U);
  EXPECT_EQ(all<SessionClosed>(out).size(), 1U);  // the one that was not up
  EXPECT_TRUE(all<Stopped>(out).empty());
  EXPECT_TRUE(node.input(Stop{}).empty());
  const auto refused = all<Refused>(node.watch(multihop()));
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].client, "bgp");
  out = node.elapse(10s);
  EXPECT_EQ(all<SessionClosed>(out).size(), 1U);
  EXPECT_EQ(all<Stopped>(out).size(), 1U);
  EXPECT_EQ(all<Stopped>(Node().input(Stop{})).size(), 1U);
}

TEST(BfdInstance, RefusesWhatCannotRunAndLeavesTheRestAlone) {
  struct Row {
    const char* says;
    std::function<void(SessionKey&, Parameters&)> spoil;
  };
  const Row rows[] = {
      {"different families", [](auto& key, auto&) { key.remote = kRemote6; }},
      {"not that of a host", [](auto& key, auto&) { key.remote = IpAddress::v4(224, 0, 0, 1); }},
      {"not that of a host", [](auto& key, auto&) { key.local = IpAddress(); }},
      {"needs an interface", [](auto& key, auto&) { key = single(kRemote6, InterfaceIndex()); }},
      {"multihop session is bound", [](auto& key, auto&) { key.hops = Hops::kMultiple; }},
      {"receiveInterval is 9 ms", [](auto&, auto& p) { p.receive_interval = 9ms; }},
      {"transmitInterval is 60001 ms", [](auto&, auto& p) { p.transmit_interval = 60001ms; }},
      {"echoInterval is 0 ms", [](auto&, auto& p) { p.echo_interval = 0ms; }},
      {"detectMultiplier is 0", [](auto&, auto& p) { p.detect_mult = 0; }},
      {"minimumTtl is 0", [](auto&, auto& p) { p.minimum_ttl = 0; }},
  };
  Node node;
  node.watch(single());
  for (const auto& row : rows) {
    auto key = single();
    Parameters parameters;
    row.spoil(key, parameters);
    const auto out = node.watch(key, parameters);
    ASSERT_EQ(out.size(), 1U) << row.says;
    const auto refused = all<Refused>(out);
    ASSERT_EQ(refused.size(), 1U) << row.says;
    EXPECT_NE(refused[0].problem.find(row.says), std::string::npos) << refused[0].problem;
  }
  EXPECT_EQ(node.core.counters().refused, std::size(rows));
  EXPECT_EQ(node.core.sessions().size(), 1U);
  EXPECT_EQ(node.status(single()).parameters, Parameters{});
}

TEST(BfdInstance, HoldsABoundedNumberOfSessions) {
  Node node(2);
  node.watch(single());
  node.watch(multihop());
  EXPECT_EQ(all<Refused>(node.watch(single(kRemote6))).size(), 1U);
  EXPECT_TRUE(all<Refused>(node.watch(single(), {}, "another")).empty());
  node.input(Unwatch{"bgp", multihop()});
  EXPECT_TRUE(all<Refused>(node.watch(single(kRemote6))).empty());
}

TEST(BfdInstance, ServesManySessionsInSlices) {
  Node node;
  for (std::uint32_t i = 0; i < 200; ++i) node.watch(single(IpAddress::v4(0x0A000001 + i)));
  std::size_t sent = 0;
  int calls = 0;
  while (node.core.next_deadline() <= node.now) {
    Output out;
    node.core.on_time({node.now, {}}, out);
    EXPECT_LE(out.size(), kSessionsPerSlice);
    sent += out.size();
    ASSERT_LT(++calls, 10);
  }
  EXPECT_EQ(sent, 200U);
  EXPECT_EQ(calls, 4);
}

TEST(BfdInstance, TakesBackWhatWasNotSent) {
  Node node;
  const auto id = all<SessionOpened>(node.watch(single())).at(0).session;
  node.elapse(0ms);
  EXPECT_EQ(node.status(single()).counters.control_sent, 1U);
  node.input(NotSent{id});
  node.input(NotSent{id});
  node.input(NotSent{id, true});
  node.input(NotSent{SessionId(99)});
  EXPECT_EQ(node.status(single()).counters.control_sent, 0U);
  EXPECT_EQ(node.status(single()).counters.echo_sent, 0U);
}

// ---- echo packets of peers ----

const Bytes kForeignEcho(64, 0xAB);

TEST(BfdInstance, ReturnsThePeersEchoPacketsAsTheyCame) {
  Node node;
  node.watch(single());
  node.watch(single(kRemote6));
  node.bring_up(single());
  node.bring_up(single(kRemote6));
  auto back = all<ReturnEcho>(node.echo(kRemote6, kLocal6, kForeignEcho));
  ASSERT_EQ(back.size(), 1U);
  EXPECT_EQ(back[0].from, kLocal6);
  EXPECT_EQ(back[0].to, kRemote6);
  EXPECT_EQ(back[0].payload, kForeignEcho);
  EXPECT_EQ(back[0].session, node.status(single(kRemote6)).id);
  // IPv4: addressed to its own sender.
  back = all<ReturnEcho>(node.echo(kRemote, kRemote, kForeignEcho));
  ASSERT_EQ(back.size(), 1U);
  EXPECT_EQ(back[0].from, kRemote);
  EXPECT_EQ(back[0].to, kRemote);
  EXPECT_EQ(node.status(single()).echoes_returned, 1U);
}

TEST(BfdInstance, ReturnsNothingToWhoeverIsNoPeerThatIsUp) {
  Node node;
  const auto other = IpAddress::v4(192, 0, 2, 9);
  node.watch(single());
  EXPECT_TRUE(node.echo(kRemote, kLocal, kForeignEcho).empty());  // not up
  node.bring_up(single());
  EXPECT_TRUE(node.echo(other, kLocal, kForeignEcho).empty());                // no peer
  EXPECT_TRUE(node.echo(kRemote, other, kForeignEcho).empty());               // to somebody else
  EXPECT_TRUE(node.echo(kRemote, kLocal, kForeignEcho, 255, kEth1).empty());  // another interface
  EXPECT_TRUE(node.echo(kRemote, kLocal, kForeignEcho, 254).empty());         // has been forwarded
  EXPECT_TRUE(node.echo(kRemote, kLocal, Bytes(1473, 1)).empty());            // too large
  EXPECT_TRUE(node.echo(kRemote, kLocal, {}).empty());
  const auto& own = node.status(single()).counters.faults;
  EXPECT_EQ(own[Fault::kEchoUnknown], 1U);
  EXPECT_EQ(own[Fault::kTimeToLive], 1U);
  EXPECT_EQ(node.faults(Fault::kEchoUnknown), 3U);
  EXPECT_EQ(node.faults(Fault::kEchoMalformed), 2U);
}

TEST(BfdInstance, ReturnsNoMoreThanItOffers) {
  Node node;
  node.watch(single());
  node.bring_up(single());
  const auto count = [&](Duration every, Duration total) {
    std::size_t returned = 0;
    for (Duration passed{}; passed < total; passed += every) {
      returned += node.echo(kRemote, kLocal, kForeignEcho).size();
      node.now += every;
    }
    return returned;
  };
  // The offer is 50 ms, which a peer may shorten by a quarter.
  EXPECT_EQ(count(38ms, 3800ms), 100U);
  EXPECT_LE(count(1ms, 3750ms), 120U);
  EXPECT_GE(count(1ms, 3750ms), 99U);
}

TEST(BfdInstance, KnowsItsOwnEchoPackets) {
  Node node;
  Parameters echoing;
  echoing.echo = true;
  node.watch(single(), echoing);
  node.bring_up(single());
  node.hear(single(), State::kUp, node.status(single()).discriminator);
  const auto sent = all<SendEcho>(node.elapse(0ms));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].from, kLocal);
  EXPECT_EQ(sent[0].to, kLocal);
  EXPECT_TRUE(node.echo(kLocal, kLocal, sent[0].payload, 254).empty());
  EXPECT_EQ(node.status(single()).counters.echo_received, 1U);
  EXPECT_TRUE(node.echo(kLocal, kLocal, sent[0].payload, 254).empty());
  EXPECT_EQ(node.status(single()).counters.faults[Fault::kEchoStale], 1U);
  // With another secret it is nobody's.
  auto forged = sent[0].payload;
  forged[8] ^= 1;
  EXPECT_TRUE(node.echo(kLocal, kLocal, forged, 254).empty());
  EXPECT_EQ(node.faults(Fault::kEchoUnknown), 1U);
}

}  // namespace
}  // namespace metallb::bfd
