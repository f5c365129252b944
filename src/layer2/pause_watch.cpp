#include "layer2/pause_watch.hpp"

namespace metallb::layer2 {

PauseWatch::Verdict PauseWatch::on_call(SteadyPoint now, bool watching) {
  const bool paused = beat_ != kIdle && now - seen_ > kHeartbeat + kTolerance;
  seen_ = now;
  if (!watching) {
    beat_ = kIdle;
  } else if (beat_ == kIdle || beat_ <= now) {
    beat_ = now + kHeartbeat;
  }
  if (paused) {
    confirmed_.clear();
    silent_until_ = now + kSilence;
    return Verdict::kPaused;
  }
  if (now < silent_until_) return Verdict::kNone;
  silent_until_ = kIdle;
  confirmed_.clear();
  return Verdict::kOver;
}

void PauseWatch::confirm(const IpAddress& address) {
  if (silent()) confirmed_.insert(address);
}

}  // namespace metallb::layer2
