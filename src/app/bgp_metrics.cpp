#include "app/bgp_metrics.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "app/session_samples.hpp"

namespace metallb::app {
namespace {

using bgp::Counters;

io::MetricLabels labels_of(const bgp::PeerSettings& settings) {
  const auto& vrf = settings.transport.vrf;
  return {{"peer", peer_label(settings)}, {"vrf", vrf.empty() ? "default" : vrf}};
}

/// Prefixes that the peer is to have, whether or not the session is up: those of the families that it is configured to
/// carry.
std::uint64_t wanted_by(const bgp::Instance& engine, const bgp::PeerSettings& settings, bgp::PeerId peer) {
  const auto configured = [&](IpFamily family) {
    return std::ranges::find(settings.families, bgp::unicast(family)) != settings.families.end();
  };
  const bool ipv4 = configured(IpFamily::kIpv4);
  const bool ipv6 = configured(IpFamily::kIpv6);
  std::uint64_t out = 0;
  const auto& routes = engine.routes();
  for (bgp::RouteIndex route = 0; route < routes.size(); ++route) {
    if (routes.wanted(route, peer) != 0 && (routes.family(route) == IpFamily::kIpv4 ? ipv4 : ipv6)) ++out;
  }
  return out;
}

/// Builds one family of a kind from all sessions.
class BgpFamilies {
 public:
  BgpFamilies(const bgp::Instance& engine, io::MetricFamilies& out) : engine_(engine), out_(out) {}

  template <class Value>
  void gauge(const char* name, const char* help, Value value, Merge merge = Merge::kSum) {
    out_.push_back(io::gauge_family(name, help, samples(value, merge)));
  }
  template <class Value>
  void counter(const char* name, const char* help, Value value) {
    out_.push_back(io::counter_family(name, help, samples(value, Merge::kSum)));
  }

 private:
  template <class Value>
  std::vector<io::MetricSample> samples(Value value, Merge merge) const {
    std::vector<io::MetricSample> out;
    for (const auto peer : engine_.peers()) {
      const auto& session = *engine_.session(peer);
      add_sample(out, {.labels = labels_of(session.settings()), .value = static_cast<double>(value(session, peer))}, merge);
    }
    return out;
  }
  const bgp::Instance& engine_;
  io::MetricFamilies& out_;
};

}  // namespace

std::string peer_label(const bgp::PeerSettings& settings) {
  const auto& transport = settings.transport;
  // A neighbour on an interface keeps its series, whatever address it is found under.
  if (!transport.interface.empty()) return transport.interface;
  const auto address = transport.address ? transport.address->to_string() : std::string();
  return address + ":" + std::to_string(transport.port);
}

io::MetricFamilies bgp_metrics(const bgp::Instance& engine, SteadyPoint now) {
  using Session = const bgp::Session&;
  io::MetricFamilies out;
  BgpFamilies families(engine, out);
  const auto counted = [](auto Counters::* member) {
    return [member](Session s, bgp::PeerId) { return s.counters().*member; };
  };
  const auto messages = [](Counters::Messages Counters::* direction, std::uint64_t Counters::Messages::* member) {
    return [direction, member](Session s, bgp::PeerId) { return s.counters().*direction.*member; };
  };
  using M = Counters::Messages;
  families.gauge(
      "metallb_bgp_session_up", "BGP session state (1 is up, 0 is down)",
      [](Session s, bgp::PeerId) { return s.state() == bgp::State::kEstablished ? 1 : 0; }, Merge::kLeast);
  families.gauge("metallb_bgp_announced_prefixes_total", "Number of prefixes currently being advertised on the BGP session",
                 [](Session s, bgp::PeerId) { return s.rib().advertised(); });
  families.gauge("metallb_bgp_pending_prefixes_total", "Number of prefixes that should be advertised on the BGP session",
                 [&engine](Session s, bgp::PeerId peer) { return wanted_by(engine, s.settings(), peer); });
  families.gauge("metallb_bgp_received_prefixes_total", "Prefixes accepted from the peer: always 0, there is no import",
                 [](Session, bgp::PeerId) { return 0; });
  families.gauge("metallb_bgp_session_established_seconds", "How long the BGP session has been established; 0 if it is not",
                 [now](Session s, bgp::PeerId) {
                   const auto since = s.established_since();
                   return since ? std::chrono::duration<double>(now - *since).count() : 0.0;
                 });
  families.counter("metallb_bgp_updates_total", "Number of BGP UPDATE messages sent",
                   messages(&Counters::sent, &M::updates));
  families.counter("metallb_bgp_updates_total_received", "Number of BGP UPDATE messages received",
                   messages(&Counters::received, &M::updates));
  families.counter("metallb_bgp_opens_sent", "Number of BGP open messages sent", messages(&Counters::sent, &M::opens));
  families.counter("metallb_bgp_opens_received", "Number of BGP open messages received",
                   messages(&Counters::received, &M::opens));
  families.counter("metallb_bgp_notifications_sent", "Number of BGP notification messages sent",
                   messages(&Counters::sent, &M::notifications));
  families.counter("metallb_bgp_notifications_received", "Number of BGP notification messages received",
                   messages(&Counters::received, &M::notifications));
  families.counter("metallb_bgp_keepalives_sent", "Number of BGP keepalive messages sent",
                   messages(&Counters::sent, &M::keepalives));
  families.counter("metallb_bgp_keepalives_received", "Number of BGP keepalive messages received",
                   messages(&Counters::received, &M::keepalives));
  families.counter("metallb_bgp_route_refresh_sent", "Number of BGP route refresh messages sent",
                   messages(&Counters::sent, &M::route_refreshes));
  families.counter("metallb_bgp_route_refresh_received", "Number of BGP route refresh messages received",
                   messages(&Counters::received, &M::route_refreshes));
  families.counter("metallb_bgp_total_sent", "Number of total BGP messages sent",
                   [](Session s, bgp::PeerId) { return s.counters().sent.total(); });
  families.counter("metallb_bgp_total_received", "Number of total BGP messages received",
                   [](Session s, bgp::PeerId) { return s.counters().received.total(); });
  families.counter("metallb_bgp_received_nlri_total", "Prefixes that the peer announced; none of them is used",
                   counted(&Counters::prefixes_announced));
  families.counter("metallb_bgp_faulty_updates_total", "UPDATE messages received with an error (RFC 7606)",
                   [](Session s, bgp::PeerId) {
                     std::uint64_t sum = 0;
                     for (const auto count : s.counters().faulty_updates) sum += count;
                     return sum;
                   });
  families.counter("metallb_bgp_session_drops_total", "Times that an established BGP session ended",
                   counted(&Counters::drops));
  families.counter("metallb_bgp_connection_attempts_total", "TCP connections tried", counted(&Counters::dials));
  families.counter("metallb_bgp_connection_failures_total", "TCP connections that could not be made",
                   counted(&Counters::dials_failed));
  return out;
}

}  // namespace metallb::app
