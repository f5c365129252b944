#include "pair.hpp"

#include <algorithm>
#include <utility>

namespace metallb::bfd::test {
namespace {

constexpr InterfaceIndex kInterface{2};

IpAddress address(IpFamily family, std::size_t node) {
  const auto host = static_cast<std::uint8_t>(node + 1);
  if (family == IpFamily::kIpv4) return IpAddress::v4(192, 0, 2, host);
  return IpAddress::from_number(IpFamily::kIpv6, static_cast<Uint128>(0xFE80) << 112 | host);
}

}  // namespace

Pair::Pair(std::uint64_t seed, Path over, IpFamily family, Hops hops) : path(std::move(over)), random_(seed) {
  for (std::size_t i = 0; i < 2; ++i) {
    nodes[i].key = {.vrf = "",
                    .hops = hops,
                    .remote = address(family, 1 - i),
                    .local = address(family, i),
                    .interface = hops == Hops::kSingle ? kInterface : InterfaceIndex()};
    make(i);
  }
}

void Pair::make(std::size_t node) {
  const auto seed = random_.below(1U << 30);
  nodes[node].open.clear();
  nodes[node].core = std::make_unique<Instance>(Instance::Options{
      .numbers = [draw = std::make_shared<Random>(seed)] { return static_cast<std::uint32_t>(draw->below(0xFFFFFFFF)); },
      .seed = seed});
}

void Pair::restart(std::size_t node, const Parameters& parameters) {
  sockets_[node].clear();
  make(node);
  watch(node, parameters);
}

SessionStatus Pair::status(std::size_t node) const {
  const auto sessions = nodes[node].core->sessions();
  return sessions.empty() ? SessionStatus{} : sessions.front();
}

void Pair::input(std::size_t node, const Input& in) {
  patience_[node] = status(node).detection_time;
  Output out;
  nodes[node].core->on_input({now_, {}}, in, out);
  handle(node, out);
}

SteadyPoint Pair::due(std::size_t node) const {
  auto due = nodes[node].core->next_deadline();
  if (!sockets_[node].empty()) due = now_;
  return std::max(due, frozen_until_[node]);
}

void Pair::run(Duration duration) {
  const auto end = now_ + duration;
  for (int steps = 0; steps < 2'000'000; ++steps) {
    const auto first = under_way_.empty() ? kIdle : under_way_.begin()->first;
    const auto next = std::min({first, due(0), due(1)});
    if (next > end) {
      now_ = end;
      return;
    }
    now_ = std::max(now_, next);
    if (first <= now_) {
      const auto delivery = under_way_.extract(under_way_.begin()).mapped();
      if (frozen_until_[delivery.to] > now_) {
        sockets_[delivery.to].push_back(delivery);
      } else {
        deliver(delivery.to, delivery);
      }
    } else {
      wake(due(0) <= now_ ? 0 : 1);
    }
  }
  FAIL() << "the cores never come to rest";
}

/// As the driver does: first what lies in the socket, then the time.
void Pair::wake(std::size_t node) {
  for (const auto& delivery : std::exchange(sockets_[node], {})) deliver(node, delivery);
  if (nodes[node].core->next_deadline() > now_) return;
  patience_[node] = status(node).detection_time;
  Output out;
  nodes[node].core->on_time({now_, {}}, out);
  handle(node, out);
}

void Pair::deliver(std::size_t node, const Delivery& delivery) {
  if (delivery.echo) return input(node, EchoReceived{delivery.arrival, delivery.payload});
  hearing_[node] = decode_control(delivery.payload).value().state;
  input(node, ControlReceived{delivery.arrival, delivery.hops, delivery.payload});
  hearing_[node].reset();
  heard_[node] = now_;
}

void Pair::post(Delivery delivery, int crossings) {
  if (random_.unit() < path.loss) return;
  const int copies = random_.unit() < path.twice ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    const auto delay =
        path.shortest +
        Duration(static_cast<Duration::rep>(static_cast<double>((path.longest - path.shortest).count()) * random_.unit()));
    under_way_.emplace(now_ + delay * crossings, delivery);
  }
}

void Pair::handle(std::size_t from, const Output& out) {
  auto& node = nodes[from];
  const auto arrive = [&](const IpAddress& source, const IpAddress& destination, std::uint8_t ttl) {
    return Arrival{.vrf = "", .interface = kInterface, .from = source, .to = destination, .ttl = ttl};
  };
  for (const auto& action : out) {
    if (const auto* control = std::get_if<SendControl>(&action)) {
      EXPECT_TRUE(node.open.contains(control->session));
      const auto packet = decode_control(control->payload);
      ASSERT_TRUE(packet) << "a node sends what its peer discards";
      EXPECT_FALSE(packet->poll && packet->final);
      node.sent.emplace_back(time(), *packet);
      if (path.passes && !path.passes(from, *packet)) continue;
      post({.to = 1 - from,
            .echo = false,
            .hops = node.key.hops,
            .arrival = arrive(node.key.local, node.key.remote, path.ttl),
            .payload = Bytes(control->payload.begin(), control->payload.end())});
    } else if (const auto* echo = std::get_if<SendEcho>(&action)) {
      ++node.echoes_sent;
      const Bytes payload(echo->payload.begin(), echo->payload.end());
      if (echo->to == node.key.local) {
        // IPv4: the peer's forwarding plane sends it back.
        if (path.returns_echo) post({from, true, node.key.hops, arrive(echo->from, echo->to, 254), payload}, 2);
      } else {
        post({1 - from, true, node.key.hops, arrive(echo->from, echo->to, 255), payload});
      }
    } else if (const auto* back = std::get_if<ReturnEcho>(&action)) {
      if (path.returns_echo) post({1 - from, true, node.key.hops, arrive(back->from, back->to, 254), back->payload});
    } else if (const auto* change = std::get_if<StateChanged>(&action)) {
      if (change->from == change->to) continue;  // a report, which every Watch is answered by
      expect_legal(from, *change);
      node.changes.push_back({time(), *change});
    } else if (const auto* opened = std::get_if<SessionOpened>(&action)) {
      EXPECT_TRUE(node.open.insert(opened->session).second);
    } else if (const auto* closed = std::get_if<SessionClosed>(&action)) {
      EXPECT_EQ(node.open.erase(closed->session), 1U);
    } else if (std::holds_alternative<Stopped>(action)) {
      node.stopped = true;
    }
  }
}

void Pair::expect_legal(std::size_t node, const StateChanged& change) {
  if (change.to == State::kUp) {
    // Never up without having heard, in this packet, that the peer hears us.
    EXPECT_TRUE(hearing_[node] == State::kInit || hearing_[node] == State::kUp);
  }
  if (change.reason == Reason::kDetectionTimeExpired) {
    // After the detection time, and not a moment later unless the process did not run.
    EXPECT_FALSE(hearing_[node]);
    EXPECT_EQ(now_, std::max(heard_[node] + patience_[node], frozen_until_[node]));
  }
}

}  // namespace metallb::bfd::test
