#include "io/http/health.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/io/http_client.hpp"

namespace metallb::io {
namespace {

using testing::EndsWith;
using testing::StartsWith;

class HealthTest : public testing::Test {
 protected:
  void SetUp() override {
    auto started = HealthEndpoint::start(loop, {.address = "127.0.0.1"}, Log());
    ASSERT_TRUE(started);
    endpoint = std::move(*started);
    endpoint->add_readiness_check("first-list", [this] { return ready; });
  }
  std::string ask(const std::string& target) {
    test::RawClient client(loop, endpoint->port());
    client.send("GET " + target + " HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(client.read_to_end());
    return client.received;
  }

  boost::asio::io_context loop;
  bool ready = true;
  std::unique_ptr<HealthEndpoint> endpoint;
};

TEST_F(HealthTest, ServesPagesThatAreMadeForEachRequest) {
  int asked = 0;
  endpoint->add_page("/bgp", [&asked] { return "{\"asked\":" + std::to_string(++asked) + "}"; });
  EXPECT_THAT(ask("/bgp"), EndsWith("{\"asked\":1}"));
  const auto text = ask("/bgp?x=1");
  EXPECT_THAT(text, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(text, EndsWith("{\"asked\":2}"));
  EXPECT_THAT(ask("/bgp2"), StartsWith("HTTP/1.1 404"));
}

TEST_F(HealthTest, AnswersOkWhenReady) {
  for (const std::string path : {"/healthz", "/readyz"}) {
    const auto text = ask(path);
    EXPECT_THAT(text, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(text, EndsWith("\r\n\r\nok"));
  }
}

TEST_F(HealthTest, IsHealthyButNotReadyWhileACheckSaysNo) {
  ready = false;
  EXPECT_THAT(ask("/healthz"), EndsWith("\r\n\r\nok"));
  const auto text = ask("/readyz");
  EXPECT_THAT(text, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(text, EndsWith("[+]ping ok\n[-]first-list failed: not ready\nreadyz check failed\n"));
}

TEST_F(HealthTest, HasALinePerCheckWhenAsked) {
  EXPECT_THAT(ask("/readyz?verbose"), EndsWith("\r\n\r\n[+]ping ok\n[+]first-list ok\nreadyz check passed\n"));
  EXPECT_THAT(ask("/healthz?verbose=1"), EndsWith("\r\n\r\n[+]ping ok\nhealthz check passed\n"));
}

TEST_F(HealthTest, KnowsNoOtherPath) {
  EXPECT_THAT(ask("/metrics"), StartsWith("HTTP/1.1 404 "));
}

}  // namespace
}  // namespace metallb::io
