#include "gossip/exchanges.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace metallb::gossip {
namespace {

/// Of one join, spelled out.
constexpr std::size_t kMostErrors = 10;

}  // namespace

Duration scaled_interval(Duration interval, std::size_t members) {
  // gossip spec 8: once more for every doubling beyond 32 members, begun ones included.
  Duration::rep factor = 1;
  for (std::uint64_t covered = 32; covered < members; covered *= 2) ++factor;
  return interval * factor;
}

void Exchanges::start(SteadyPoint now) {
  if (settings_.push_pull_interval <= Duration::zero()) return;
  next_sync_ =
      now +
      Duration(static_cast<Duration::rep>(random_.below(static_cast<std::uint64_t>(settings_.push_pull_interval.count()))));
}

void Exchanges::stop(Output& out) {
  next_sync_ = kIdle;
  for (auto* slot : {&join_, &sync_}) {
    if (*slot) out.emplace_back(CloseStream{(*slot)->stream});
    slot->reset();
  }
  for (auto& joining : joins_) {
    joining.outcome.error = "this node is leaving";
    report(joining, out);
  }
  joins_.clear();
}

void Exchanges::join(SteadyPoint now, const std::vector<IpAddress>& addresses, Output& out) {
  Joining joining;
  std::set<IpAddress> seen;
  for (const auto& address : addresses) {
    if (seen.insert(address).second && !membership_.table().holds(address)) joining.left.push_back(address);
  }
  joining.outcome.expected = joining.left.size();
  joins_.push_back(std::move(joining));
  if (membership_.leaving()) return stop(out);
  if (joins_.size() == 1) go_on_joining(now, out);
}

void Exchanges::report(Joining& joining, Output& out) {
  joined_once_ = true;
  if (joining.failed > kMostErrors)
    joining.outcome.error += "; and " + std::to_string(joining.failed - kMostErrors) + " more";
  out.emplace_back(std::move(joining.outcome));
}

void Exchanges::go_on_joining(SteadyPoint now, Output& out) {
  while (!joins_.empty() && !join_) {
    auto& [left, outcome, failed] = joins_.front();
    if (left.empty()) {
      report(joins_.front(), out);
      joins_.pop_front();
      continue;
    }
    const auto address = left.front();
    left.pop_front();
    if (membership_.table().holds(address)) {
      // Who came to be a member by an earlier exchange needs none of its own: it hears of us by gossip.
      ++outcome.joined;
    } else {
      join_ = dial(now, {address, port_}, true, out);
    }
  }
}

/// deviation: the original exchanges nothing with suspects, so that a node that was cut off declares members dead which have
/// long refuted what it says about them, and told everybody else.
void Exchanges::catch_up(SteadyPoint now, Output& out) {
  sync(now, MemberState::kAlive, out);
  sync(now, MemberState::kSuspect, out);
}

void Exchanges::sync(SteadyPoint now, MemberState state, Output& out) {
  if (sync_ || membership_.leaving()) return;
  const auto wanted = [&](const Entry& entry) { return entry.state == state && !membership_.is_own(entry.name); };
  const auto peers = membership_.table().pick(1, random_, wanted);
  if (!peers.empty()) sync_ = dial(now, peers.front()->endpoint, false, out);
}

Exchanges::Exchange Exchanges::dial(SteadyPoint now, const Endpoint& with, bool join, Output& out) {
  const auto stream = numbers_.next_stream();
  ++counters_.streams_dialled;
  out.emplace_back(Dial{stream, with});
  return {stream, with, join, postman_.reader(), now + settings_.tcp_timeout};
}

void Exchanges::connected(SteadyPoint now, StreamId stream, Output& out) {
  auto& exchange = *at(stream);
  exchange.deadline = now + settings_.tcp_timeout;
  PushPull state{.join = exchange.join, .entries = membership_.state(), .user_state = {}};
  out.emplace_back(SendStream{stream, postman_.stream(std::move(state))});
}

void Exchanges::received(SteadyPoint now, StreamId stream, ByteView data, Output& out) {
  auto& slot = at(stream);
  postman_.read(slot->reader, data);
  const auto& reader = slot->reader;
  if (!reader.done()) return;
  out.emplace_back(CloseStream{stream});
  if (reader.fault()) return finish(now, slot, reader.fault()->reason, out);
  if (const auto* refused = std::get_if<ErrorReply>(&*reader.message())) {
    return finish(now, slot, "refused by the other side: " + refused->text.substr(0, 200), out);
  }
  const auto* state = std::get_if<PushPull>(&*reader.message());
  if (state == nullptr) return finish(now, slot, "the answer is no member table", out);
  finish(now, slot, membership_.merge(now, *state).value_or(""), out);
}

void Exchanges::ended(SteadyPoint now, StreamId stream, const std::string& error, Output& out) {
  auto& slot = at(stream);
  slot->reader.finish();
  const auto& fault = slot->reader.fault();
  finish(now, slot, !error.empty() ? error : fault ? fault->reason : "closed without an answer", out);
}

void Exchanges::finish(SteadyPoint now, Slot& slot, std::string error, Output& out) {
  const auto exchange = *std::exchange(slot, std::nullopt);
  const auto with = exchange.with.address.to_string();
  if (!error.empty()) ++counters_.streams_failed;
  if (!exchange.join) {
    if (next_sync_ != kIdle) next_sync_ = now + scaled_interval(settings_.push_pull_interval, membership_.table().size());
    if (error.empty()) return;
    if (const auto again = quiet_.turn(now, with)) {
      log_.error({{"op", "memberlist"},
                  {"msg", "exchange of member tables failed"},
                  {"ip", with},
                  {"error", error},
                  {"repeated", *again}});
    }
    return;
  }
  auto& [left, outcome, failed] = joins_.front();
  if (error.empty()) {
    ++outcome.joined;
    ++counters_.joined;
  } else {
    ++counters_.not_joined;
    if (++failed <= kMostErrors) outcome.error += (outcome.error.empty() ? "" : "; ") + with + ": " + error;
  }
  go_on_joining(now, out);
}

void Exchanges::on_time(SteadyPoint now, Output& out) {
  expire(now, join_, out);
  expire(now, sync_, out);
  if (now < next_sync_) return;
  next_sync_ = now + scaled_interval(settings_.push_pull_interval, membership_.table().size());
  if (std::exchange(spread_, true)) sync(now, MemberState::kAlive, out);
}

void Exchanges::expire(SteadyPoint now, Slot& slot, Output& out) {
  if (!slot || now < slot->deadline) return;
  out.emplace_back(CloseStream{slot->stream});
  finish(now, slot, "no answer in time", out);
}

SteadyPoint Exchanges::next_deadline() const {
  auto deadline = next_sync_;
  if (join_) deadline = std::min(deadline, join_->deadline);
  if (sync_) deadline = std::min(deadline, sync_->deadline);
  return deadline;
}

void Exchanges::paused(Duration late) {
  for (auto* slot : {&join_, &sync_}) {
    if (*slot) (*slot)->deadline += late;
  }
}

const Exchanges::Slot* Exchanges::find(StreamId stream) const {
  if (join_ && join_->stream == stream) return &join_;
  if (sync_ && sync_->stream == stream) return &sync_;
  return nullptr;
}

}  // namespace metallb::gossip
