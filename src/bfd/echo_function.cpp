#include "bfd/echo_function.hpp"

#include <algorithm>
#include <utility>

namespace metallb::bfd {
namespace {

/// A failure after so long is one by itself.
constexpr Duration kProvenFor = std::chrono::minutes(1);

}  // namespace

void EchoFunction::run(SteadyPoint now, Duration interval, std::uint8_t detect_mult) {
  if (running_ && running_->interval == interval && running_->detect_mult == detect_mult) return;
  if (!running_) expected_ = next_.sequence;
  running_ = Running{.interval = interval, .detect_mult = detect_mult, .next = now, .since = now, .unanswered = 0};
}

std::optional<Fault> EchoFunction::returned(SteadyPoint now, const EchoPacket& packet) {
  if (!running_) return Fault::kEchoStale;
  // Numbers wrap around after some years.
  const auto ahead = packet.sequence - expected_;
  const auto under_way = next_.sequence - expected_;
  if (ahead >= under_way) return Fault::kEchoStale;
  expected_ = packet.sequence + 1;
  if (now >= distrusted_until_ && !std::exchange(proven_, true)) proven_since_ = now;
  running_->since = now;
  running_->unanswered = std::min(running_->unanswered, next_.sequence - expected_);
  return std::nullopt;
}

EchoFunction::Verdict EchoFunction::judge(SteadyPoint now) {
  if (!running_ || now < running_->limit()) return Verdict::kNone;
  // Otherwise this process did not run, and sent too few to blame the peer.
  const bool silent = running_->unanswered >= running_->detect_mult;
  if (silent && proven_) {
    if (now - proven_since_ >= kProvenFor) distrust_.reset();
    distrusted_until_ = now + distrust_.next();
    proven_ = false;
    return Verdict::kFailed;
  }
  running_->since = now;
  running_->unanswered = 0;
  return silent && !std::exchange(running_->told, true) ? Verdict::kNeverReturned : Verdict::kNone;
}

std::optional<EchoPacket> EchoFunction::take_due(SteadyPoint now, Random& random) {
  if (!running_ || now < running_->next) return std::nullopt;
  const auto packet = next_;
  ++next_.sequence;
  ++running_->unanswered;
  // RFC 5880, Section 6.8.9: the interval may be shortened by up to a quarter.
  running_->next = now + running_->interval * 3 / 4 +
                   Duration(static_cast<Duration::rep>(static_cast<double>(running_->interval.count()) * random.unit() / 4));
  return packet;
}

void EchoFunction::not_sent() {
  if (running_ && running_->unanswered > 0) --running_->unanswered;
}

SteadyPoint EchoFunction::next_deadline() const {
  return running_ ? std::min(running_->next, running_->limit()) : kIdle;
}

}  // namespace metallb::bfd
