// The whole BFD core: the bytes are a sequence of wishes of clients, packets and steps of time. Whatever comes, a session is
// up only when its peer has said that it hears us, goes down for silence only after the detection time, sends only what a
// peer accepts, and the work of a call is bounded.
#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include "base/contract.hpp"
#include "bfd/instance.hpp"

namespace {

using namespace metallb;
using namespace metallb::bfd;

constexpr std::size_t kMostSessions = 6;

SessionKey pick_key(std::uint8_t choice) {
  const auto host = static_cast<Uint128>(2 + choice % 3);
  const bool v6 = (choice & 0x10U) != 0;
  const auto family = v6 ? IpFamily::kIpv6 : IpFamily::kIpv4;
  const auto network = v6 ? static_cast<Uint128>(0x20010DB8) << 96 : static_cast<Uint128>(0xC0000200U);
  const auto hops = (choice & 0x20U) != 0 ? Hops::kMultiple : Hops::kSingle;
  return {.vrf = (choice & 0x40U) != 0 ? "red" : "",
          .hops = hops,
          .remote = IpAddress::from_number(family, network + host),
          .local = IpAddress::from_number(family, network + 1),
          .interface = InterfaceIndex((choice & 0x80U) != 0 ? 2 : 0)};
}

class History {
 public:
  explicit History(ByteView data) : in_(data) {}

  void run() {
    while (in_.remaining() > 0) step(in_.u8());
  }

 private:
  void step(std::uint8_t kind) {
    switch (kind % 8) {
      case 0:
        return input(Watch{(kind & 8U) != 0 ? "a" : "b", pick_key(in_.u8()), parameters()});
      case 1:
        if (kind == 0xF9U) return input(Stop{});
        return input(Unwatch{(kind & 8U) != 0 ? "a" : "b", pick_key(in_.u8())});
      case 2: {  // any bytes
        const auto from = arrival(in_.u8());
        const auto size = in_.u8();
        const auto payload = in_.take(std::min<std::size_t>(size, in_.remaining()));
        if ((kind & 8U) != 0) return input(EchoReceived{from, payload});
        return hear(from, (kind & 16U) != 0 ? Hops::kMultiple : Hops::kSingle, payload);
      }
      case 3:
      case 4:
        return hear_peer(kind);
      case 5: {  // an echo packet of ours
        if (echoes_.empty()) return;
        const auto& echo = echoes_[in_.u8() % echoes_.size()];
        auto from = arrival(in_.u8());
        from.from = echo.from;
        from.to = echo.to;
        return input(EchoReceived{from, echo.payload});
      }
      case 6:
        return input(NotSent{SessionId(in_.u8()), (kind & 8U) != 0});
      default:
        if ((kind & 0x80U) != 0) now_ += std::chrono::milliseconds(in_.u8() * 8);  // this process does not run
        return let_pass(std::chrono::milliseconds(in_.u8() * 4));
    }
  }

  Parameters parameters() {
    const auto choice = in_.u8();
    Parameters out;
    out.receive_interval = std::chrono::milliseconds(5 + 5 * (choice % 16));
    out.transmit_interval = std::chrono::milliseconds(10 + 400 * (choice >> 6));
    out.detect_mult = static_cast<std::uint8_t>(in_.u8() % 5);
    out.echo = (choice & 0x10U) != 0;
    out.passive = (choice & 0x20U) != 0;
    return out;
  }

  Arrival arrival(std::uint8_t choice) {
    const auto key = pick_key(choice);
    return {.vrf = key.vrf,
            .interface = InterfaceIndex((choice & 8U) != 0 ? 3 : 2),
            .from = key.remote,
            .to = key.local,
            .ttl = static_cast<std::uint8_t>((choice & 4U) != 0 ? 255 - in_.u8() % 3 : 255)};
  }

  /// A packet that fits a session, more or less.
  void hear_peer(std::uint8_t kind) {
    const auto rows = core_.sessions();
    if (rows.empty()) return;
    const auto& row = rows[in_.u8() % rows.size()];
    const auto flags = in_.u8();
    ControlPacket packet;
    packet.state = static_cast<State>(kind >> 6);
    packet.poll = (flags & 1U) != 0;
    packet.final = (flags & 2U) != 0;
    packet.demand = (flags & 4U) != 0;
    packet.detect_mult = static_cast<std::uint8_t>(1 + (flags >> 3) % 4);
    packet.mine = Discriminator(1 + (flags >> 6));
    packet.yours = (flags & 0x20U) != 0 ? kNoDiscriminator : row.discriminator;
    packet.desired_min_tx = Interval(static_cast<std::uint32_t>(in_.u8()) << 12);
    packet.required_min_rx = Interval(static_cast<std::uint32_t>(in_.u8()) << ((kind & 8U) != 0 ? 24 : 12));
    packet.required_min_echo_rx = Interval(static_cast<std::uint32_t>(in_.u8()) << 10);
    const auto& key = row.key;
    const Arrival from{.vrf = key.vrf, .interface = InterfaceIndex(2), .from = key.remote, .to = key.local, .ttl = 255};
    hear(from, key.hops, encode_control(packet));
  }

  void hear(const Arrival& from, Hops hops, ByteView payload) {
    const auto packet = decode_control(payload);
    if (packet) hearing_ = packet->state;
    input(ControlReceived{from, hops, payload});
    hearing_.reset();
  }

  void input(const Input& in) {
    remember();
    core_.on_input({now_, {}}, in, out_);
    check();
  }

  /// As a driver does: the core is called whenever it wants to be.
  void let_pass(Duration duration) {
    const auto end = now_ + duration;
    // The shortest interval is 10 ms, less a quarter, for control and echo packets of each session.
    const auto most = (duration / std::chrono::milliseconds(7) + 2) * 4 * static_cast<Duration::rep>(kMostSessions) + 16;
    Duration::rep calls = 0;
    while (core_.next_deadline() <= end) {
      METALLB_CONTRACT(++calls <= most, "the core wants to be called at the pace of its packets");
      now_ = std::max(now_, core_.next_deadline());
      remember();
      core_.on_time({now_, {}}, out_);
      check();
    }
    now_ = end;
  }

  void remember() {
    before_.clear();
    for (auto& row : core_.sessions()) before_.emplace(row.key, row);
  }

  void check() {
    METALLB_CONTRACT(out_.size() <= 8 * kMostSessions, "the work of a call is bounded");
    for (const auto& action : out_) std::visit([&](const auto& a) { check(a); }, action);
    METALLB_CONTRACT(core_.sessions().size() <= kMostSessions, "the number of sessions is bounded");
    METALLB_CONTRACT(core_.sessions().size() == open_.size(), "sessions are opened and closed in pairs");
    out_.clear();
  }
  void check(const SessionOpened& opened) {
    METALLB_CONTRACT(open_.emplace(opened.session, opened.key).second, "a session is opened once");
  }
  void check(const SessionClosed& closed) { METALLB_CONTRACT(open_.erase(closed.session) == 1, "what is closed was open"); }
  void check(const SendControl& sent) {
    METALLB_CONTRACT(open_.contains(sent.session), "only open sessions send");
    const auto packet = decode_control(sent.payload);
    METALLB_CONTRACT(packet.has_value(), "a peer accepts what we send");
    METALLB_CONTRACT(!(packet->poll && packet->final), "P and F are never set together");
  }
  void check(const SendEcho& sent) {
    METALLB_CONTRACT(open_.contains(sent.session), "only open sessions send");
    METALLB_CONTRACT(decode_echo(sent.payload).has_value(), "we know our own echo packets");
    if (echoes_.size() < 64) echoes_.push_back(sent);
  }
  void check(const ReturnEcho& sent) {
    METALLB_CONTRACT(open_.contains(sent.session), "only open sessions send");
    METALLB_CONTRACT(before_.at(open_.at(sent.session)).state == State::kUp, "only peers that are up get their echo");
  }
  void check(const StateChanged& change) {
    const auto known = before_.find(change.key);
    if (change.to == State::kUp && change.from != State::kUp) {
      METALLB_CONTRACT(hearing_ == State::kInit || hearing_ == State::kUp, "never up unless the peer hears us");
    }
    if (change.reason == Reason::kDetectionTimeExpired) {
      METALLB_CONTRACT(known != before_.end() && !hearing_, "silence is noticed by time only");
      METALLB_CONTRACT(known->second.detection_time > Duration::zero(), "detection begins with the first packet");
    }
  }
  void check(const Refused& refused) { METALLB_CONTRACT(!refused.problem.empty(), "a refusal says why"); }
  void check(const Stopped&) {
    METALLB_CONTRACT(!std::exchange(stopped_, true), "the end comes once");
    METALLB_CONTRACT(open_.empty(), "the end is the end of every session");
  }

  ByteReader in_;
  std::uint32_t numbers_ = 0;
  Instance core_{{.numbers = [this] { return numbers_ += 3; }, .seed = 1, .most_sessions = kMostSessions}};
  SteadyPoint now_{std::chrono::hours(1)};
  std::optional<State> hearing_;
  std::map<SessionKey, SessionStatus> before_;
  std::map<SessionId, SessionKey> open_;
  std::vector<SendEcho> echoes_;
  std::vector<Action> out_;
  bool stopped_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  History({data, size}).run();
  return 0;
}
