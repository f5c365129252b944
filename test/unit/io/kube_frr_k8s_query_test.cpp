#include "io/kube/frr_k8s_query.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/io/kube_fake_server.hpp"

namespace metallb::io::test {
namespace {

using testing::HasSubstr;

std::string pod_on(const std::string& node, const std::string& phase) {
  return R"({"metadata":{"name":"frr-k8s-daemon-a"},"spec":{"nodeName":")" + node + R"("},"status":{"phase":")" + phase +
         "\"}}";
}

/// The API server answers the list of pods with `pods`, and the question for the FRRConfiguration with `status`.
speaker::FrrK8sSeen look(const std::string& pods, int status, std::vector<std::string>* targets = nullptr) {
  boost::asio::io_context loop;
  FakeServer server(loop, [&](const Received& request) {
    if (request.target.starts_with("/api/v1/")) {
      return pods.empty() ? answer(403, "{}") : answer(200, R"({"metadata":{},"items":[)" + pods + "]}");
    }
    return answer(status, "{}");
  });
  const auto client = KubeClient::create(loop, server.endpoint(), Log());
  std::optional<speaker::FrrK8sSeen> seen;
  look_for_frr_k8s(*client, "frr-k8s-system", "n1", [&](speaker::FrrK8sSeen answer) { seen = std::move(answer); });
  EXPECT_TRUE(run_until(loop, [&] { return seen.has_value(); }));
  if (targets != nullptr) {
    for (const auto& request : server.received()) targets->push_back(request.target);
  }
  return seen.value_or(speaker::FrrK8sSeen{std::unexpected("none"), std::unexpected("none")});
}

TEST(FrrK8sQuery, FindsTheDaemonThatRunsOnThisNode) {
  std::vector<std::string> targets;
  const auto seen = look(pod_on("n1", "Running"), 404, &targets);
  EXPECT_EQ(seen.daemon, "frr-k8s-daemon-a");
  EXPECT_EQ(seen.configuration, "");
  ASSERT_EQ(targets.size(), 2U);
  EXPECT_THAT(targets[0], HasSubstr("/namespaces/frr-k8s-system/pods?"));
  EXPECT_THAT(targets[0], HasSubstr("labelSelector=app.kubernetes.io%2Fcomponent%3Dfrr-k8s"));
  EXPECT_THAT(targets[0], HasSubstr("fieldSelector=spec.nodeName%3Dn1"));
  EXPECT_EQ(targets[1], "/apis/frrk8s.metallb.io/v1beta1/namespaces/frr-k8s-system/frrconfigurations/metallb-n1");
}

TEST(FrrK8sQuery, PassesOverPodsThatHaveEndedOrRunElsewhere) {
  EXPECT_EQ(look(pod_on("n1", "Succeeded") + "," + pod_on("n1", "Failed") + "," + pod_on("n2", "Running"), 404).daemon, "");
}

TEST(FrrK8sQuery, FindsWhatTheOriginalsSpeakerLeft) {
  EXPECT_EQ(look(pod_on("n2", "Running"), 200).configuration, "metallb-n1");
}

TEST(FrrK8sQuery, SaysSoWhereItMayNotReadPods) {
  const auto seen = look("", 403);
  ASSERT_FALSE(seen.daemon.has_value());
  EXPECT_THAT(seen.daemon.error(), HasSubstr("403"));
  EXPECT_EQ(seen.configuration, "") << "a role without FRRConfigurations is one of another flavour";
}

TEST(FrrK8sQuery, TakesNoAnswerForNothingFound) {
  EXPECT_FALSE(look(pod_on("n2", "Running"), 503).configuration.has_value());
}

}  // namespace
}  // namespace metallb::io::test
