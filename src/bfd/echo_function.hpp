// Our echo packets: when to send one, which of those that come back count, and when too many have stayed away. RFC 5880,
// Sections 6.4, 6.8.5, 6.8.8 and 6.8.9.
//
// deviation: silence counts only after the peer has returned a packet once. Many offer to return echo packets and do not
// (FRR offers it always), and each of their sessions would go up and down for ever. After a failure it counts again only
// when the peer returns packets after a pause, which grows: control packets alone bring the session up within a second.
#pragma once

#include <cstdint>
#include <optional>

#include "base/backoff.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "bfd/error.hpp"
#include "bfd/packet.hpp"

namespace metallb::bfd {

class EchoFunction {
 public:
  /// `secret` must be hard to guess: who knows it can answer for the peer.
  EchoFunction(Discriminator discriminator, std::uint32_t secret)
      : next_{.discriminator = discriminator, .secret = secret} {}

  /// Runs with these from now on; unchanged ones change nothing.
  void run(SteadyPoint now, Duration interval, std::uint8_t detect_mult);
  void stop() { running_.reset(); }
  [[nodiscard]] bool running() const { return running_.has_value(); }

  /// The packet that was taken last did not leave: nobody could have returned it.
  void not_sent();
  /// One of ours came back.
  std::optional<Fault> returned(SteadyPoint now, const EchoPacket& packet);
  /// The peer is another one perhaps: it has not returned anything yet.
  void forget_peer() { proven_ = false; }

  enum class Verdict : std::uint8_t { kNone, kFailed, kNeverReturned };
  /// kFailed: `detect_mult` packets in a row were sent and have not come back within as many intervals. kNeverReturned: nor
  /// has any before; once in a run.
  [[nodiscard]] Verdict judge(SteadyPoint now);
  /// The packet that is due.
  std::optional<EchoPacket> take_due(SteadyPoint now, Random& random);
  [[nodiscard]] SteadyPoint next_deadline() const;

  [[nodiscard]] bool is_ours(const EchoPacket& packet) const {
    return packet.discriminator == next_.discriminator && packet.secret == next_.secret;
  }

 private:
  struct Running {
    Duration interval;
    std::uint8_t detect_mult;
    SteadyPoint next;          ///< packet to send
    SteadyPoint since;         ///< the silence is counted from
    std::uint32_t unanswered;  ///< packets sent since then
    bool told = false;         ///< that none has ever been returned
    [[nodiscard]] SteadyPoint limit() const { return since + interval * detect_mult; }
  };

  EchoPacket next_;
  std::uint32_t expected_ = 0;  ///< sequence numbers below it are answered, or void
  bool proven_ = false;         ///< the peer does return them
  Backoff distrust_{std::chrono::seconds(1), std::chrono::seconds(60)};
  SteadyPoint distrusted_until_ = SteadyPoint::min();  ///< what is returned before proves nothing
  SteadyPoint proven_since_ = SteadyPoint::min();
  std::optional<Running> running_;
};

}  // namespace metallb::bfd
