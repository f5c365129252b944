#include "io/kube/pod_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/io/kube_fake_server.hpp"

namespace metallb::io::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Pods = std::expected<std::vector<kube::Pod>, std::string>;

struct Asked {
  explicit Asked(FakeServer::Handler handler) : server(loop, std::move(handler)) {
    list_pods(*client, "metallb-system", {.label_selector = "app=metallb,component=speaker"}, [this](Pods answer) {
      pods = std::move(answer);
      ++answers;
    });
    EXPECT_EQ(answers, 0);
    EXPECT_TRUE(run_until(loop, [this] { return answers > 0; }));
  }
  [[nodiscard]] std::vector<std::string> addresses() const {
    std::vector<std::string> out;
    if (pods && *pods) {
      for (const auto& pod : **pods) out.push_back(pod.status.podIP);
    }
    return out;
  }
  [[nodiscard]] std::string error() const { return pods && !*pods ? pods->error() : ""; }

  boost::asio::io_context loop;
  FakeServer server;
  std::unique_ptr<KubeClient> client = KubeClient::create(loop, server.endpoint(), Log());
  std::optional<Pods> pods;
  int answers = 0;
};

std::string pod(const std::string& ip) {
  return R"({"metadata":{"name":"s"},"spec":{},"status":{"podIP":")" + ip + "\"}}";
}

TEST(PodList, AsksForThePodsWithTheLabels) {
  const Asked asked([](const Received&) {
    return answer(200, R"({"kind":"PodList","metadata":{},"items":[)" + pod("10.0.0.1") + "," + pod("") + "]}");
  });
  EXPECT_THAT(asked.addresses(), ElementsAre("10.0.0.1", "")) << "also those without an address";
  ASSERT_EQ(asked.server.received().size(), 1U);
  EXPECT_EQ(asked.server.received()[0].target,
            "/api/v1/namespaces/metallb-system/pods?limit=500&labelSelector=app%3Dmetallb%2Ccomponent%3Dspeaker");
}

TEST(PodList, ReadsEveryPage) {
  const Asked asked([](const Received& request) {
    if (request.target.find("&continue=") == std::string::npos) {
      return answer(200, R"({"metadata":{"continue":"a/b"},"items":[)" + pod("10.0.0.1") + "]}");
    }
    return answer(200, R"({"metadata":{},"items":[)" + pod("10.0.0.2") + "]}");
  });
  EXPECT_THAT(asked.addresses(), ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_THAT(asked.server.received().back().target, HasSubstr("&continue=a%2Fb"));
}

TEST(PodList, CanBeEmpty) {
  EXPECT_TRUE(Asked([](const Received&) { return answer(200, R"({"items":null})"); }).pods->has_value());
  EXPECT_TRUE(Asked([](const Received&) { return answer(200, R"({"items":[]})"); }).pods->has_value());
}

TEST(PodList, LeavesOutWhatIsNoPod) {
  const Asked asked([](const Received&) { return answer(200, R"({"items":[7,{"status":7},)" + pod("10.0.0.2") + "]}"); });
  EXPECT_THAT(asked.addresses(), ElementsAre("10.0.0.2"));
}

TEST(PodList, SaysWhyThereIsNone) {
  EXPECT_THAT(Asked([](const Received&) { return answer(403, "forbidden: pods" + std::string(1000, '!')); }).error(),
              testing::AllOf(HasSubstr("403"), HasSubstr("forbidden"), testing::SizeIs(testing::Lt(300U))));
  EXPECT_THAT(Asked([](const Received&) { return answer(200, "<html>"); }).error(), HasSubstr("no list"));
  EXPECT_THAT(Asked([](const Received&) { return answer(200, R"({"items":7})"); }).error(), HasSubstr("no list"));
}

}  // namespace
}  // namespace metallb::io::test
