// The embedded API server behind real sockets: its core is tested in test/unit/apiserver, here it is only reached.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/apiserver_driver.hpp"
#include "io/clock.hpp"
#include "unit/io/http_client.hpp"

namespace metallb::io {
namespace {

class ApiserverDriverTest : public testing::Test {
 protected:
  void SetUp() override {
    HttpServer::Options options;
    options.address = "127.0.0.1";
    auto started = ApiserverDriver::start(loop, core, std::move(options), Log());
    ASSERT_TRUE(started) << started.error().to_string();
    driver = std::move(*started);
  }
  static std::string create_namespace(const std::string& name) {
    const auto body = R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":")" + name + "\"}}";
    return "POST /api/v1/namespaces HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  static std::string get(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: t\r\n\r\n"; }

  boost::asio::io_context loop;
  apiserver::Instance core{apiserver::Options{}, now()};
  std::unique_ptr<ApiserverDriver> driver;
};

TEST_F(ApiserverDriverTest, AnswersRequests) {
  test::RawClient client(loop, driver->port());
  client.send(get("/version"));
  ASSERT_TRUE(client.read_until("gitVersion"));
  EXPECT_THAT(client.received, testing::StartsWith("HTTP/1.1 200 OK\r\n"));
  client.take();
  client.send(get("/nowhere"));
  EXPECT_TRUE(client.read_until("HTTP/1.1 404 "));
}

TEST_F(ApiserverDriverTest, StreamsAWatchToOneClientWhileAnotherWrites) {
  test::RawClient watcher(loop, driver->port());
  watcher.send(get("/api/v1/namespaces?watch=1"));
  ASSERT_TRUE(watcher.read_until("Transfer-Encoding: chunked\r\n"));
  test::RawClient writer(loop, driver->port());
  writer.send(create_namespace("fresh"));
  ASSERT_TRUE(writer.read_until("HTTP/1.1 201 Created\r\n"));
  EXPECT_TRUE(watcher.read_until("\"name\":\"fresh\""));
}

TEST_F(ApiserverDriverTest, GoesOnAfterAWatcherLeft) {
  {
    test::RawClient watcher(loop, driver->port());
    watcher.send(get("/api/v1/namespaces?watch=1"));
    ASSERT_TRUE(watcher.read_until("Transfer-Encoding: chunked\r\n"));
  }
  test::RawClient writer(loop, driver->port());
  writer.send(create_namespace("one") + create_namespace("two"));
  ASSERT_TRUE(writer.read_until("\"name\":\"two\""));
}

TEST_F(ApiserverDriverTest, ClosesEverythingWhenStopped) {
  test::RawClient watcher(loop, driver->port());
  watcher.send(get("/api/v1/namespaces?watch=1"));
  ASSERT_TRUE(watcher.read_until("Transfer-Encoding: chunked\r\n"));
  driver->stop();
  EXPECT_TRUE(watcher.read_to_end());
}

}  // namespace
}  // namespace metallb::io
