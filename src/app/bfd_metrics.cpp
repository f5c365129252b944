#include "app/bfd_metrics.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "app/session_samples.hpp"

namespace metallb::app {
namespace {

/// Interfaces of unnumbered peers by the path to their neighbour.
using Interfaces = std::map<bfd::SessionKey, std::string>;

Interfaces interfaces_of(const std::vector<peering::PeerStatus>& peers, const bgp::Instance& engine) {
  Interfaces out;
  for (const auto& peer : peers) {
    const auto* session = peer.path ? engine.session(peer.peer) : nullptr;
    if (session == nullptr || session->settings().transport.interface.empty()) continue;
    out.emplace(*peer.path, session->settings().transport.interface);
  }
  return out;
}

/// Builds one family of a kind from all sessions.
class BfdFamilies {
 public:
  BfdFamilies(const io::BfdReport& report, Interfaces interfaces) : report_(report), interfaces_(std::move(interfaces)) {}

  template <class Value>
  [[nodiscard]] std::vector<io::MetricSample> samples(Merge merge, Value value) const {
    std::vector<io::MetricSample> out;
    for (const auto& session : report_.sessions) {
      add_sample(out, {.labels = labels_of(session.key), .value = static_cast<double>(value(session))}, merge);
    }
    return out;
  }
  prometheus::MetricFamily counter(const char* name, const char* help, std::uint64_t bfd::SessionCounters::* member) const {
    return io::counter_family(name, help, samples(Merge::kSum, [member](const auto& s) { return s.counters.*member; }));
  }

 private:
  [[nodiscard]] io::MetricLabels labels_of(const bfd::SessionKey& key) const {
    const auto interface = interfaces_.find(key);
    return {{"peer", interface != interfaces_.end() ? interface->second : key.remote.to_string()},
            {"vrf", key.vrf.empty() ? "default" : key.vrf}};
  }
  const io::BfdReport& report_;
  Interfaces interfaces_;
};

prometheus::MetricFamily discarded(const io::BfdReport& report) {
  std::vector<io::MetricSample> out;
  for (std::size_t i = 0; i < bfd::kFaults; ++i) {
    const auto fault = static_cast<bfd::Fault>(i);
    auto count = report.counters.faults[fault];
    for (const auto& session : report.sessions) count += session.counters.faults[fault];
    out.push_back({.labels = {{"reason", std::string(bfd::label(fault))}}, .value = static_cast<double>(count)});
  }
  return io::counter_family("metallb_bfd_packets_discarded_total", "BFD packets received and discarded, by reason", out);
}

}  // namespace

io::MetricFamilies bfd_metrics(const io::BfdReport& report, const std::vector<peering::PeerStatus>& peers,
                               const bgp::Instance& engine) {
  const BfdFamilies of(report, interfaces_of(peers, engine));
  using C = bfd::SessionCounters;
  return {
      io::gauge_family("metallb_bfd_session_up", "BFD session state (1 is up, 0 is down)",
                       of.samples(Merge::kLeast, [](const auto& s) { return s.state == bfd::State::kUp ? 1 : 0; })),
      of.counter("metallb_bfd_control_packet_input", "Number of received BFD control packets", &C::control_received),
      of.counter("metallb_bfd_control_packet_output", "Number of sent BFD control packets", &C::control_sent),
      of.counter("metallb_bfd_echo_packet_input", "Number of received BFD echo packets", &C::echo_received),
      of.counter("metallb_bfd_echo_packet_output", "Number of sent BFD echo packets", &C::echo_sent),
      of.counter("metallb_bfd_session_up_events", "Number of BFD session up events", &C::up_events),
      of.counter("metallb_bfd_session_down_events", "Number of BFD session down events", &C::down_events),
      io::counter_family("metallb_bfd_zebra_notifications", "Number of changes of state that BGP was told",
                         of.samples(Merge::kSum, [](const auto& s) { return s.notifications; })),
      discarded(report),
  };
}

}  // namespace metallb::app
