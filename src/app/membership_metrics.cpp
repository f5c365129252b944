#include "app/membership_metrics.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace metallb::app {
namespace {

using io::MetricSample;

/// In the order of gossip::PacketMessage.
constexpr std::array<const char*, gossip::kPacketKinds> kKinds = {"ping",    "indirectPing", "ack",  "nack",
                                                                  "suspect", "alive",        "dead", "user"};
/// In the order of gossip::PacketFault.
constexpr std::array<const char*, gossip::kPacketFaults> kFaults = {
    "labelled",    "notSealed",  "wrongKey",    "badChecksum", "badCompression",
    "badCompound", "badMessage", "unknownType", "tooDeep",     "replayed"};
/// In the order of gossip::MemberState.
constexpr std::array<const char*, 4> kStates = {"alive", "suspect", "dead", "left"};

MetricSample one(std::uint64_t value) {
  return {.labels = {}, .value = static_cast<double>(value)};
}
MetricSample labelled(const char* label, const char* text, std::uint64_t value) {
  return {.labels = {{label, text}}, .value = static_cast<double>(value)};
}

template <std::size_t N, class Value>
std::vector<MetricSample> by_kind(const std::array<Value, N>& values, auto&& number) {
  std::vector<MetricSample> out;
  for (std::size_t i = 0; i < N; ++i) out.push_back(labelled("kind", kKinds[i], number(values[i])));
  return out;
}

io::MetricFamilies members(const io::GossipReport& report, bool held) {
  std::array<std::uint64_t, kStates.size()> counts{};
  for (const auto& member : report.members) ++counts.at(static_cast<std::size_t>(member.state));
  std::vector<MetricSample> states;
  for (std::size_t i = 0; i < counts.size(); ++i) states.push_back(labelled("state", kStates[i], counts[i]));
  const auto& c = report.counters;
  return {
      io::gauge_family("metallb_speaker_memberlist_members", "Members by state, this node included", states),
      io::gauge_family("metallb_speaker_memberlist_elections_held",
                       "1 while nothing is taken over: before the first join, or after everybody was lost at once",
                       {one(held ? 1 : 0)}),
      io::gauge_family("metallb_speaker_memberlist_awareness", "0 is healthy; higher means that own probes fail",
                       {{.labels = {}, .value = static_cast<double>(c.awareness)}}),
      io::counter_family("metallb_speaker_memberlist_events_total", "What became of members",
                         {labelled("event", "join", c.joins), labelled("event", "leave", c.leaves),
                          labelled("event", "suspicion", c.suspicions), labelled("event", "death", c.deaths),
                          labelled("event", "return", c.returns), labelled("event", "refutation", c.refutations)}),
  };
}

io::MetricFamilies traffic(const gossip::Counters& c) {
  const auto packets = [](const gossip::Counters::Traffic& t) { return t.packets; };
  const auto bytes = [](const gossip::Counters::Traffic& t) { return t.bytes; };
  const auto itself = [](std::uint64_t count) { return count; };
  return {
      io::counter_family("metallb_speaker_memberlist_packets_received_total", "UDP packets by their first message",
                         by_kind(c.received, packets)),
      io::counter_family("metallb_speaker_memberlist_packets_sent_total", "UDP packets by their first message",
                         by_kind(c.sent, packets)),
      io::counter_family("metallb_speaker_memberlist_bytes_received_total", "Bytes of these packets",
                         by_kind(c.received, bytes)),
      io::counter_family("metallb_speaker_memberlist_bytes_sent_total", "Bytes of these packets", by_kind(c.sent, bytes)),
      io::counter_family("metallb_speaker_memberlist_messages_received_total", "Messages, carried along or not",
                         by_kind(c.messages_received, itself)),
      io::counter_family("metallb_speaker_memberlist_messages_sent_total", "Messages, carried along or not",
                         by_kind(c.messages_sent, itself)),
  };
}

io::MetricFamilies trouble(const io::GossipReport& report) {
  const auto& c = report.counters;
  std::vector<MetricSample> dropped;
  for (std::size_t i = 0; i < kFaults.size(); ++i) dropped.push_back(labelled("reason", kFaults[i], c.faults[i]));
  dropped.push_back(labelled("reason", "sendBuffer", report.packets_dropped));
  return {
      io::counter_family("metallb_speaker_memberlist_packets_dropped_total", "UDP packets, or parts of them, by reason",
                         dropped),
      io::counter_family(
          "metallb_speaker_memberlist_messages_ignored_total", "Messages that were read, but not believed or not served",
          {labelled("reason", "wrongTarget", c.wrong_target), labelled("reason", "surplus", c.surplus),
           labelled("reason", "tooManyNames", c.dropped_names), labelled("reason", "badName", c.bad_names),
           labelled("reason", "badMeta", c.bad_meta), labelled("reason", "badAddress", c.bad_addresses),
           labelled("reason", "badVersions", c.bad_versions), labelled("reason", "badIncarnation", c.bad_incarnations),
           labelled("reason", "addressConflict", c.address_conflicts),
           labelled("reason", "relayRefused", c.relays_refused)}),
      io::counter_family("metallb_speaker_memberlist_unreachable_total",
                         "ICMP errors, and packets that could not be sent anywhere", {one(report.unreachable)}),
      io::counter_family("metallb_speaker_memberlist_pauses_total", "Times that this process was paused and noticed",
                         {one(c.pauses)}),
  };
}

io::MetricFamilies detection(const gossip::Counters& c) {
  return {
      io::counter_family("metallb_speaker_memberlist_probes_total", "Probes of the classical detector", {one(c.probes)}),
      io::counter_family("metallb_speaker_memberlist_probes_failed_total", "Of these, the ones without any answer",
                         {one(c.probes_failed)}),
      io::counter_family("metallb_speaker_memberlist_ring_bursts_total",
                         "Times that a watched member missed a ping and was asked again and again", {one(c.ring.bursts)}),
      io::counter_family(
          "metallb_speaker_memberlist_ring_verdicts_total", "Of these bursts, what they led to",
          {labelled("verdict", "accused", c.ring.accusations), labelled("verdict", "declaredDead", c.ring.declarations)}),
      io::counter_family("metallb_speaker_memberlist_ring_withheld_total", "Verdicts that were not given, by reason",
                         {labelled("reason", "nothingHeard", c.ring.withheld_nothing_heard),
                          labelled("reason", "witnessSilent", c.ring.withheld_witness_silent),
                          labelled("reason", "noCarrier", c.ring.withheld_no_carrier),
                          labelled("reason", "lateLoop", c.ring.withheld_late_loop),
                          labelled("reason", "massSilence", c.ring.withheld_mass_silence)}),
  };
}

io::MetricFamilies streams(const io::GossipReport& report) {
  const auto& c = report.counters;
  return {
      io::counter_family(
          "metallb_speaker_memberlist_streams_total", "TCP connections by what became of them",
          {labelled("outcome", "accepted", c.streams_accepted), labelled("outcome", "dialled", c.streams_dialled),
           labelled("outcome", "refused", c.streams_refused + report.streams_refused),
           labelled("outcome", "failed", c.streams_failed)}),
      io::counter_family("metallb_speaker_memberlist_exchanges_total", "Member tables that were exchanged and merged",
                         {one(c.exchanges)}),
      io::counter_family("metallb_speaker_memberlist_joins_total", "Addresses of other speakers that were to be joined",
                         {labelled("outcome", "joined", c.joined), labelled("outcome", "failed", c.not_joined)}),
  };
}

}  // namespace

io::MetricFamilies membership_metrics(const io::GossipReport& report, bool held) {
  io::MetricFamilies out;
  for (auto part :
       {members(report, held), traffic(report.counters), trouble(report), detection(report.counters), streams(report)}) {
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

}  // namespace metallb::app
