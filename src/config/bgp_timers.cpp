#include "config/bgp_timers.hpp"

#include "base/go_duration.hpp"

namespace metallb::config {
namespace {

using std::chrono::seconds;

/// RFC 4271, Section 4.2: the hold time has 16 bits on the wire.
constexpr seconds kLongestTimer{65'535};
/// RFC 4271, Section 4.4: KEEPALIVEs come no faster.
constexpr seconds kShortestKeepalive{1};

constexpr const char* kHoldField = "spec.holdTime";
constexpr const char* kKeepaliveField = "spec.keepaliveTime";
constexpr const char* kConnectField = "spec.connectTime";

Problem invalid(const std::string& field, const std::string& problem, const std::string& remedy) {
  return {field, "invalid BGPPeer timers: " + problem, remedy};
}

Checked<std::optional<Duration>> parsed(const std::string& field, const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  const auto duration = parse_go_duration(*text);
  if (!duration) return std::unexpected(invalid(field, duration.error(), "or leave it out"));
  return *duration;
}

/// Whole seconds of a hold time, which `field` caused.
Checked<seconds> whole_hold_time(const std::string& field, Duration hold) {
  const auto whole = std::chrono::floor<seconds>(hold);
  // The original truncates first, so that less than a second means "no hold timer" there; and it knows no upper bound.
  const bool off = hold == Duration::zero();
  if (!off && (whole < seconds(3) || hold > kLongestTimer)) {
    return std::unexpected(
        invalid(field, "invalid hold time " + quoted(go_duration(hold)) + ": must be 0 or >=3s",
                "choose a hold time of 3s to 65535s and a keepalive time of a third of it, or 0s for both"));
  }
  return whole;
}

}  // namespace

Checked<BgpTimers> timers_of(const kube::BGPPeerSpec& peer) {
  const auto hold = parsed(kHoldField, peer.holdTime);
  if (!hold) return std::unexpected(hold.error());
  const auto keepalive = parsed(kKeepaliveField, peer.keepaliveTime);
  if (!keepalive) return std::unexpected(keepalive.error());
  const auto connect = parsed(kConnectField, peer.connectTime);
  if (!connect) return std::unexpected(connect.error());

  BgpTimers out;
  if (*keepalive && (**keepalive < Duration::zero() || **keepalive > kLongestTimer)) {
    return std::unexpected(invalid(kKeepaliveField, "invalid keepalive time " + quoted(go_duration(**keepalive)),
                                   "choose a third of the hold time, or leave it out"));
  }
  if (*hold || *keepalive) {
    const auto whole = *hold ? whole_hold_time(kHoldField, **hold) : whole_hold_time(kKeepaliveField, 3 * **keepalive);
    if (!whole) return std::unexpected(whole.error());
    if (*hold && *keepalive && **keepalive > **hold) {
      return std::unexpected(invalid(
          kKeepaliveField, quoted(go_duration(**keepalive)) + " must be lower than holdTime " + quoted(go_duration(**hold)),
          "choose a third of the hold time, or leave it out"));
    }
    out.hold_time = *whole;
    const auto asked = keepalive->value_or(Duration::zero());
    if (asked != Duration::zero() && asked < kShortestKeepalive) {
      return std::unexpected(invalid(kKeepaliveField,
                                     "invalid keepalive time " + quoted(go_duration(asked)) + ": must be 0 or >=1s",
                                     "choose a third of the hold time, or leave it out"));
    }
    // A session with a hold time needs keepalives: 0 means the usual third (bgp spec 1.4).
    out.keepalive_time = asked == Duration::zero() ? Duration(*whole) / 3 : std::min(asked, Duration(*whole));
  }
  if (*connect) {
    const auto whole = std::chrono::floor<seconds>(**connect);
    if (whole != **connect || whole < seconds(1) || whole > kLongestTimer) {
      return std::unexpected(invalid(kConnectField, "invalid connect time " + quoted(go_duration(**connect)),
                                     "choose whole seconds from 1s to 65535s, or leave it out"));
    }
    out.connect_time = whole;
  }
  return out;
}

}  // namespace metallb::config
