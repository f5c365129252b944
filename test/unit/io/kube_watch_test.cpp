// One kind kept in step over real connections: list, watch, a server that goes away and comes back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "unit/io/kube_fake_server.hpp"

namespace metallb::io {
namespace {

using namespace test;
using testing::ElementsAre;

std::string node(const std::string& name, const std::string& version) {
  return R"({"apiVersion":"v1","kind":"Node","metadata":{"name":")" + name + R"(","uid":"u-)" + name +
         R"(","resourceVersion":")" + version + "\"}}";
}
std::string chunk(const std::string& data) {
  std::ostringstream out;
  out << std::hex << data.size() << "\r\n" << data << "\r\n";
  return out.str();
}

class KubeWatchTest : public testing::Test {
 protected:
  boost::asio::io_context loop_;
  FakeServer server_{
      loop_, [](const Received& r) {
        if (r.target.contains("watch=")) {
          return Reply{{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}, Reply::Then::kHang};
        }
        return answer(200, R"({"kind":"NodeList","metadata":{"resourceVersion":"10"},"items":[)" + node("n1", "9") + "]}");
      }};
  std::unique_ptr<KubeClient> client_ = KubeClient::create(loop_, server_.endpoint(), {});
  std::vector<std::string> changes_;
  std::unique_ptr<KubeWatch> watch_ =
      watch<kube::Node>(*client_, loop_, {},
                        [this](const kube::Change<kube::Node>& change) {
                          if (const auto* up = std::get_if<kube::Upserted<kube::Node>>(&change)) {
                            changes_.push_back(up->object->metadata.name + "@" + up->object->metadata.resourceVersion);
                          } else if (const auto* gone = std::get_if<kube::Removed<kube::Node>>(&change)) {
                            changes_.push_back("-" + gone->key.name);
                          } else {
                            changes_.emplace_back("listed");
                          }
                        },
                        {});
  [[nodiscard]] int watches() const {
    int n = 0;
    for (const auto& r : server_.received()) n += r.target.contains("watch=") ? 1 : 0;
    return n;
  }
};

TEST_F(KubeWatchTest, DeliversTheListThenTheEventsOfTheWatch) {
  ASSERT_TRUE(run_until(loop_, [&] { return watches() == 1; }));
  EXPECT_THAT(changes_, ElementsAre("n1@9", "listed"));
  EXPECT_THAT(server_.received().back().target, testing::HasSubstr("resourceVersion=10"));
  ASSERT_TRUE(run_until(loop_, [&] { return server_.hanging() == 1; }));
  server_.push(chunk(R"({"type":"ADDED","object":)" + node("n2", "11") + "}\n" + R"({"type":"DELETED","object":)" +
                     node("n1", "12") + "}\n"));
  ASSERT_TRUE(run_until(loop_, [&] { return changes_.size() == 4; }));
  EXPECT_THAT(changes_, ElementsAre("n1@9", "listed", "n2@11", "-n1"));
}

TEST_F(KubeWatchTest, OpensTheWatchAgainAfterItsConnectionBroke) {
  ASSERT_TRUE(run_until(loop_, [&] { return watches() == 1; }));
  server_.drop_connections();
  ASSERT_TRUE(run_until(loop_, [&] { return watches() == 2; }));
  for (const auto& change : changes_) EXPECT_NE(change, "-n1") << "nothing is removed because the server is away";
}

TEST_F(KubeWatchTest, ClosesItsConnectionAndIsSilentWhenDestroyed) {
  ASSERT_TRUE(run_until(loop_, [&] { return watches() == 1; }));
  ASSERT_TRUE(run_until(loop_, [&] { return server_.hanging() == 1; }));
  watch_.reset();
  const auto before = changes_.size();
  server_.push(chunk(R"({"type":"DELETED","object":)" + node("n1", "12") + "}\n"));
  settle(loop_);
  EXPECT_EQ(changes_.size(), before);
}

TEST_F(KubeWatchTest, TellsWhyTheKindCannotBeReadAndWhenItCanAgain) {
  std::vector<std::string> troubles;
  bool refuse = true;
  FakeServer server(loop_, [&refuse](const Received& r) {
    if (refuse) return answer(403, R"({"kind":"Status","message":"nodes is forbidden: User \"a\" cannot list"})");
    if (r.target.contains("watch=")) {
      return Reply{{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}, Reply::Then::kHang};
    }
    return answer(200, R"({"kind":"NodeList","metadata":{"resourceVersion":"10"},"items":[]})");
  });
  const auto client = KubeClient::create(loop_, server.endpoint(), {});
  const auto refused = watch<kube::Node>(*client, loop_, {}, [](const auto&) {}, {});
  refused->on_trouble([&](const std::string& cause) { troubles.push_back(cause); });
  ASSERT_TRUE(run_until(loop_, [&] { return !troubles.empty(); }));
  refuse = false;
  ASSERT_TRUE(run_until(loop_, [&] { return troubles.size() == 2; }));
  EXPECT_THAT(troubles, ElementsAre("nodes is forbidden: User \"a\" cannot list", ""));
}

TEST(KubeWatch, SaysThatItMakesDoWithOneNamespaceWhereAllAreRefused) {
  boost::asio::io_context loop;
  FakeServer server(loop, [](const Received& r) {
    if (!r.target.contains("/namespaces/ours/")) return answer(403, R"({"kind":"Status","code":403})");
    if (r.target.contains("watch=")) {
      return Reply{{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}, Reply::Then::kHang};
    }
    return answer(200, R"({"kind":"ConfigMapList","metadata":{"resourceVersion":"10"},"items":[]})");
  });
  const auto client = KubeClient::create(loop, server.endpoint(), {});
  int said = 0;
  bool listed = false;
  WatchScope scope;
  scope.fallback_namespace = "ours";
  scope.on_narrowed = [&] { ++said; };
  const auto watched = watch<kube::ConfigMap>(*client, loop, scope,
                                              [&](const kube::Change<kube::ConfigMap>& change) {
                                                listed |= std::holds_alternative<kube::Listed<kube::ConfigMap>>(change);
                                              },
                                              {});
  ASSERT_TRUE(run_until(loop, [&] { return listed && server.hanging() == 1; }));
  EXPECT_EQ(said, 1);
}

}  // namespace
}  // namespace metallb::io
