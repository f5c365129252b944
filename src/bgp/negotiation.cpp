#include "bgp/negotiation.hpp"

#include <algorithm>
#include <utility>

namespace metallb::bgp {
namespace {

using std::chrono::seconds;

/// bgp spec 4.7
constexpr std::uint16_t kRestartTime = 120;
constexpr seconds kShortestHoldTime(3);

template <class T>
bool contains(const std::vector<T>& values, const T& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

std::unexpected<Error> refused(std::uint8_t subcode, std::string_view reason, Bytes data = {}) {
  return std::unexpected(reset(ErrorCode::kOpenMessage, subcode, reason, std::move(data)));
}

std::expected<void, Error> check_as(const PeerSettings& settings, const Open& open) {
  const auto& four_octets = open.capabilities.four_octet_as;
  const bool reserved =
      open.my_as == 0 || open.asn() == Asn(0) || four_octets == kAsTrans || (open.my_as == kAsTrans.value() && !four_octets);
  if (reserved) return refused(open_error::kBadPeerAs, "the peer has an AS number that nobody may have");
  if (!acceptable_as(settings, open.asn()))
    return refused(open_error::kBadPeerAs, "the peer has another AS number than configured");
  return {};
}

/// RFC 4760, Section 8: who announces no family at all means IPv4 unicast.
std::vector<Family> families_of(const Open& open) {
  return open.capabilities.families.empty() ? std::vector{kIpv4Unicast} : open.capabilities.families;
}

}  // namespace

bool acceptable_as(const PeerSettings& settings, Asn as) {
  switch (settings.peer_as.kind) {
    case PeerAs::Kind::kFixed:
      return as == settings.peer_as.number;
    case PeerAs::Kind::kInternal:
      return as == settings.my_as;
    case PeerAs::Kind::kExternal:
      // Who has the AS that we show would see an internal session, and a loop.
      return as != settings.my_as && as != settings.local_as;
  }
  return false;
}

Open make_open(const PeerSettings& settings, CapabilitySet set, bool restarting) {
  Open out;
  out.my_as = static_cast<std::uint16_t>(settings.local_as.value() <= 0xFFFF ? settings.local_as.value() : kAsTrans.value());
  out.hold_time = static_cast<std::uint16_t>(std::chrono::duration_cast<seconds>(settings.hold_time).count());
  out.identifier = settings.router_id;
  auto& capabilities = out.capabilities;
  if (set == CapabilitySet::kNone) return out;
  capabilities.families = settings.families;
  capabilities.four_octet_as = settings.local_as;
  if (set == CapabilitySet::kMinimal) return out;
  if (settings.offers_ipv4_over_ipv6()) capabilities.extended_next_hops = {kIpv4OverIpv6};
  capabilities.route_refresh = true;
  capabilities.enhanced_route_refresh = true;
  capabilities.extended_message = true;
  capabilities.fqdn = Fqdn{settings.host_name, ""};
  auto& restart = capabilities.graceful_restart.emplace(GracefulRestart{restarting, true, kRestartTime, {}});
  if (settings.graceful_restart) {
    // Routes in the kernel outlive this process: forwarding goes on.
    for (const auto& family : settings.families) restart.entries.push_back({family, true});
  }
  return out;
}

std::expected<Negotiated, Error> negotiate(const PeerSettings& settings, const Open& sent, const Open& received) {
  if (auto checked = check_as(settings, received); !checked) return std::unexpected(std::move(checked.error()));
  const auto& ours = sent.capabilities;
  const auto& theirs = received.capabilities;
  Negotiated out;
  out.peer_as = received.asn();
  out.peer_id = received.identifier;
  out.internal = out.peer_as == settings.local_as;
  // RFC 6286, Section 2.3
  if (out.peer_id == RouterId(0) || (out.internal && out.peer_id == sent.identifier)) {
    return refused(open_error::kBadIdentifier, "the peer's BGP identifier is 0 or our own");
  }
  const seconds offered(received.hold_time);
  if (offered != seconds(0) && offered < kShortestHoldTime) {
    return refused(open_error::kUnacceptableHoldTime, "the peer's hold time is below 3 seconds");
  }
  const auto common = families_of(received);
  const auto announced = families_of(sent);
  for (const auto& family : settings.families) {
    if (contains(common, family) && contains(announced, family)) out.families.push_back(family);
  }
  if (out.families.empty()) {
    return refused(open_error::kUnsupportedCapability, "the peer has no address family in common with us",
                   write_families(settings.families));
  }
  out.hold_time = std::min<Duration>(seconds(sent.hold_time), offered);
  out.keepalive_time = keepalive_time(settings, out.hold_time);
  out.four_octet_as = ours.four_octet_as && theirs.four_octet_as;
  out.ipv4_over_ipv6 =
      contains(ours.extended_next_hops, kIpv4OverIpv6) && contains(theirs.extended_next_hops, kIpv4OverIpv6);
  out.extended_message = ours.extended_message && theirs.extended_message;
  out.route_refresh = ours.route_refresh && theirs.route_refresh;
  out.enhanced_route_refresh = out.route_refresh && ours.enhanced_route_refresh && theirs.enhanced_route_refresh;
  out.graceful_restart = ours.graceful_restart && theirs.graceful_restart;
  out.notification_restart =
      out.graceful_restart && ours.graceful_restart->notification && theirs.graceful_restart->notification;
  out.peer = theirs;
  return out;
}

Duration keepalive_time(const PeerSettings& settings, Duration hold_time) {
  const auto third = hold_time / 3;
  const auto configured = settings.keepalive_time.value_or(Duration::zero());
  return configured > Duration::zero() ? std::min(std::max(configured, kFastestKeepalive), third) : third;
}

bool refuses_capabilities(const Notification& notification, const Open& sent) {
  if (notification.code != ErrorCode::kOpenMessage) return false;
  const auto ours = write_capabilities(sent.capabilities);
  if (notification.subcode == open_error::kUnsupportedParameter) return !ours.empty();
  if (notification.subcode != open_error::kUnsupportedCapability) return false;
  ByteReader in(notification.data);
  while (in.remaining() > 0) {
    const auto code = in.u8();
    in.skip(in.u8());
    if (!in.ok() || code == static_cast<std::uint8_t>(CapabilityCode::kMultiprotocol)) continue;
    if (std::any_of(ours.begin(), ours.end(), [&](const Bytes& capability) { return capability[0] == code; })) return true;
  }
  return false;
}

}  // namespace metallb::bgp
