#include "bfd/session.hpp"

#include <array>
#include <utility>

#include "base/contract.hpp"

namespace metallb::bfd {
namespace {

/// RFC 5880, Section 6.8.3: no faster than that while the session is not up.
constexpr Interval kSlow = std::chrono::seconds(1);

/// What is left of an echo packet that the peer has forwarded.
constexpr std::uint8_t kTtlOfEcho = 254;

/// bgp spec 4.13: what the original offers on multihop sessions whatever the profile says. (No echo runs over them.)
constexpr Interval kMultihopEcho = std::chrono::milliseconds(50);

/// bgp spec 4.14
constexpr int kFarewellPackets = 3;

}  // namespace

std::string_view to_string(Reason reason) {
  constexpr std::array<std::string_view, 7> kNames{"handshake",
                                                   "control detection time expired",
                                                   "echo function failed",
                                                   "neighbour signalled session down",
                                                   "neighbour was switched off",
                                                   "switched off",
                                                   "switched on"};
  return kNames[std::to_underlying(reason)];
}

Session::Session(const Options& options)
    : options_(options),
      random_(options.seed),
      negotiation_(wanted_intervals()),
      echo_(options.discriminator, options.echo_secret) {
  METALLB_CONTRACT(options.discriminator != kNoDiscriminator, "a session has a discriminator");
  METALLB_CONTRACT(options.parameters.detect_mult > 0, "a detection multiplier is at least 1");
  pace_ = transmit_interval();
}

void Session::on_input(Now now, const Input& in, Output& out) {
  std::visit([&](const auto& input) { take(now.steady, input, out); }, in);
}

void Session::on_time(Now now, Output& out) {
  if (ended_) return;
  const auto at = now.steady;
  watch_silence(at, out);
  if (negotiation_.on_time(at)) {
    renew_pace(at);
    send_at_once(at, out);
  }
  if (sends_periodically() && at >= next_) {
    send_at_once(at, out);
    if (farewell_ && farewell_->packets_left > 0) --farewell_->packets_left;
  }
  if (farewell_) return say_goodbye(at, out);
  const auto verdict = echo_.judge(at);
  if (verdict == EchoFunction::Verdict::kNeverReturned) out.emplace_back(EchoNeverReturned{});
  if (verdict == EchoFunction::Verdict::kFailed) {
    change(State::kDown, Reason::kEchoFailed, Diagnostic::kEchoFailed, out);
    renew_pace(at);
    send_at_once(at, out);
  }
  // After the verdict: whether this one leaves is not known yet.
  if (const auto packet = echo_.take_due(at, random_)) {
    ++counters_.echo_sent;
    out.emplace_back(SendEcho{*packet});
  }
}

SteadyPoint Session::next_deadline() const {
  if (ended_) return kIdle;
  const auto packet = sends_periodically() ? next_ : kIdle;
  if (farewell_) return farewell_->packets_left > 0 ? packet : std::min(packet, farewell_->end);
  return std::min({packet, silence_limit(), negotiation_.next_deadline(), echo_.next_deadline()});
}

// ---- what comes in ----

/// RFC 5880, Section 6.8.6, from where the session is known.
std::optional<Fault> Session::refuse(bool authenticated, std::uint8_t ttl) const {
  if (authenticated) return Fault::kAuthentication;
  const auto least = options_.hops == Hops::kSingle ? kTtlOfNeighbour : options_.parameters.minimum_ttl;
  if (ttl < least) return Fault::kTimeToLive;
  if (state_ == State::kAdminDown) return Fault::kAdminDown;
  return std::nullopt;
}

void Session::take(SteadyPoint now, const ControlReceived& received, Output& out) {
  if (const auto fault = refuse(received.packet.authenticated, received.ttl)) return count(*fault);
  ++counters_.control_received;
  const auto& packet = received.packet;
  heard_ = now;
  if (peer_.discriminator != packet.mine) echo_.forget_peer();
  peer_ = {.discriminator = packet.mine,
           .state = packet.state,
           .diagnostic = packet.diagnostic,
           .demand = packet.demand,
           .detect_mult = packet.detect_mult,
           .desired_min_tx = packet.desired_min_tx,
           .required_min_rx = packet.required_min_rx,
           .required_min_echo_rx = packet.required_min_echo_rx};
  if (packet.final) negotiation_.answered();
  const auto before = state_;
  follow(packet.state, out);
  const bool asks = state_ == State::kUp && negotiation_.propose(now, wanted_intervals());
  renew_pace(now);
  renew_echo(now);
  if (packet.poll) {
    // RFC 5880, Section 6.5: P and F are never set together. P of a Poll Sequence of ours is in the next packet again.
    send(now, true, out);
  } else if (state_ != before || asks) {
    send_at_once(now, out);
  }
}

/// The passive end learns no discriminator from it, but that the peer is there: it answers, so that the peer learns ours.
/// Not more than a second's worth of it.
void Session::take(SteadyPoint now, const StaleReceived& received, Output& out) {
  if (const auto fault = refuse(received.authenticated, received.ttl)) return count(*fault);
  count(Fault::kStaleSession);
  const bool waits = state_ == State::kDown && !may_speak();
  if (!waits || (sent_ != SteadyPoint::min() && now - sent_ < kSlow * 3 / 4)) return;
  send(now, false, out);
  sent_ = now;
}

/// RFC 5880, Sections 6.2 and 6.8.6: the state machine.
void Session::follow(State theirs, Output& out) {
  const auto down = [&](Reason reason) { change(State::kDown, reason, Diagnostic::kNeighbourSignalledDown, out); };
  const auto proceed = [&](State to, Diagnostic diagnostic) { change(to, Reason::kHandshake, diagnostic, out); };
  if (theirs == State::kAdminDown) {
    if (state_ != State::kDown) down(Reason::kNeighbourAdminDown);
  } else if (state_ == State::kDown) {
    if (theirs == State::kDown) proceed(State::kInit, diagnostic_);
    if (theirs == State::kInit) proceed(State::kUp, Diagnostic::kNone);
  } else if (state_ == State::kInit) {
    if (theirs != State::kDown) proceed(State::kUp, Diagnostic::kNone);
  } else if (theirs == State::kDown) {
    down(Reason::kNeighbourDown);
  }
}

void Session::take(SteadyPoint now, const EchoReturned& returned, Output&) {
  if (returned.ttl < kTtlOfEcho) return count(Fault::kTimeToLive);
  if (const auto fault = echo_.returned(now, returned.packet)) return count(*fault);
  ++counters_.echo_received;
}

void Session::take(SteadyPoint now, const Configure& change, Output& out) {
  const auto before = current();
  const bool was_silent = !may_speak();
  options_.parameters = change.parameters;
  if (state_ == State::kAdminDown) return;
  if (state_ == State::kUp) {
    negotiation_.propose(now, wanted_intervals());
  } else {
    negotiation_.set(wanted_intervals());
  }
  renew_pace(now);
  renew_echo(now);
  // RFC 5880, Section 6.8.7: a packet whose content is new need not wait for its time.
  if (was_silent || current() != before) send_at_once(now, out);
}

void Session::take(SteadyPoint now, const ShutDown&, Output& out) {
  if (state_ == State::kAdminDown) return;
  const bool was_up = state_ == State::kUp;
  const auto patience = std::max(negotiation_.named().desired_min_tx, peer_.required_min_rx);
  change(State::kAdminDown, Reason::kShutDown, Diagnostic::kAdministrativelyDown, out);
  heard_.reset();
  if (was_up) {
    // deviation: RFC 5880, Section 6.8.3 wants a second between packets while the session is not up. That is longer than the
    // peer's patience with the pace of before, so a single packet lost would tell it that the path has failed. It has said
    // how often it is willing to hear from us.
    farewell_ = Farewell{.end = now + Duration(patience) * options_.parameters.detect_mult,
                         .packets_left = peer_.required_min_rx.count() == 0 ? 0 : kFarewellPackets - 1};
  }
  send_at_once(now, out);
  if (farewell_) return;
  // Nobody relies on a session that is not up.
  ended_ = true;
  out.emplace_back(Ended{});
}

void Session::take(SteadyPoint now, const Start&, Output& out) {
  if (state_ != State::kAdminDown) return;
  farewell_.reset();
  ended_ = false;
  peer_ = {};
  change(State::kDown, Reason::kStarted, diagnostic_, out);
  renew_pace(now);
  send_at_once(now, out);
}

// ---- state ----

void Session::change(State to, Reason reason, Diagnostic diagnostic, Output& out) {
  const auto from = std::exchange(state_, to);
  diagnostic_ = diagnostic;
  if (to == State::kUp) {
    ++counters_.up_events;
  } else {
    negotiation_.set(wanted_intervals());
  }
  if (from == State::kUp) {
    ++counters_.down_events;
    if (is_failure(reason)) ++counters_.failures;
    echo_.stop();
  }
  out.emplace_back(Changed{from, to, reason});
}

/// RFC 5880, Section 6.8.4; and Section 6.8.1, bfd.RemoteDiscr: in every state a detection time without a packet means that
/// the peer is unknown again. Otherwise a peer that comes back with another session would never fit ours.
void Session::watch_silence(SteadyPoint now, Output& out) {
  if (now < silence_limit()) return;
  heard_.reset();
  peer_ = {};
  const bool told = state_ == State::kDown;
  if (!told) change(State::kDown, Reason::kDetectionTimeExpired, Diagnostic::kDetectionTimeExpired, out);
  renew_pace(now);
  if (!told) send_at_once(now, out);
}

SteadyPoint Session::silence_limit() const {
  return heard_ ? *heard_ + detection_time() : kIdle;
}

/// RFC 5880, Section 6.8.4, asynchronous mode.
Duration Session::detection_time() const {
  const auto interval = std::max(negotiation_.in_effect().required_min_rx, peer_.desired_min_tx);
  return Duration(interval) * peer_.detect_mult;
}

// ---- pace ----

Negotiation::Intervals Session::wanted_intervals() const {
  Negotiation::Intervals intervals{
      .desired_min_tx = std::chrono::duration_cast<Interval>(options_.parameters.transmit_interval),
      .required_min_rx = std::chrono::duration_cast<Interval>(options_.parameters.receive_interval)};
  if (state_ == State::kUp) return intervals;
  // Only the first of the two is asked for by the RFC; the other one as FRR does (bgp spec 4.13).
  return {.desired_min_tx = std::max(intervals.desired_min_tx, kSlow),
          .required_min_rx = std::max(intervals.required_min_rx, kSlow)};
}

/// RFC 5880, Sections 6.8.2 and 6.8.7.
Duration Session::transmit_interval() const {
  return std::max(negotiation_.in_effect().desired_min_tx, peer_.required_min_rx);
}

/// A new interval counts from the last packet.
void Session::renew_pace(SteadyPoint now) {
  const auto interval = transmit_interval();
  if (std::exchange(pace_, interval) == interval || sent_ == SteadyPoint::min()) return;
  next_ = std::max(now, sent_ + shortened(interval));
}

/// RFC 5880, Section 6.8.7: by up to a quarter, so that ends do not fall into step; with a multiplier of 1 by a tenth at
/// least, so that the peer's patience outlasts the interval.
Duration Session::shortened(Duration interval) {
  const double least = options_.parameters.detect_mult == 1 ? 0.10 : 0.0;
  const double part = least + (0.25 - least) * random_.unit();
  return interval - Duration(static_cast<Duration::rep>(static_cast<double>(interval.count()) * part));
}

/// RFC 5880, Sections 6.8.9 and 6.4; RFC 5883, Section 3: not over several hops.
void Session::renew_echo(SteadyPoint now) {
  const auto& mine = options_.parameters;
  const bool runs = options_.hops == Hops::kSingle && mine.echo && state_ == State::kUp && peer_.state == State::kUp &&
                    peer_.required_min_echo_rx.count() > 0;
  if (!runs) return echo_.stop();
  echo_.run(now, std::max<Duration>(mine.echo_interval, peer_.required_min_echo_rx), mine.detect_mult);
}

/// Also while `echo` is off, as the original does: peers whose echo is on by default (NX-OS) then send them.
Interval Session::offered_echo_interval() const {
  const auto& mine = options_.parameters;
  return options_.hops == Hops::kSingle ? std::chrono::duration_cast<Interval>(mine.echo_interval) : kMultihopEcho;
}

// ---- what goes out ----

/// RFC 5880, Section 6.8.7: the passive end says nothing to a peer that it has not heard.
bool Session::may_speak() const {
  return !(options_.parameters.passive && peer_.discriminator == kNoDiscriminator);
}

bool Session::sends_periodically() const {
  if (!may_speak() || peer_.required_min_rx.count() == 0) return false;
  // RFC 5880, Section 6.8.7: the peer's Demand mode counts when both ends are up, and a Poll Sequence interrupts it.
  return !(peer_.demand && state_ == State::kUp && peer_.state == State::kUp && !negotiation_.polling());
}

/// A packet out of turn or in turn: the next one is a whole interval away.
void Session::send_at_once(SteadyPoint now, Output& out) {
  if (!may_speak()) return;
  send(now, false, out);
  sent_ = now;
  next_ = now + shortened(pace_);
}

void Session::send(SteadyPoint now, bool final, Output& out) {
  auto packet = current();
  if (final) packet.poll = false;
  packet.final = final;
  if (packet.poll) negotiation_.asked(now);
  ++counters_.control_sent;
  out.emplace_back(SendControl{packet});
}

/// C is clear: we die with the process (bgp spec 4.14). D is clear: the peer is to send all the time.
ControlPacket Session::current() const {
  return {.diagnostic = diagnostic_,
          .state = state_,
          .poll = negotiation_.polling(),
          .detect_mult = options_.parameters.detect_mult,
          .mine = options_.discriminator,
          .yours = peer_.discriminator,
          .desired_min_tx = negotiation_.named().desired_min_tx,
          .required_min_rx = negotiation_.named().required_min_rx,
          .required_min_echo_rx = offered_echo_interval()};
}

/// bgp spec 4.14: three packets and one detection time of the peer, whichever takes longer.
void Session::say_goodbye(SteadyPoint now, Output& out) {
  if (!farewell_ || farewell_->packets_left > 0 || now < farewell_->end) return;
  farewell_.reset();
  ended_ = true;
  out.emplace_back(Ended{});
}

void Session::not_sent(bool echo) {
  auto& counter = echo ? counters_.echo_sent : counters_.control_sent;
  if (counter > 0) --counter;
  if (echo) echo_.not_sent();
}

void Session::count(Fault fault) {
  counters_.faults.count(fault);
  fault_ = fault;
}

}  // namespace metallb::bfd
