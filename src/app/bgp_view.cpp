#include "app/bgp_view.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "app/bgp_metrics.hpp"

namespace metallb::app {
namespace {

namespace json = boost::json;

json::value address_of(const std::optional<IpAddress>& address) {
  return address ? json::value(address->to_string()) : json::value(nullptr);
}

// Whole ones: the library writes others as 1.8E2.
std::int64_t seconds(Duration duration) {
  return std::chrono::floor<std::chrono::seconds>(duration).count();
}

std::int64_t milliseconds(Duration duration) {
  return std::chrono::round<std::chrono::milliseconds>(duration).count();
}

std::string name_of(const bgp::Family& family) {
  if (family == bgp::kIpv4Unicast) return "ipv4Unicast";
  if (family == bgp::kIpv6Unicast) return "ipv6Unicast";
  return std::to_string(family.afi) + "/" + std::to_string(family.safi);
}

json::array names_of(const std::vector<bgp::Family>& families) {
  json::array out;
  for (const auto& family : families) out.emplace_back(name_of(family));
  return out;
}

std::string dotted(bgp::RouterId id) {
  const auto n = id.value();
  return IpAddress::v4(static_cast<std::uint8_t>(n >> 24), static_cast<std::uint8_t>(n >> 16),
                       static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n))
      .to_string();
}

json::object configured(const bgp::PeerSettings& settings) {
  const auto& transport = settings.transport;
  json::object out{{"address", address_of(transport.address)},
                   {"interface", transport.interface},
                   {"port", transport.port},
                   {"sourceAddress", address_of(transport.source)},
                   {"vrf", transport.vrf},
                   {"myASN", settings.my_as.value()},
                   {"localASN", settings.local_as.value()},
                   {"routerID", dotted(settings.router_id)},
                   {"families", names_of(settings.families)},
                   {"holdTimeSeconds", seconds(settings.hold_time)},
                   {"ttl", transport.ttl},
                   {"password", transport.password.empty() ? "none" : "set"},
                   {"gracefulRestart", settings.graceful_restart}};
  switch (settings.peer_as.kind) {
    case bgp::PeerAs::Kind::kFixed:
      out["peerASN"] = settings.peer_as.number.value();
      break;
    case bgp::PeerAs::Kind::kInternal:
      out["peerASN"] = "internal";
      break;
    case bgp::PeerAs::Kind::kExternal:
      out["peerASN"] = "external";
      break;
  }
  return out;
}

/// Configured families that the router did not agree to: their prefixes are not sent (bgp spec 7.4).
json::array refused(const std::vector<bgp::Family>& configured, const std::vector<bgp::Family>& agreed) {
  json::array out;
  for (const auto& family : configured) {
    if (std::ranges::find(agreed, family) == agreed.end()) out.emplace_back(name_of(family));
  }
  return out;
}

json::object agreed(const bgp::PeerSettings& settings, const bgp::Negotiated& session) {
  return {{"peerASN", session.peer_as.value()},
          {"peerRouterID", dotted(session.peer_id)},
          {"internal", session.internal},
          {"families", names_of(session.families)},
          {"familiesNotNegotiated", refused(settings.families, session.families)},
          {"holdTimeSeconds", seconds(session.hold_time)},
          {"keepaliveTimeSeconds", seconds(session.keepalive_time)},
          {"fourOctetASN", session.four_octet_as},
          {"ipv4OverIPv6NextHops", session.ipv4_over_ipv6},
          {"extendedMessages", session.extended_message},
          {"routeRefresh", session.route_refresh},
          {"enhancedRouteRefresh", session.enhanced_route_refresh},
          {"gracefulRestart", session.graceful_restart}};
}

json::object messages(const bgp::Counters::Messages& counted) {
  return {{"opens", counted.opens},
          {"updates", counted.updates},
          {"notifications", counted.notifications},
          {"keepalives", counted.keepalives},
          {"routeRefreshes", counted.route_refreshes}};
}

json::object route(const IpPrefix& prefix, const bgp::RouteAttributes& attributes) {
  json::object out{{"prefix", prefix.to_string()}};
  if (attributes.local_pref) out["localPref"] = *attributes.local_pref;
  json::array communities;
  for (const auto& community : attributes.communities) {
    communities.emplace_back(std::to_string(community.value() >> 16) + ":" + std::to_string(community.value() & 0xFFFF));
  }
  for (const auto& large : attributes.large_communities) {
    communities.emplace_back("large:" + std::to_string(large.global) + ":" + std::to_string(large.local1) + ":" +
                             std::to_string(large.local2));
  }
  if (!communities.empty()) out["communities"] = std::move(communities);
  return out;
}

json::object told(const bgp::AdjRibOut& rib) {
  json::array routes;
  rib.for_each_advertised([&](const IpPrefix& prefix, const bgp::RouteAttributes& attributes) {
    if (routes.size() < kViewedPrefixes) routes.push_back(route(prefix, attributes));
  });
  return {{"count", rib.advertised()}, {"prefixes", std::move(routes)}};
}

json::object path(const peering::PeerStatus& status, const io::BfdReport& report) {
  json::object out{{"state", std::string(bfd::to_string(status.bfd))}, {"failures", status.failures}};
  if (!status.bfd_problem.empty()) out["problem"] = status.bfd_problem;
  for (const auto& session : report.sessions) {
    if (!status.path || session.key != *status.path) continue;
    out["local"] = session.key.local.to_string();
    out["remote"] = session.key.remote.to_string();
    out["multihop"] = session.key.hops == bfd::Hops::kMultiple;
    out["diagnostic"] = std::string(bfd::to_string(session.diagnostic));
    out["peerDiagnostic"] = std::string(bfd::to_string(session.peer.diagnostic));
    out["transmitIntervalMilliseconds"] = milliseconds(session.transmit_interval);
    out["detectionTimeMilliseconds"] = milliseconds(session.detection_time);
    out["echo"] = session.echo_running;
  }
  return out;
}

json::object view_of(const bgp::Session& session, const peering::PeerStatus& status, const io::BfdReport& bfd,
                     SteadyPoint now) {
  const auto& settings = session.settings();
  const auto& counters = session.counters();
  json::object out{
      {"peer", settings.name}, {"label", peer_label(settings)},     {"state", std::string(bgp::to_string(session.state()))},
      {"held", settings.held}, {"lastError", session.last_error()}, {"configured", configured(settings)}};
  if (const auto at = session.last_error_at()) out["lastErrorSecondsAgo"] = seconds(now - *at);
  if (const auto since = session.established_since()) out["establishedSeconds"] = seconds(now - *since);
  if (const auto* terms = session.agreed()) out["agreed"] = agreed(settings, *terms);
  out["advertised"] = told(session.rib());
  out["sent"] = messages(counters.sent);
  out["received"] = messages(counters.received);
  std::uint64_t faulty = 0;
  for (const auto count : counters.faulty_updates) faulty += count;
  out["faultyUpdatesReceived"] = faulty;
  out["times"] = json::object{{"connectionsTried", counters.dials},
                              {"connectionsFailed", counters.dials_failed},
                              {"established", counters.established},
                              {"dropped", counters.drops}};
  if (status.watched) out["bfd"] = path(status, bfd);
  return out;
}

json::object side_of(const speaker::LocalPrefDispute::Side& side) {
  return {{"localPref", side.local_pref}, {"advertisement", side.advertisement}};
}

json::object differing(const LocalPrefDisputes& disputes) {
  json::array prefixes;
  for (const auto& [prefix, dispute] : disputes) {
    if (prefixes.size() == kViewedPrefixes) break;
    prefixes.push_back(json::object{
        {"prefix", prefix.to_string()}, {"used", side_of(dispute.used)}, {"ignored", side_of(dispute.ignored)}});
  }
  return {{"count", disputes.size()}, {"prefixes", std::move(prefixes)}};
}

}  // namespace

std::string bgp_view(const bgp::Instance& engine, const peering::Instance& peering, const io::BfdReport& bfd,
                     const LocalPrefDisputes& disputes, SteadyPoint now) {
  json::array sessions;
  for (const auto& status : peering.peers()) {
    const auto* session = engine.session(status.peer);
    if (session != nullptr) sessions.push_back(view_of(*session, status, bfd, now));
  }
  return json::serialize(json::object{{"sessions", std::move(sessions)}, {"localPrefDiffers", differing(disputes)}}) + "\n";
}

}  // namespace metallb::app
