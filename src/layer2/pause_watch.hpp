// Notices that the process stood still (SIGSTOP, a starved or frozen machine) and keeps the core silent until it is known
// whose the addresses are now.
//
// While anything is announced the core wants to be called every quarter of a second: that costs four wake-ups a second and
// is all that tells a pause from idleness. A call that is late by more than half a second means that the others may have
// declared this node dead and taken over, that requests in the sockets' queues were for them, and that our next announcement
// would steal. So for 300 ms nothing is answered and nothing announced: time to read what the others announced meanwhile and
// to hear from the membership. An address that the main thread decides about in this time (it announces it, or announces it
// again against a claim) is answered from that moment.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <set>

#include "base/time.hpp"
#include "net/ip_address.hpp"

namespace metallb::layer2 {

inline constexpr Duration kHeartbeat = std::chrono::milliseconds(250);
/// By how much a call may be late.
inline constexpr Duration kTolerance = std::chrono::milliseconds(500);
inline constexpr Duration kSilence = std::chrono::milliseconds(300);

class PauseWatch {
 public:
  enum class Verdict : std::uint8_t { kNone, kPaused, kOver };

  /// To be called at the beginning of every call into the core. `watching`: something is announced. kPaused: a silence
  /// begins now. kOver: it ends now.
  Verdict on_call(SteadyPoint now, bool watching);
  /// The main thread has decided about the address since.
  void confirm(const IpAddress& address);

  [[nodiscard]] bool silent() const { return silent_until_ != kIdle; }
  [[nodiscard]] bool silent_about(const IpAddress& address) const { return silent() && !confirmed_.contains(address); }
  /// Until when on_call() wants to be called; kIdle when it does not matter.
  [[nodiscard]] SteadyPoint next() const { return std::min(beat_, silent_until_); }

 private:
  SteadyPoint seen_;          ///< the last call; meaningful while there is a beat
  SteadyPoint beat_ = kIdle;  ///< moves only when it has come, so that not every frame moves the driver's timer
  SteadyPoint silent_until_ = kIdle;
  std::set<IpAddress> confirmed_;
};

}  // namespace metallb::layer2
