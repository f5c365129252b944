#include "app/controller_options.hpp"

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

std::expected<ControllerOptions, EarlyExit> parse(const std::vector<std::string>& arguments, Variables variables = {}) {
  const Argv argv(arguments);
  return parse_controller_options(argv.count(), argv.data(), environment(std::move(variables)));
}

ControllerOptions options(const std::vector<std::string>& arguments, Variables variables = {}) {
  auto parsed = parse(arguments, std::move(variables));
  EXPECT_TRUE(parsed) << parsed.error().errors;
  return parsed.value_or(ControllerOptions{});
}

StartupProblem problem_of(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "--namespace=ns");
  const auto prepared = prepare_controller(options(arguments), files());
  EXPECT_FALSE(prepared);
  return prepared ? StartupProblem{} : prepared.error();
}

// Operations spec 2.1, the table's defaults.
TEST(ControllerOptions, HaveTheOriginalsDefaults) {
  const auto o = options({});
  EXPECT_EQ(o.port, 9120);
  EXPECT_EQ(o.namespace_, "");
  EXPECT_EQ(o.ml_secret_name, "");
  EXPECT_EQ(o.deployment, "");
  EXPECT_EQ(o.log_level, LogLevel::kInfo);
  EXPECT_EQ(o.pprof_bind_address, "");
  EXPECT_EQ(o.health_probe_port, 17472);
  EXPECT_FALSE(o.disable_cert_rotation);
  EXPECT_EQ(o.cert_dir, "/tmp/k8s-webhook-server/serving-certs");
  EXPECT_EQ(o.cert_service_name, "metallb-webhook-service");
  EXPECT_EQ(o.lb_class, "");
  EXPECT_EQ(o.webhook_mode, "enabled");
  EXPECT_EQ(o.webhook_secret, "metallb-webhook-cert");
  EXPECT_EQ(o.pod_name, "");
  EXPECT_FALSE(o.webhook_http2);
  EXPECT_EQ(o.tls.min_version, "");
  EXPECT_EQ(o.tls.cipher_suites, "");
  EXPECT_EQ(o.tls.curve_preferences, "");
  EXPECT_EQ(o.metrics_cert_dir, "");
  EXPECT_EQ(o.kubeconfig, "");
  EXPECT_TRUE(o.leader_elect);
  EXPECT_EQ(o.bgp_type, "native");
  EXPECT_THAT(o.given, IsEmpty());
}

TEST(ControllerOptions, ReadEveryFlag) {
  const auto o = options({"-port=1",
                          "-namespace=a",
                          "-ml-secret-name=b",
                          "-deployment=c",
                          "-log-level=debug",
                          "-pprof-bind-address=:1",
                          "-health-probe-port=0x10",
                          "-disable-cert-rotation",
                          "-cert-dir=d",
                          "-cert-service-name=e",
                          "-lb-class=f",
                          "-webhook-mode=disabled",
                          "-webhook-secret=g",
                          "-pod-name=h",
                          "-webhook-http2=T",
                          "-tls-min-version=VersionTLS12",
                          "-tls-cipher-suites=i",
                          "-tls-curve-preferences=29",
                          "-metrics-cert-dir=j",
                          "-kubeconfig=k",
                          "-leader-elect=false"});
  EXPECT_FALSE(o.leader_elect);
  EXPECT_EQ(o.port, 1);
  EXPECT_EQ(o.namespace_, "a");
  EXPECT_EQ(o.ml_secret_name, "b");
  EXPECT_EQ(o.deployment, "c");
  EXPECT_EQ(o.log_level, LogLevel::kDebug);
  EXPECT_EQ(o.pprof_bind_address, ":1");
  EXPECT_EQ(o.health_probe_port, 16);
  EXPECT_TRUE(o.disable_cert_rotation);
  EXPECT_EQ(o.cert_dir, "d");
  EXPECT_EQ(o.cert_service_name, "e");
  EXPECT_EQ(o.lb_class, "f");
  EXPECT_EQ(o.webhook_mode, "disabled");
  EXPECT_EQ(o.webhook_secret, "g");
  EXPECT_EQ(o.pod_name, "h");
  EXPECT_TRUE(o.webhook_http2);
  EXPECT_EQ(o.tls.min_version, "VersionTLS12");
  EXPECT_EQ(o.tls.cipher_suites, "i");
  EXPECT_EQ(o.tls.curve_preferences, "29");
  EXPECT_EQ(o.metrics_cert_dir, "j");
  EXPECT_EQ(o.kubeconfig, "k");
  EXPECT_EQ(o.given.size(), 21U);
}

TEST(ControllerOptions, TakeDefaultsFromTheEnvironmentAndTheFlagWins) {
  const Variables variables = {{"METALLB_NAMESPACE", "a"},
                               {"METALLB_ML_SECRET_NAME", "b"},
                               {"METALLB_DEPLOYMENT", "c"},
                               {"METALLB_POD_NAME", "d"},
                               {"METALLB_BGP_TYPE", ""}};
  const auto o = options({"--pod-name=mine"}, variables);
  EXPECT_EQ(o.namespace_, "a");
  EXPECT_EQ(o.ml_secret_name, "b");
  EXPECT_EQ(o.deployment, "c");
  EXPECT_EQ(o.pod_name, "mine");
  EXPECT_EQ(o.bgp_type, "") << "set but empty is not unset";
}

TEST(ControllerOptions, SayInOneLineOnStandardOutputThatTheLogLevelIsUnknown) {
  const auto parsed = parse({"--log-level=loud"});
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, 1);
  EXPECT_EQ(parsed.error().errors, "");
  EXPECT_THAT(parsed.error().output, testing::MatchesRegex("[^\n]*\"loud\"[^\n]*\n"));
}

TEST(ControllerOptions, ReadTheNamespaceOfThePodAsItIsWhenNoneIsGiven) {
  const auto read = files({{"/var/run/secrets/kubernetes.io/serviceaccount/namespace", "pod-ns\n"}});
  EXPECT_EQ(prepare_controller(options({}), read)->namespace_, "pod-ns\n");
  EXPECT_EQ(prepare_controller(options({"--namespace=flag"}), read)->namespace_, "flag");
  const auto without = prepare_controller(options({}), files());
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().exit_code, 1);
  EXPECT_THAT(without.error().msg, HasSubstr("namespace"));
}

TEST(ControllerOptions, KnowThreeWebhookModes) {
  const auto settings = [](const std::string& mode) {
    return prepare_controller(options({"--namespace=ns", "--webhook-mode=" + mode}), files()).value();
  };
  EXPECT_TRUE(settings("enabled").allocate);
  EXPECT_TRUE(settings("enabled").serve_webhooks);
  EXPECT_TRUE(settings("disabled").allocate);
  EXPECT_FALSE(settings("disabled").serve_webhooks);
  EXPECT_FALSE(settings("onlywebhook").allocate);
  EXPECT_TRUE(settings("onlywebhook").serve_webhooks);
  EXPECT_THAT(problem_of({"--webhook-mode=Enabled"}).error, HasSubstr("Enabled"));
  EXPECT_EQ(problem_of({"--webhook-mode="}).exit_code, 1);
}

TEST(ControllerOptions, CheckTheTlsOptionsBeforeTheOthers) {
  EXPECT_THAT(problem_of({"--webhook-mode=x", "--tls-min-version=SSL3"}).error, HasSubstr("parsing tls-min-version:"));
  EXPECT_THAT(problem_of({"--tls-cipher-suites=TLS_RSA_WITH_AES_128_CBC_SHA"}).error,
              HasSubstr("cipher suites cannot be configured with TLS 1.3"));
}

TEST(ControllerOptions, RefusePortsThatAreNone) {
  EXPECT_THAT(problem_of({"--port=65536"}).msg, HasSubstr("--port"));
  EXPECT_THAT(problem_of({"--health-probe-port=-1"}).msg, HasSubstr("--health-probe-port"));
}

TEST(ControllerOptions, NameTheFlagsThatHaveNoEffectYetOnlyWhenTheyWereGiven) {
  EXPECT_THAT(accepted_without_effect(options({"--port=1", "--webhook-mode=disabled"})), IsEmpty());
  EXPECT_THAT(
      accepted_without_effect(options({"--pprof-bind-address=:1", "--webhook-http2"}, {{"METALLB_ML_SECRET_NAME", "x"}})),
      ElementsAre("pprof-bind-address"));
}

}  // namespace
}  // namespace metallb::app
