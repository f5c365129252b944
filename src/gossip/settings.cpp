#include "gossip/settings.hpp"

#include <algorithm>
#include <boost/json/stream_parser.hpp>
#include <boost/json/value.hpp>
#include <limits>
#include <utility>
#include <vector>

#include "base/go_duration.hpp"
#include "gossip/json_fields.hpp"

namespace metallb::gossip {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kAnyNegative = std::numeric_limits<std::int64_t>::min();
/// Deep enough for whatever else somebody keeps in the file; it bounds the parser's memory.
constexpr std::size_t kMaximumDepth = 100;

struct DurationKey {
  std::string_view key;
  Duration Settings::* member;
};
constexpr DurationKey kDurations[] = {
    {"TCPTimeout", &Settings::tcp_timeout},         {"PushPullInterval", &Settings::push_pull_interval},
    {"ProbeTimeout", &Settings::probe_timeout},     {"ProbeInterval", &Settings::probe_interval},
    {"GossipInterval", &Settings::gossip_interval}, {"GossipToTheDeadTime", &Settings::gossip_to_the_dead_time},
};

struct NumberKey {
  std::string_view key;
  std::int64_t Settings::* member;
  std::int64_t maximum;
};
constexpr NumberKey kNumbers[] = {
    {"IndirectChecks", &Settings::indirect_checks, kMaximumCount},
    {"RetransmitMult", &Settings::retransmit_mult, kMaximumMultiplier},
    {"SuspicionMult", &Settings::suspicion_mult, kMaximumMultiplier},
    {"SuspicionMaxTimeoutMult", &Settings::suspicion_max_timeout_mult, kMaximumMultiplier},
    {"AwarenessMaxMultiplier", &Settings::awareness_max_multiplier, kMaximumMultiplier},
    {"GossipNodes", &Settings::gossip_nodes, kMaximumCount},
    {"HandoffQueueDepth", &Settings::handoff_queue_depth, kMaximumCount},
    {"UDPBufferSize", &Settings::udp_buffer_size, kLargestUdpPayload},
};

struct BooleanKey {
  std::string_view key;
  bool Settings::* member;
};
constexpr BooleanKey kBooleans[] = {
    {"DisableTcpPings", &Settings::disable_tcp_pings},
    {"GossipVerifyIncoming", &Settings::gossip_verify_incoming},
    {"GossipVerifyOutgoing", &Settings::gossip_verify_outgoing},
    {"EnableCompression", &Settings::enable_compression},
};

/// Needed, and like all durations below 0 the same as 0.
void read_duration(JsonFields& fields, std::string_view key, Duration& out) {
  if (!fields.duration(key, out, -kMaximumDuration, kMaximumDuration)) {
    fields.problem(key, "missing: write a duration, as in \"1s\" or \"200ms\"");
  }
  out = std::max(out, Duration::zero());
}

void read_base(JsonFields& fields, Settings& out) {
  for (const auto& [key, member] : kDurations) read_duration(fields, key, out.*member);
  Duration unused{};  // for the original's metrics
  read_duration(fields, "QueueCheckInterval", unused);
  // What is missing is 0 or false, not the profile's value.
  for (const auto& [key, member, maximum] : kNumbers) {
    out.*member = 0;
    fields.integer(key, out.*member, kAnyNegative, maximum);
    out.*member = std::max<std::int64_t>(out.*member, 0);
  }
  for (const auto& [key, member] : kBooleans) {
    out.*member = false;
    fields.boolean(key, out.*member);
  }
  if (out.awareness_max_multiplier < 1) {
    // deviation: the original goes on with a score of -1 and probes without a pause after each failure.
    fields.problem("AwarenessMaxMultiplier", "missing or below 1: write a whole number from 1 to " +
                                                 std::to_string(kMaximumMultiplier) + ", for example 8");
    out.awareness_max_multiplier = 1;
  }
}

void read_count(JsonFields& fields, std::string_view key, std::size_t& out, std::int64_t minimum, std::int64_t maximum) {
  auto number = static_cast<std::int64_t>(out);
  fields.integer(key, number, minimum, maximum);
  out = static_cast<std::size_t>(number);
}

/// Ours alone: what is missing keeps its default, and what is not known is a mistake.
void read_ring(const boost::json::object& json, RingSettings& out, std::vector<std::string>& problems) {
  JsonFields fields(json, "WatchRing.", problems);
  constexpr Duration kShort = milliseconds(1);
  constexpr Duration kLong = seconds(10);
  fields.boolean("Enabled", out.enabled);
  read_count(fields, "Watchers", out.watchers, 1, 16);
  fields.duration("Period", out.period, milliseconds(10), kLong);
  fields.duration("MinimumTimeout", out.minimum_timeout, kShort, kLong);
  fields.duration("BurstStep", out.burst_step, kShort, kLong);
  read_count(fields, "MinimumBurst", out.minimum_burst, 1, 100);
  read_count(fields, "MaximumBurst", out.maximum_burst, 1, 100);
  fields.share("FalseVerdict", out.false_verdict);
  fields.share("FalseAccusation", out.false_accusation);
  fields.share("MinimumLoss", out.minimum_loss);
  fields.duration("ShortestBurst", out.shortest_burst, Duration::zero(), kLong);
  fields.duration("LateLoop", out.late_loop, kShort, kLong);
  fields.duration("MassSilenceHold", out.mass_silence_hold, Duration::zero(), kLong);
  fields.duration("AloneHold", out.alone_hold, Duration::zero(), kLong);
  fields.duration("WitnessTimeout", out.witness_timeout, kShort, kLong);
  fields.duration("Damping", out.damping, Duration::zero(), kMaximumDuration);
  if (out.minimum_timeout > out.period) {
    fields.problem("MinimumTimeout", go_duration(out.minimum_timeout) + " is longer than the Period of " +
                                         go_duration(out.period) + ": make it shorter, or the Period longer");
  }
  if (out.minimum_burst > out.maximum_burst) {
    fields.problem("MinimumBurst", std::to_string(out.minimum_burst) + " is above the MaximumBurst of " +
                                       std::to_string(out.maximum_burst) + ": make it smaller, or MaximumBurst larger");
  }
  fields.refuse_others();
}

std::string joined(const std::vector<std::string>& problems) {
  std::string out;
  for (const auto& problem : problems) out += (out.empty() ? "" : "; ") + problem;
  return out;
}

std::expected<boost::json::value, std::string> parse(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kMaximumDepth;
  boost::json::stream_parser parser({}, options);
  boost::json::error_code error;
  const auto read = parser.write(text.data(), text.size(), error);
  if (!error) parser.finish(error);
  if (!error) return parser.release();
  const auto line =
      1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(std::min(read, text.size())), '\n');
  return std::unexpected("not valid JSON, line " + std::to_string(line) + ": " + error.message() +
                         ": correct it, or remove the file to use the defaults");
}

}  // namespace

Settings lan_settings() {
  return {};
}

Settings wan_settings() {
  Settings out;
  out.tcp_timeout = seconds(30);
  out.suspicion_mult = 6;
  out.push_pull_interval = seconds(60);
  out.probe_timeout = seconds(3);
  out.probe_interval = seconds(5);
  out.gossip_nodes = 4;
  out.gossip_interval = milliseconds(500);
  out.gossip_to_the_dead_time = seconds(60);
  return out;
}

std::expected<Settings, std::string> parse_settings(std::string_view json) {
  const auto document = parse(json);
  if (!document) return std::unexpected(document.error());
  if (!document->is_object() && !document->is_null()) {
    return std::unexpected("not a JSON object: write { } around the keys");
  }
  auto out = lan_settings();
  std::vector<std::string> problems;
  const auto object = document->is_object() ? document->get_object() : boost::json::object();
  JsonFields fields(object, "", problems);
  read_base(fields, out);
  if (const auto* ring = fields.object("WatchRing")) read_ring(*ring, out.ring, problems);
  if (!problems.empty()) return std::unexpected(joined(problems));
  return out;
}

}  // namespace metallb::gossip
