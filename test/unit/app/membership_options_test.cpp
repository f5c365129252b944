#include "app/membership_options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/speaker_options.hpp"
#include "unit/app/options.hpp"

namespace metallb::app {
namespace {

using test::Argv;
using test::environment;
using test::files;
using test::Variables;
using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr const char* kConfig = "/etc/metallb/memberlist/config.json";

/// A file that has every key, as the original demands.
std::string config(const std::string& probe_interval = "\"2s\"", const std::string& more = "") {
  return R"({"TCPTimeout":"10s","IndirectChecks":3,"RetransmitMult":4,"SuspicionMult":4,"SuspicionMaxTimeoutMult":6,)"
         R"("PushPullInterval":"30s","ProbeTimeout":"500ms","DisableTcpPings":false,"AwarenessMaxMultiplier":8,)"
         R"("GossipNodes":3,"GossipInterval":"200ms","GossipToTheDeadTime":"30s","GossipVerifyIncoming":true,)"
         R"("GossipVerifyOutgoing":true,"EnableCompression":true,"HandoffQueueDepth":1024,"UDPBufferSize":1400,)"
         R"("QueueCheckInterval":"30s","ProbeInterval":)" +
         probe_interval + more + "}";
}

std::expected<std::optional<MembershipSettings>, StartupProblem> prepare(std::vector<std::string> arguments,
                                                                         Variables variables = {},
                                                                         const FileReader& read = files()) {
  const Argv argv(std::move(arguments));
  const auto options = parse_speaker_options(argv.count(), argv.data(), environment(std::move(variables)));
  EXPECT_TRUE(options) << options.error().errors;
  return prepare_membership(options.value_or(SpeakerOptions{}), read);
}

/// With labels and address.
std::expected<std::optional<MembershipSettings>, StartupProblem> enabled(std::vector<std::string> more = {},
                                                                         const FileReader& read = files(),
                                                                         Variables variables = {}) {
  more.insert(more.begin(), {"--ml-labels=app=metallb,component=speaker", "--ml-bindaddr=192.168.1.101"});
  return prepare(std::move(more), std::move(variables), read);
}

StartupProblem problem_of(const std::expected<std::optional<MembershipSettings>, StartupProblem>& prepared) {
  EXPECT_FALSE(prepared);
  return prepared ? StartupProblem{} : prepared.error();
}

// gossip spec 1.1.
TEST(MembershipOptions, SwitchMembershipOnOnlyWithLabelsAndAddress) {
  EXPECT_EQ(*prepare({}), std::nullopt);
  EXPECT_EQ(*prepare({"--ml-labels=a=b"}), std::nullopt);
  EXPECT_EQ(*prepare({"--ml-bindaddr=::1"}), std::nullopt);
  const auto settings = *prepare({"--ml-labels=a=b", "--ml-bindaddr=fd00::1"});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->address.to_string(), "fd00::1");
  EXPECT_EQ(settings->port, 7946);
  EXPECT_EQ(settings->labels, "a=b");
  EXPECT_EQ(settings->secret, "");
  EXPECT_EQ(settings->secret_file, "");
  EXPECT_TRUE(settings->timing.ring.enabled);
  EXPECT_EQ(settings->timing_file, "");
}

TEST(MembershipOptions, RefuseAPortThatIsNone) {
  for (const std::string bad : {"http", "70000", "-1", "0", "0x10"}) {
    EXPECT_THAT(problem_of(prepare({"--ml-bindport=" + bad})).msg, HasSubstr("--ml-bindport")) << bad;
  }
  EXPECT_EQ((*enabled({"--ml-bindport=7000"}))->port, 7000);
}

TEST(MembershipOptions, RefuseAnAddressThatOthersCouldNotReach) {
  for (const std::string bad : {"node1", "0.0.0.0", "::", "224.0.0.1", "192.168.1.101/24", "fe80::1%eth0"}) {
    const auto problem = problem_of(prepare({"--ml-labels=a=b", "--ml-bindaddr=" + bad}));
    EXPECT_THAT(problem.msg, HasSubstr("--ml-bindaddr")) << bad;
    EXPECT_THAT(problem.error, HasSubstr(bad));
    EXPECT_EQ(problem.exit_code, 1);
  }
}

TEST(MembershipOptions, RefuseLabelsThatAreNoSelector) {
  EXPECT_THAT(problem_of(prepare({"--ml-labels=a=b=c d", "--ml-bindaddr=::1"})).msg, HasSubstr("--ml-labels"));
}

TEST(MembershipOptions, ReadTheSecretAsItIsAndInsistOnItAlsoWithoutMembership) {
  const auto read = files({{"/k/secretkey", " key\n"}});
  const auto settings = *enabled({"--ml-secret-key-path=/k"}, read);
  EXPECT_EQ(settings->secret, " key\n");
  EXPECT_EQ(settings->secret_file, "/k/secretkey");
  EXPECT_THAT(problem_of(prepare({"--ml-secret-key-path=/k"})).msg, HasSubstr("--ml-secret-key-path"));
  EXPECT_EQ((*enabled({"--ml-secret-key-path=/k"}, files({{"/k/secretkey", ""}})))->secret, "");
}

// gossip spec 1.4.
TEST(MembershipOptions, TakeTheLanOrTheWanProfileWithoutAFile) {
  EXPECT_EQ((*enabled())->timing.probe_interval, 1s);
  EXPECT_EQ((*enabled({"--ml-wan-config"}))->timing.probe_interval, 5s);
}

TEST(MembershipOptions, LetTheFileReplaceTheProfileAndIgnoreTheWanFlag) {
  const auto settings = *enabled({"--ml-wan-config"}, files({{kConfig, config()}}));
  EXPECT_EQ(settings->timing.probe_interval, 2s);
  EXPECT_EQ(settings->timing.tcp_timeout, 10s);
  EXPECT_EQ(settings->timing_file, kConfig);
  EXPECT_EQ((*enabled({"--ml-config-path=/c"}, files({{"/c", config("\"3s\"")}})))->timing.probe_interval, 3s);
}

TEST(MembershipOptions, RefuseAFileThatCannotBeUsed) {
  EXPECT_THAT(problem_of(enabled({}, files({{kConfig, "{}"}}))).msg, HasSubstr(kConfig));
  EXPECT_THAT(problem_of(enabled({}, files({{kConfig, config("5")}}))).error, HasSubstr("ProbeInterval"));
  EXPECT_FALSE(enabled({}, files({{kConfig, "no json"}})));
  const FileReader unreadable = [](const std::string& path) -> std::expected<std::string, SystemError> {
    return std::unexpected(SystemError{"read", path, std::make_error_code(std::errc::permission_denied), ""});
  };
  EXPECT_THAT(problem_of(enabled({}, unreadable)).msg, HasSubstr(kConfig));
}

TEST(MembershipOptions, LeaveTheFileAloneWithoutMembership) {
  EXPECT_TRUE(prepare({}, {}, files({{kConfig, "no json"}})));
}

// failover spec 7.
TEST(MembershipOptions, SwitchTheWatchRingOffByFlagVariableOrFile) {
  EXPECT_FALSE((*enabled({"--ml-watch-ring=false"}))->timing.ring.enabled);
  EXPECT_FALSE((*enabled({}, files(), {{"METALLB_ML_WATCH_RING", "off"}}))->timing.ring.enabled);
  EXPECT_TRUE((*enabled({}, files(), {{"METALLB_ML_WATCH_RING", "on"}}))->timing.ring.enabled);
  EXPECT_TRUE((*enabled({}, files(), {{"METALLB_ML_WATCH_RING", ""}}))->timing.ring.enabled);
  EXPECT_TRUE((*enabled({"--ml-watch-ring"}, files(), {{"METALLB_ML_WATCH_RING", "off"}}))->timing.ring.enabled)
      << "the flag wins";
  const auto in_file = files({{kConfig, config("\"2s\"", R"(,"WatchRing":{"Enabled":false})")}});
  EXPECT_FALSE((*enabled({}, in_file))->timing.ring.enabled);
}

TEST(MembershipOptions, RefuseAVariableThatIsNeitherOnNorOff) {
  const Argv argv({});
  for (const auto* variable : {"METALLB_ML_WATCH_RING", "METALLB_ARP_IN_KERNEL"}) {
    const auto options = parse_speaker_options(argv.count(), argv.data(), environment({{variable, "perhaps"}}));
    ASSERT_FALSE(options);
    EXPECT_EQ(options.error().code, 2);
    EXPECT_THAT(options.error().errors, HasSubstr(variable));
  }
}

}  // namespace
}  // namespace metallb::app
