#include "app/speaker_metrics.hpp"

#include <cstdint>
#include <utility>
#include <vector>

#include "app/client_metrics.hpp"

namespace metallb::app {
namespace {

io::MetricFamilies packet_families(const io::PacketsReport& packets) {
  std::vector<io::MetricSample> received;
  std::vector<io::MetricSample> sent;
  std::vector<io::MetricSample> gratuitous;
  for (const auto& [address, counters] : packets.addresses) {
    const io::MetricLabels labels = {{"ip", address.to_string()}};
    received.push_back({.labels = labels, .value = static_cast<double>(counters.requests_received)});
    sent.push_back({.labels = labels, .value = static_cast<double>(counters.responses_sent)});
    gratuitous.push_back({.labels = labels, .value = static_cast<double>(counters.gratuitous_sent)});
  }
  std::vector<io::MetricSample> drops;
  const auto dropped = [&drops](const char* reason, std::uint64_t count) {
    drops.push_back({.labels = {{"reason", reason}}, .value = static_cast<double>(count)});
  };
  dropped("malformed", packets.drops.malformed);
  dropped("notARequest", packets.drops.not_a_request);
  dropped("wrongDestination", packets.drops.wrong_destination);
  dropped("unknownAddress", packets.drops.unknown_address);
  dropped("wrongInterface", packets.drops.wrong_interface);
  dropped("paused", packets.drops.paused);
  std::vector<io::MetricSample> kernel;
  for (const auto& [interface, answers] : packets.arp_in_kernel) {
    kernel.push_back({.labels = {{"interface", interface}}, .value = answers ? 1.0 : 0.0});
  }
  return {
      io::gauge_family("metallb_layer2_arp_in_kernel", "1 for every interface whose ARP requests the kernel answers",
                       kernel),
      io::counter_family("metallb_layer2_requests_received", "ARP requests and neighbour solicitations accepted, by address",
                         received),
      io::counter_family("metallb_layer2_responses_sent", "Answers sent, by address", sent),
      io::counter_family("metallb_layer2_gratuitous_sent", "Unsolicited announcements sent, by address", gratuitous),
      io::counter_family("metallb_layer2_frames_dropped_total", "Frames that got no answer, by reason", drops),
      io::counter_family("metallb_layer2_conflicts_total", "Claims of announced addresses by others",
                         {{.labels = {{"kind", "member"}}, .value = static_cast<double>(packets.conflicts.member)},
                          {.labels = {{"kind", "foreign"}}, .value = static_cast<double>(packets.conflicts.foreign)}}),
      io::counter_family("metallb_layer2_takeovers_total", "Addresses that this node began to answer",
                         {{.labels = {}, .value = static_cast<double>(packets.take_overs.begun)}}),
      io::counter_family("metallb_layer2_takeovers_heard_total",
                         "Addresses that this node began to answer and was asked for since",
                         {{.labels = {}, .value = static_cast<double>(packets.take_overs.heard)}}),
  };
}

}  // namespace

io::MetricFamilies metrics_of(const speaker::Instance& core, const io::PacketsReport& packets) {
  auto families = client_families(core.metrics());
  std::vector<io::MetricSample> announced;
  for (const auto& series : core.announced()) {
    announced.push_back(
        {.labels = {{"ip", series.ip}, {"node", series.node}, {"protocol", series.protocol}, {"service", series.service}},
         .value = 1});
  }
  families.push_back(
      io::gauge_family("metallb_speaker_announced", "1 for every address that this node announces", announced));
  for (auto& family : packet_families(packets)) families.push_back(std::move(family));
  return families;
}

}  // namespace metallb::app
