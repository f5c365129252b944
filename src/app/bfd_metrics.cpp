#include "app/bfd_metrics.hpp"

#include <cstdint>
#include <utility>
#include <vector>

#include "app/session_samples.hpp"

namespace metallb::app {
namespace {

using bfd::SessionStatus;

io::MetricLabels labels_of(const SessionStatus& session) {
  return {{"peer", session.key.remote.to_string()}, {"vrf", session.key.vrf.empty() ? "default" : session.key.vrf}};
}

template <class Value>
std::vector<io::MetricSample> samples(const io::BfdReport& report, Merge merge, Value value) {
  std::vector<io::MetricSample> out;
  for (const auto& session : report.sessions) {
    add_sample(out, {.labels = labels_of(session), .value = static_cast<double>(value(session))}, merge);
  }
  return out;
}

prometheus::MetricFamily counter(const io::BfdReport& report, const char* name, const char* help,
                                 std::uint64_t bfd::SessionCounters::* member) {
  return io::counter_family(name, help,
                            samples(report, Merge::kSum, [member](const auto& s) { return s.counters.*member; }));
}

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

io::MetricFamilies bfd_metrics(const io::BfdReport& report) {
  using C = bfd::SessionCounters;
  return {
      io::gauge_family("metallb_bfd_session_up", "BFD session state (1 is up, 0 is down)",
                       samples(report, Merge::kLeast, [](const auto& s) { return s.state == bfd::State::kUp ? 1 : 0; })),
      counter(report, "metallb_bfd_control_packet_input", "Number of received BFD control packets", &C::control_received),
      counter(report, "metallb_bfd_control_packet_output", "Number of sent BFD control packets", &C::control_sent),
      counter(report, "metallb_bfd_echo_packet_input", "Number of received BFD echo packets", &C::echo_received),
      counter(report, "metallb_bfd_echo_packet_output", "Number of sent BFD echo packets", &C::echo_sent),
      counter(report, "metallb_bfd_session_up_events", "Number of BFD session up events", &C::up_events),
      counter(report, "metallb_bfd_session_down_events", "Number of BFD session down events", &C::down_events),
      io::counter_family("metallb_bfd_zebra_notifications", "Number of changes of state that BGP was told",
                         samples(report, Merge::kSum, [](const auto& s) { return s.notifications; })),
      discarded(report),
  };
}

}  // namespace metallb::app
