// Profiles and the configuration file: gossip spec 1.4, failover spec 3.
#include "gossip/settings.hpp"

#include <gtest/gtest.h>

#include <map>

namespace metallb::gossip {
namespace {

using namespace std::chrono_literals;

/// The members of a file that says nothing unusual, as their JSON texts.
std::map<std::string, std::string> usual() {
  return {{"TCPTimeout", R"("11s")"},
          {"IndirectChecks", "2"},
          {"RetransmitMult", "5"},
          {"SuspicionMult", "6"},
          {"SuspicionMaxTimeoutMult", "7"},
          {"PushPullInterval", R"("1m30s")"},
          {"ProbeTimeout", R"("100ms")"},
          {"ProbeInterval", R"("1.5s")"},
          {"DisableTcpPings", "true"},
          {"AwarenessMaxMultiplier", "9"},
          {"GossipNodes", "4"},
          {"GossipInterval", R"("250ms")"},
          {"GossipToTheDeadTime", R"("31s")"},
          {"GossipVerifyIncoming", "true"},
          {"GossipVerifyOutgoing", "true"},
          {"EnableCompression", "true"},
          {"HandoffQueueDepth", "512"},
          {"UDPBufferSize", "1200"},
          {"QueueCheckInterval", R"("40s")"}};
}
std::string file_of(const std::map<std::string, std::string>& members) {
  std::string out;
  for (const auto& [key, value] : members) out += (out.empty() ? "{" : ",\n") + ("\"" + key + "\": " + value);
  return out + "}";
}
/// The usual file but for one member; an empty text leaves it out.
std::expected<Settings, std::string> parse_with(const std::string& key, const std::string& value) {
  auto members = usual();
  members[key] = value;
  if (value.empty()) members.erase(key);
  return parse_settings(file_of(members));
}
std::expected<Settings, std::string> parse_ring(const std::string& object) {
  return parse_with("WatchRing", object);
}
void expect_error(const std::expected<Settings, std::string>& result, std::initializer_list<std::string_view> parts) {
  ASSERT_FALSE(result.has_value());
  for (const auto part : parts) EXPECT_NE(result.error().find(part), std::string::npos) << result.error();
}

TEST(Settings, OfTheLanProfileAreThoseOfTheOriginal) {
  const auto s = lan_settings();
  EXPECT_EQ(s.tcp_timeout, 10s);
  EXPECT_EQ(s.indirect_checks, 3);
  EXPECT_EQ(s.retransmit_mult, 4);
  EXPECT_EQ(s.suspicion_mult, 4);
  EXPECT_EQ(s.suspicion_max_timeout_mult, 6);
  EXPECT_EQ(s.push_pull_interval, 30s);
  EXPECT_EQ(s.probe_timeout, 500ms);
  EXPECT_EQ(s.probe_interval, 1s);
  EXPECT_FALSE(s.disable_tcp_pings);
  EXPECT_EQ(s.awareness_max_multiplier, 8);
  EXPECT_EQ(s.gossip_nodes, 3);
  EXPECT_EQ(s.gossip_interval, 200ms);
  EXPECT_EQ(s.gossip_to_the_dead_time, 30s);
  EXPECT_TRUE(s.gossip_verify_incoming);
  EXPECT_TRUE(s.gossip_verify_outgoing);
  EXPECT_TRUE(s.enable_compression);
  EXPECT_EQ(s.handoff_queue_depth, 1024);
  EXPECT_EQ(s.udp_buffer_size, 1400);
}

TEST(Settings, OfTheWanProfileAreThoseOfTheOriginal) {
  const auto s = wan_settings();
  EXPECT_EQ(s.tcp_timeout, 30s);
  EXPECT_EQ(s.indirect_checks, 3);
  EXPECT_EQ(s.retransmit_mult, 4);
  EXPECT_EQ(s.suspicion_mult, 6);
  EXPECT_EQ(s.suspicion_max_timeout_mult, 6);
  EXPECT_EQ(s.push_pull_interval, 60s);
  EXPECT_EQ(s.probe_timeout, 3s);
  EXPECT_EQ(s.probe_interval, 5s);
  EXPECT_EQ(s.gossip_nodes, 4);
  EXPECT_EQ(s.gossip_interval, 500ms);
  EXPECT_EQ(s.gossip_to_the_dead_time, 60s);
  EXPECT_EQ(s.udp_buffer_size, 1400);
}

TEST(SettingsFile, SaysEverything) {
  const auto s = parse_settings(file_of(usual()));
  ASSERT_TRUE(s.has_value()) << s.error();
  EXPECT_EQ(s->tcp_timeout, 11s);
  EXPECT_EQ(s->indirect_checks, 2);
  EXPECT_EQ(s->retransmit_mult, 5);
  EXPECT_EQ(s->suspicion_mult, 6);
  EXPECT_EQ(s->suspicion_max_timeout_mult, 7);
  EXPECT_EQ(s->push_pull_interval, 90s);
  EXPECT_EQ(s->probe_timeout, 100ms);
  EXPECT_EQ(s->probe_interval, 1500ms);
  EXPECT_TRUE(s->disable_tcp_pings);
  EXPECT_EQ(s->awareness_max_multiplier, 9);
  EXPECT_EQ(s->gossip_nodes, 4);
  EXPECT_EQ(s->gossip_interval, 250ms);
  EXPECT_EQ(s->gossip_to_the_dead_time, 31s);
  EXPECT_TRUE(s->gossip_verify_incoming);
  EXPECT_TRUE(s->gossip_verify_outgoing);
  EXPECT_TRUE(s->enable_compression);
  EXPECT_EQ(s->handoff_queue_depth, 512);
  EXPECT_EQ(s->udp_buffer_size, 1200);
}

TEST(SettingsFile, MatchesKeysWithoutRegardToCase) {
  auto members = usual();
  members.erase("TCPTimeout");
  members.erase("UDPBufferSize");
  members["tcptimeout"] = R"("12s")";
  members["uDPbUFFERsIZE"] = "900";
  const auto s = parse_settings(file_of(members));
  ASSERT_TRUE(s.has_value()) << s.error();
  EXPECT_EQ(s->tcp_timeout, 12s);
  EXPECT_EQ(s->udp_buffer_size, 900);
}

TEST(SettingsFile, TakesTheLastOfSeveralSpellings) {
  auto text = file_of(usual());
  text.back() = ',';
  const auto s = parse_settings(text + R"("gossipnodes": 7, "GOSSIPNODES": null})");
  ASSERT_TRUE(s.has_value()) << s.error();
  EXPECT_EQ(s->gossip_nodes, 7);
}

TEST(SettingsFile, IgnoresUnknownKeys) {
  EXPECT_TRUE(parse_with("ProbeIntervall", "[1, {\"a\": [[[[]]]]}]").has_value());
}

TEST(SettingsFile, NeedsEveryDuration) {
  for (const std::string key : {"TCPTimeout", "PushPullInterval", "ProbeTimeout", "ProbeInterval", "GossipInterval",
                                "GossipToTheDeadTime", "QueueCheckInterval"}) {
    expect_error(parse_with(key, ""), {key + ": missing", "\"200ms\""});
    expect_error(parse_with(key, "null"), {key + ": missing"});
    expect_error(parse_with(key, "1000"), {key + ": expected a duration, found a number"});
    expect_error(parse_with(key, "0"), {key + ": expected a duration"});
    expect_error(parse_with(key, "true"), {key + ": expected a duration"});
    expect_error(parse_with(key, R"("")"), {key + ": \"\" is not a duration"});
    expect_error(parse_with(key, R"("1 s")"), {key + ": \"1 s\" is not a duration"});
    expect_error(parse_with(key, R"("10001h")"), {key + ": 10001h is out of range", "10000h"});
    EXPECT_TRUE(parse_with(key, R"("0")").has_value());
    EXPECT_TRUE(parse_with(key, R"("10000h")").has_value());
  }
}

TEST(SettingsFile, TakesNegativeDurationsForZero) {
  EXPECT_EQ(parse_with("ProbeInterval", R"("-1s")")->probe_interval, 0s);
  EXPECT_EQ(parse_with("GossipInterval", R"("-10000h")")->gossip_interval, 0s);
}

TEST(SettingsFile, TakesMissingNumbersForZeroAndMissingBooleansForFalse) {
  auto members = usual();
  for (const auto key : {"IndirectChecks", "RetransmitMult", "SuspicionMult", "SuspicionMaxTimeoutMult", "GossipNodes",
                         "HandoffQueueDepth"}) {
    members.erase(key);
  }
  for (const auto key :
       {"DisableTcpPings", "GossipVerifyIncoming", "GossipVerifyOutgoing", "EnableCompression", "UDPBufferSize"}) {
    members[key] = "null";
  }
  const auto s = parse_settings(file_of(members));
  ASSERT_TRUE(s.has_value()) << s.error();
  for (const auto number : {s->indirect_checks, s->retransmit_mult, s->suspicion_mult, s->suspicion_max_timeout_mult,
                            s->gossip_nodes, s->handoff_queue_depth, s->udp_buffer_size}) {
    EXPECT_EQ(number, 0);
  }
  for (const bool value :
       {s->disable_tcp_pings, s->gossip_verify_incoming, s->gossip_verify_outgoing, s->enable_compression}) {
    EXPECT_FALSE(value);
  }
}

TEST(SettingsFile, TakesNegativeNumbersForZero) {
  EXPECT_EQ(parse_with("GossipNodes", "-3")->gossip_nodes, 0);
  EXPECT_EQ(parse_with("SuspicionMult", "-9223372036854775808")->suspicion_mult, 0);
}

TEST(SettingsFile, RefusesNumbersOfTheWrongKind) {
  for (const std::string key : {"IndirectChecks", "RetransmitMult", "SuspicionMult", "SuspicionMaxTimeoutMult",
                                "AwarenessMaxMultiplier", "GossipNodes", "HandoffQueueDepth", "UDPBufferSize"}) {
    for (const auto value : {"3.0", "3e0", "99999999999999999999", "9223372036854775808"}) {
      expect_error(parse_with(key, value), {key + ": not a whole number", "write a whole number from"});
    }
    expect_error(parse_with(key, R"("3")"), {key + ": expected a number, found a string"});
    expect_error(parse_with(key, "true"), {key + ": expected a number, found true or false"});
    expect_error(parse_with(key, "[3]"), {key + ": expected a number, found an array"});
    expect_error(parse_with(key, "1000001"), {key + ": 1000001 is out of range"});
  }
  expect_error(parse_with("UDPBufferSize", "65508"), {"UDPBufferSize: 65508 is out of range", "65507"});
  EXPECT_TRUE(parse_with("UDPBufferSize", "65507").has_value());
}

TEST(SettingsFile, RefusesAnAwarenessThatCannotBe) {
  for (const auto value : {"", "null", "0", "-1"})
    expect_error(parse_with("AwarenessMaxMultiplier", value), {"AwarenessMaxMultiplier:", "from 1"});
  EXPECT_TRUE(parse_with("AwarenessMaxMultiplier", "1").has_value());
}

TEST(SettingsFile, RefusesBooleansOfTheWrongKind) {
  for (const std::string key : {"DisableTcpPings", "GossipVerifyIncoming", "GossipVerifyOutgoing", "EnableCompression"}) {
    for (const auto value : {"0", "1", R"("true")", "{}"}) {
      expect_error(parse_with(key, value), {key + ": expected true or false", "write true or false"});
    }
    EXPECT_TRUE(parse_with(key, "false").has_value());
  }
}

TEST(SettingsFile, NamesEverythingThatIsWrong) {
  auto members = usual();
  members["ProbeInterval"] = "5";
  members["GossipNodes"] = R"("x")";
  members["WatchRing"] = R"({"Period": "1d"})";
  expect_error(parse_settings(file_of(members)), {"ProbeInterval: ", "; GossipNodes: ", "; WatchRing.Period: \"1d\""});
}

TEST(SettingsFile, RefusesWhatIsNoJson) {
  for (const auto text : {"", "{", "{]", "{\"a\": 1} x", "{'a': 1}", "{\"a\": 1,}", "nul", "\xff"}) {
    expect_error(parse_settings(text), {"not valid JSON, line 1: ", "remove the file"});
  }
  expect_error(parse_settings("{\n\"a\": 1,\n\n b}"), {"line 4"});
  expect_error(parse_settings(std::string(1'000'000, '[')), {"not valid JSON"});
  for (const auto text : {"[]", "5", "\"x\"", "true"}) expect_error(parse_settings(text), {"not a JSON object"});
  // null says nothing at all, so the durations are missing.
  expect_error(parse_settings("null"), {"TCPTimeout: missing"});
  expect_error(parse_settings("{}"), {"TCPTimeout: missing"});
}

TEST(WatchRingSettings, KeepTheirDefaultsWithoutTheirObject) {
  for (const auto object : {"", "null", "{}", R"({"Period": null})"}) {
    const auto s = parse_ring(object);
    ASSERT_TRUE(s.has_value()) << s.error();
    EXPECT_TRUE(s->ring.enabled);
    EXPECT_EQ(s->ring.watchers, 3U);
    EXPECT_EQ(s->ring.period, 100ms);
    EXPECT_EQ(s->ring.minimum_timeout, 30ms);
    EXPECT_EQ(s->ring.burst_step, 20ms);
    EXPECT_EQ(s->ring.minimum_burst, 5U);
    EXPECT_EQ(s->ring.maximum_burst, 25U);
    EXPECT_EQ(s->ring.false_verdict, 1e-9);
    EXPECT_EQ(s->ring.minimum_loss, 0.01);
    EXPECT_EQ(s->ring.shortest_burst, 60ms);
    EXPECT_EQ(s->ring.late_loop, 20ms);
    EXPECT_EQ(s->ring.mass_silence_hold, 1s);
    EXPECT_EQ(s->ring.alone_hold, 1s);
    EXPECT_EQ(s->ring.witness_timeout, 100ms);
    EXPECT_EQ(s->ring.damping, 10min);
  }
}

TEST(WatchRingSettings, AreReadFromTheirObject) {
  const auto s =
      parse_ring(R"({"Enabled": false, "Watchers": 2, "Period": "200ms", "MinimumTimeout": "40ms", "BurstStep": "25ms",
      "MinimumBurst": 6, "MaximumBurst": 30, "FalseVerdict": 1e-6, "FalseAccusation": 1e-5, "minimumloss": 0.02, "ShortestBurst": "0",
      "LateLoop": "30ms", "MassSilenceHold": "2s", "AloneHold": "1.5s", "WitnessTimeout": "150ms", "Damping": "1h"})");
  ASSERT_TRUE(s.has_value()) << s.error();
  EXPECT_FALSE(s->ring.enabled);
  EXPECT_EQ(s->ring.watchers, 2U);
  EXPECT_EQ(s->ring.period, 200ms);
  EXPECT_EQ(s->ring.minimum_timeout, 40ms);
  EXPECT_EQ(s->ring.burst_step, 25ms);
  EXPECT_EQ(s->ring.minimum_burst, 6U);
  EXPECT_EQ(s->ring.maximum_burst, 30U);
  EXPECT_EQ(s->ring.false_verdict, 1e-6);
  EXPECT_EQ(s->ring.false_accusation, 1e-5);
  EXPECT_EQ(s->ring.minimum_loss, 0.02);
  EXPECT_EQ(s->ring.shortest_burst, 0ms);
  EXPECT_EQ(s->ring.late_loop, 30ms);
  EXPECT_EQ(s->ring.mass_silence_hold, 2s);
  EXPECT_EQ(s->ring.alone_hold, 1500ms);
  EXPECT_EQ(s->ring.witness_timeout, 150ms);
  EXPECT_EQ(s->ring.damping, 1h);
}

TEST(WatchRingSettings, RefuseBadValues) {
  const struct {
    std::string key;
    std::string value;
  } rows[] = {
      {"Enabled", "1"},
      {"Watchers", "0"},
      {"Watchers", "17"},
      {"Watchers", "-1"},
      {"Watchers", "2.0"},
      {"Period", "100"},
      {"Period", R"("9ms")"},
      {"Period", R"("11s")"},
      {"MinimumTimeout", "\"0\""},
      {"MinimumTimeout", R"("101ms")"},
      {"BurstStep", R"("-1ms")"},
      {"BurstStep", "\"0\""},
      {"MinimumBurst", "0"},
      {"MinimumBurst", "26"},
      {"MaximumBurst", "101"},
      {"FalseVerdict", "0"},
      {"FalseVerdict", "1"},
      {"FalseVerdict", "-1e-9"},
      {"FalseVerdict", R"("x")"},
      {"FalseAccusation", "1"},
      {"MinimumLoss", "0"},
      {"MinimumLoss", "1.5"},
      {"ShortestBurst", R"("-1ns")"},
      {"LateLoop", "\"0\""},
      {"MassSilenceHold", R"("11s")"},
      {"AloneHold", R"("-1s")"},
      {"WitnessTimeout", "\"0\""},
      {"Damping", R"("x")"},
  };
  for (const auto& [key, value] : rows) {
    const auto s = parse_ring("{\"" + key + "\": " + value + "}");
    SCOPED_TRACE(key + " " + value);
    expect_error(s, {"WatchRing." + key + ": "});
  }
}

TEST(WatchRingSettings, RefuseABurstThatIsLongerThanTheLongest) {
  EXPECT_TRUE(parse_ring(R"({"MinimumBurst": 30, "MaximumBurst": 30})").has_value());
  expect_error(parse_ring(R"({"MaximumBurst": 4})"), {"WatchRing.MinimumBurst: 5 is above the MaximumBurst of 4"});
  expect_error(parse_ring(R"({"Period": "20ms"})"), {"WatchRing.MinimumTimeout: 30ms is longer than the Period of 20ms"});
}

TEST(WatchRingSettings, RefuseUnknownKeysAndOtherTypes) {
  expect_error(parse_ring(R"({"Periode": "1s"})"), {"WatchRing.Periode: no such key", "Enabled, Watchers, Period"});
  for (const auto value : {"true", "[]", R"("off")"}) expect_error(parse_ring(value), {"WatchRing: expected an object"});
}

}  // namespace
}  // namespace metallb::gossip
