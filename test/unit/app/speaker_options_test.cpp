#include "app/speaker_options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/app/options.hpp"

namespace metallb::app {
namespace {

using test::Argv;
using test::environment;
using test::files;
using test::Variables;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

SpeakerOptions options(const std::vector<std::string>& arguments, Variables variables = {}) {
  const Argv argv(arguments);
  auto parsed = parse_speaker_options(argv.count(), argv.data(), environment(std::move(variables)));
  EXPECT_TRUE(parsed) << parsed.error().errors;
  return parsed.value_or(SpeakerOptions{});
}

std::expected<SpeakerSettings, StartupProblem> prepare(std::vector<std::string> arguments, Variables variables = {},
                                                       const FileReader& read = files()) {
  arguments.insert(arguments.begin(), {"--namespace=ns", "--node-name=node"});
  return prepare_speaker(options(arguments, std::move(variables)), read);
}

StartupProblem problem_of(std::vector<std::string> arguments, Variables variables = {}) {
  const auto prepared = prepare(std::move(arguments), std::move(variables));
  EXPECT_FALSE(prepared);
  return prepared ? StartupProblem{} : prepared.error();
}

// Operations spec 2.2, the table's defaults.
TEST(SpeakerOptions, HaveTheOriginalsDefaults) {
  const auto o = options({});
  EXPECT_TRUE(o.arp_in_kernel);
  EXPECT_EQ(o.ml_bindaddr, "");
  EXPECT_EQ(o.ml_bindport, "");
  EXPECT_EQ(o.ml_labels, "");
  EXPECT_EQ(o.ml_secret_key_path, "");
  EXPECT_FALSE(o.ml_wan_config);
  EXPECT_TRUE(o.ml_watch_ring);
  EXPECT_EQ(o.ml_config_path, "/etc/metallb/memberlist/config.json");
  EXPECT_EQ(o.node_name, "");
  EXPECT_EQ(o.pod_name, "");
  EXPECT_EQ(o.port, 9120);
  EXPECT_EQ(o.log_level, LogLevel::kInfo);
  EXPECT_EQ(o.health_probe_port, 17472);
  EXPECT_EQ(o.lb_class, "");
  EXPECT_FALSE(o.ignore_exclude_lb);
  EXPECT_EQ(o.bgp_debounce_timeout, "3000");
  EXPECT_EQ(o.frrk8s_namespace, "");
  EXPECT_FALSE(o.frrk8s_secret_passthrough);
  EXPECT_EQ(o.bgp_type, "native");
  EXPECT_THAT(o.given, IsEmpty());
}

TEST(SpeakerOptions, ReadEveryFlag) {
  const auto o = options({"-namespace=a",
                          "-host=b",
                          "-arp-in-kernel=false",
                          "-ml-bindaddr=c",
                          "-ml-bindport=7947",
                          "-ml-labels=d=e",
                          "-ml-secret-key-path=f",
                          "-ml-wan-config",
                          "-ml-watch-ring=false",
                          "-ml-config-path=q",
                          "-node-name=g",
                          "-pod-name=h",
                          "-port=1",
                          "-log-level=none",
                          "-pprof-bind-address=i",
                          "-health-probe-port=2",
                          "-lb-class=j",
                          "-ignore-exclude-lb",
                          "-bgp-debounce-timeout=5",
                          "-frrk8s-namespace=k",
                          "-frrk8s-secret-passthrough",
                          "-tls-min-version=l",
                          "-tls-cipher-suites=m",
                          "-tls-curve-preferences=n",
                          "-metrics-cert-dir=o",
                          "-kubeconfig=p"});
  EXPECT_EQ(o.namespace_, "a");
  EXPECT_EQ(o.host, "b");
  EXPECT_FALSE(o.arp_in_kernel);
  EXPECT_EQ(o.ml_bindaddr, "c");
  EXPECT_EQ(o.ml_bindport, "7947");
  EXPECT_EQ(o.ml_labels, "d=e");
  EXPECT_EQ(o.ml_secret_key_path, "f");
  EXPECT_TRUE(o.ml_wan_config);
  EXPECT_FALSE(o.ml_watch_ring);
  EXPECT_EQ(o.ml_config_path, "q");
  EXPECT_EQ(o.node_name, "g");
  EXPECT_EQ(o.pod_name, "h");
  EXPECT_EQ(o.port, 1);
  EXPECT_EQ(o.log_level, LogLevel::kNone);
  EXPECT_EQ(o.pprof_bind_address, "i");
  EXPECT_EQ(o.health_probe_port, 2);
  EXPECT_EQ(o.lb_class, "j");
  EXPECT_TRUE(o.ignore_exclude_lb);
  EXPECT_EQ(o.bgp_debounce_timeout, "5");
  EXPECT_EQ(o.frrk8s_namespace, "k");
  EXPECT_TRUE(o.frrk8s_secret_passthrough);
  EXPECT_EQ(o.tls.min_version, "l");
  EXPECT_EQ(o.tls.cipher_suites, "m");
  EXPECT_EQ(o.tls.curve_preferences, "n");
  EXPECT_EQ(o.metrics_cert_dir, "o");
  EXPECT_EQ(o.kubeconfig, "p");
  EXPECT_EQ(o.given.size(), 26U);
}

TEST(SpeakerOptions, TakeDefaultsFromTheEnvironmentAndTheFlagWins) {
  const auto o = options({"--node-name=mine"}, {{"METALLB_NAMESPACE", "a"},
                                                {"METALLB_HOST", "b"},
                                                {"METALLB_ML_BIND_ADDR", "c"},
                                                {"METALLB_ML_BIND_PORT", "d"},
                                                {"METALLB_ML_LABELS", "e"},
                                                {"METALLB_ML_SECRET_KEY_PATH", "f"},
                                                {"METALLB_NODE_NAME", "g"},
                                                {"METALLB_POD_NAME", "h"},
                                                {"METALLB_BGP_DEBOUNCE_TIMEOUT", "9"},
                                                {"FRRK8S_NAMESPACE", "i"},
                                                {"METALLB_BGP_TYPE", "frr"}});
  EXPECT_EQ(o.namespace_, "a");
  EXPECT_EQ(o.host, "b");
  EXPECT_EQ(o.ml_bindaddr, "c");
  EXPECT_EQ(o.ml_bindport, "d");
  EXPECT_EQ(o.ml_labels, "e");
  EXPECT_EQ(o.ml_secret_key_path, "f");
  EXPECT_EQ(o.node_name, "mine");
  EXPECT_EQ(o.pod_name, "h");
  EXPECT_EQ(o.bgp_debounce_timeout, "9");
  EXPECT_EQ(o.frrk8s_namespace, "i");
  EXPECT_EQ(o.bgp_type, "frr");
}

TEST(SpeakerOptions, MakeSettingsOfTheDefaults) {
  const auto settings = prepare({});
  ASSERT_TRUE(settings) << settings.error().error;
  EXPECT_EQ(settings->namespace_, "ns");
  EXPECT_EQ(settings->node_name, "node");
  EXPECT_EQ(settings->frrk8s_namespace, settings->namespace_) << "where frr-k8s is looked for";
  EXPECT_FALSE(settings->membership);
  EXPECT_EQ(settings->metrics_port, 9120);
  EXPECT_EQ(settings->health_port, 17472);
}

TEST(SpeakerOptions, SwitchTheKernelsAnswersOffByFlagOrVariable) {
  EXPECT_FALSE(options({}, {{"METALLB_ARP_IN_KERNEL", "off"}}).arp_in_kernel);
  EXPECT_FALSE(options({}, {{"METALLB_ARP_IN_KERNEL", "false"}}).arp_in_kernel);
  EXPECT_TRUE(options({}, {{"METALLB_ARP_IN_KERNEL", ""}}).arp_in_kernel);
  EXPECT_TRUE(options({"--arp-in-kernel"}, {{"METALLB_ARP_IN_KERNEL", "off"}}).arp_in_kernel) << "the flag wins";
}

TEST(SpeakerOptions, NeedTheNodesName) {
  const auto prepared = prepare_speaker(options({"--namespace=ns"}), files());
  ASSERT_FALSE(prepared);
  EXPECT_THAT(prepared.error().msg, HasSubstr("--node-name"));
  EXPECT_EQ(prepared.error().exit_code, 1);
}

TEST(SpeakerOptions, RefuseADebounceTimeThatIsNoPositiveNumberInEveryMode) {
  for (const std::string bad : {"0", "-1", "x", "1s", "0x10"}) {
    EXPECT_THAT(problem_of({"--bgp-debounce-timeout=" + bad}).msg, HasSubstr("--bgp-debounce-timeout")) << bad;
  }
}

TEST(SpeakerOptions, PassSecretsThroughOnlyToFrrK8sInANamedNamespace) {
  const Variables frrk8s = {{"METALLB_BGP_TYPE", "frr-k8s"}};
  EXPECT_TRUE(prepare({"--frrk8s-secret-passthrough", "--frrk8s-namespace=x"}, frrk8s));
  EXPECT_THAT(problem_of({"--frrk8s-secret-passthrough"}, frrk8s).msg, HasSubstr("--frrk8s-secret-passthrough"));
  EXPECT_THAT(problem_of({"--frrk8s-secret-passthrough", "--frrk8s-namespace=x"}).msg,
              HasSubstr("--frrk8s-secret-passthrough"));
}

TEST(SpeakerOptions, TN30SecretsPassedThroughAreAFlagWithoutEffect) {
  const auto given = options({"--frrk8s-secret-passthrough", "--frrk8s-namespace=x"}, {{"METALLB_BGP_TYPE", "frr-k8s"}});
  EXPECT_THAT(accepted_without_effect(given), testing::Contains("frrk8s-secret-passthrough"));
}

TEST(SpeakerOptions, TM23EndWithCodeTwoForAnUnknownBgpType) {
  for (const std::string bad : {"", "bird", "Native"})
    EXPECT_EQ(problem_of({}, {{"METALLB_BGP_TYPE", bad}}).exit_code, 2) << bad;
  for (const std::string good : {"native", "frr", "frr-k8s"}) EXPECT_TRUE(prepare({}, {{"METALLB_BGP_TYPE", good}})) << good;
}

TEST(SpeakerOptions, CheckInTheOriginalsOrder) {
  const auto bad = [](std::vector<std::string> arguments) {
    return prepare_speaker(options(arguments, {{"METALLB_BGP_TYPE", "x"}}), files()).error().msg;
  };
  EXPECT_THAT(bad({"--tls-min-version=x", "--bgp-debounce-timeout=x"}), HasSubstr("TLS"));
  EXPECT_THAT(bad({"--bgp-debounce-timeout=x"}), HasSubstr("debounce"));
  EXPECT_THAT(bad({"--ml-bindport=x"}), HasSubstr("namespace"));
  EXPECT_THAT(bad({"--namespace=n", "--ml-bindport=x"}), HasSubstr("node-name"));
  EXPECT_THAT(bad({"--namespace=n", "--node-name=n", "--ml-bindport=x", "--ml-secret-key-path=/x"}), HasSubstr("secretkey"));
  EXPECT_THAT(bad({"--namespace=n", "--node-name=n", "--ml-bindport=x"}), HasSubstr("bindport"));
  EXPECT_THAT(bad({"--namespace=n", "--node-name=n", "--frrk8s-secret-passthrough"}), HasSubstr("passthrough"));
  EXPECT_THAT(bad({"--namespace=n", "--node-name=n"}), HasSubstr("METALLB_BGP_TYPE"));
}

TEST(SpeakerOptions, NameTheFlagsThatHaveNoEffectYetOnlyWhenTheyWereGiven) {
  EXPECT_THAT(accepted_without_effect(options({"--port=1", "--lb-class=x"}, {{"METALLB_ML_LABELS", ""}})), IsEmpty());
  EXPECT_THAT(accepted_without_effect(options({"--host=x", "--ml-wan-config"}, {{"FRRK8S_NAMESPACE", "a"}})),
              ElementsAre("host"));
}

}  // namespace
}  // namespace metallb::app
