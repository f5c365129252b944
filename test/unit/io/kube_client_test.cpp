// The client against a small real server on loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "unit/io/kube_fake_server.hpp"

namespace metallb::io {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using Answer = std::expected<KubeResponse, SystemError>;

class KubeClientTest : public testing::Test {
 protected:
  KubeClient& connect(KubeEndpoint endpoint) {
    client_ = KubeClient::create(loop_, std::move(endpoint), {});
    return *client_;
  }
  void ask(const std::string& target, std::chrono::milliseconds timeout = std::chrono::seconds(4)) {
    KubeClient::Request request;
    request.target = target;
    request.timeout = timeout;
    client_->request(std::move(request), [this](Answer answer) { answers_.push_back(std::move(answer)); });
  }
  /// Asks and waits for this answer.
  Answer get(const std::string& target, std::chrono::milliseconds timeout = std::chrono::seconds(4)) {
    const auto before = answers_.size();
    ask(target, timeout);
    if (!run_until(loop_, [&] { return answers_.size() > before; }))
      return std::unexpected(SystemError{"test", "no answer came", {}, {}});
    return answers_.back();
  }
  void follow(const std::string& target) {
    stream_ = client_->stream(target, {.opened = [this] { opened_ = true; },
                                       .line = [this](std::string_view line) { lines_.emplace_back(line); },
                                       .ended = [this](Answer answer) { ended_ = std::move(answer); }});
  }

  boost::asio::io_context loop_;
  std::unique_ptr<KubeClient> client_;
  std::vector<Answer> answers_;
  std::unique_ptr<KubeClient::Stream> stream_;
  bool opened_ = false;
  std::vector<std::string> lines_;
  std::optional<Answer> ended_;
};

/// Answers on a thread of its own, which never sleeps, so that the answer is often there before the client looks for it.
class EagerServer {
 public:
  EagerServer()
      : thread_([this] {
          boost::asio::ip::tcp::socket peer(loop_);
          boost::system::error_code error;
          acceptor_.accept(peer, error);
          if (error) return;
          peer.set_option(boost::asio::ip::tcp::no_delay(true));
          peer.non_blocking(true);
          const auto reply = answer(200, "ok").pieces[0];
          std::array<char, 4096> request;
          while (!stop_) {
            const auto size = peer.read_some(boost::asio::buffer(request), error);
            if (error && error != boost::asio::error::would_block) return;
            if (size > 0) boost::asio::write(peer, boost::asio::buffer(reply), error);
          }
        }) {}
  ~EagerServer() {
    stop_ = true;
    boost::asio::ip::tcp::socket(loop_).connect(acceptor_.local_endpoint());  // wakes accept(), should it still wait
    thread_.join();
  }
  EagerServer(const EagerServer&) = delete;
  EagerServer& operator=(const EagerServer&) = delete;

  [[nodiscard]] KubeEndpoint endpoint() const {
    KubeEndpoint out;
    out.tls = false;
    out.host = "127.0.0.1";
    out.port = std::to_string(acceptor_.local_endpoint().port());
    return out;
  }

 private:
  boost::asio::io_context loop_;
  boost::asio::ip::tcp::acceptor acceptor_{loop_, {boost::asio::ip::address_v4::loopback(), 0}};
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

std::string chunk(const std::string& data) {
  std::ostringstream out;
  out << std::hex << data.size() << "\r\n" << data << "\r\n";
  return out.str();
}
const std::string kStreamHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST_F(KubeClientTest, SendsOneRequestAfterTheOtherOverTheSameConnection) {
  FakeServer server(loop_, [](const Received& r) { return answer(200, r.target); });
  connect(server.endpoint());
  for (int i = 0; i < 5; ++i) {
    const auto target = "/api/v1/nodes?n=" + std::to_string(i);
    const auto got = get(target);
    ASSERT_TRUE(got.has_value()) << got.error().to_string();
    EXPECT_EQ(got->status, 200);
    EXPECT_EQ(got->body, target);
  }
  EXPECT_EQ(server.connections(), 1);
  const auto& first = server.received().front();
  EXPECT_EQ(first.headers.at("host"), "127.0.0.1:" + server.port());
  EXPECT_EQ(first.headers.at("accept"), "application/json");
  EXPECT_FALSE(first.headers.contains("authorization"));
}

TEST_F(KubeClientTest, PutsTheBasePathBeforeTheTargetAndTheTokenIntoTheHeader) {
  FakeServer server(loop_, [](const Received&) { return answer(200, ""); });
  auto endpoint = server.endpoint();
  endpoint.base_path = "/clusters/one";
  endpoint.token = "secret";
  connect(endpoint);
  ASSERT_TRUE(get("/api/v1/nodes").has_value());
  EXPECT_EQ(server.received().front().target, "/clusters/one/api/v1/nodes");
  EXPECT_EQ(server.received().front().headers.at("authorization"), "Bearer secret");
}

TEST_F(KubeClientTest, SendsABodyWithItsTypeAndLength) {
  FakeServer server(loop_, [](const Received&) { return answer(201, "{}"); });
  KubeClient::Request request;
  request.method = "PATCH";
  request.target = "/x";
  request.content_type = "application/merge-patch+json";
  request.body = std::string(300'000, 'x');
  std::optional<Answer> got;
  connect(server.endpoint()).request(request, [&](Answer a) { got = std::move(a); });
  ASSERT_TRUE(run_until(loop_, [&] { return got.has_value(); }));
  EXPECT_EQ(got->value().status, 201);
  EXPECT_EQ(server.received().front().method, "PATCH");
  EXPECT_EQ(server.received().front().body, request.body);
  EXPECT_EQ(server.received().front().headers.at("content-type"), "application/merge-patch+json");
}

TEST_F(KubeClientTest, RunsTwelveRequestsAtOnceAndLetsTheRestWait) {
  FakeServer server(loop_, [](const Received&) { return Reply{{}, Reply::Then::kHang}; });
  connect(server.endpoint());
  for (int i = 0; i < 30; ++i) ask("/" + std::to_string(i));
  ASSERT_TRUE(run_until(loop_, [&] { return server.received().size() == 12; }));
  settle(loop_);
  EXPECT_EQ(server.received().size(), 12);
  server.push(answer(200, "").pieces[0]);
  ASSERT_TRUE(run_until(loop_, [&] { return server.received().size() == 24; }));
  server.push(answer(200, "").pieces[0]);
  ASSERT_TRUE(run_until(loop_, [&] { return server.received().size() == 30; }));
  server.push(answer(200, "").pieces[0]);
  ASSERT_TRUE(run_until(loop_, [&] { return answers_.size() == 30; }));
  EXPECT_EQ(server.connections(), 12);
}

TEST_F(KubeClientTest, DoesNotCountTheWaitForItsTurnAsTimeOfARequest) {
  FakeServer server(
      loop_, [](const Received& r) { return r.target == "/last" ? answer(200, "ok") : Reply{{}, Reply::Then::kHang}; });
  connect(server.endpoint());
  for (int i = 0; i < 12; ++i) ask("/hangs", std::chrono::milliseconds(500));
  std::optional<Answer> last;  // the others run out of time in any order around it
  client_->request({.target = "/last", .timeout = std::chrono::milliseconds(500)}, [&](Answer a) { last = std::move(a); });
  ASSERT_TRUE(run_until(loop_, [&] { return last.has_value(); }));
  const auto& got = *last;
  ASSERT_TRUE(got.has_value()) << got.error().to_string();
  EXPECT_EQ(got->body, "ok");
}

TEST_F(KubeClientTest, CallsNobodyBackFromWithinTheCallEvenWhenTheOutcomeIsKnownAtOnce) {
  KubeEndpoint nowhere;
  nowhere.tls = false;
  nowhere.host = "127.0.0.1";
  nowhere.port = "not a number";  // found out before anything has to be waited for
  connect(nowhere);
  ask("/1");
  EXPECT_TRUE(answers_.empty());
  follow("/2");
  EXPECT_FALSE(ended_.has_value());
  ASSERT_TRUE(run_until(loop_, [&] { return answers_.size() == 1 && ended_.has_value(); }));
  EXPECT_FALSE(answers_[0].has_value());
  EXPECT_FALSE(ended_->has_value());
}

TEST_F(KubeClientTest, CallsNobodyBackFromWithinTheCallWhenTheServerIsFasterThanTheFirstRead) {
  const EagerServer server;
  connect(server.endpoint());
  ASSERT_TRUE(get("/connects").has_value());
  for (int i = 0; i < 2000; ++i) {
    std::optional<Answer> got;
    bool inside = true;
    client_->request({.target = "/"}, [&](Answer answer) {
      EXPECT_FALSE(inside);
      got = std::move(answer);
    });
    inside = false;
    ASSERT_TRUE(run_until(loop_, [&] { return got.has_value(); }));
    ASSERT_TRUE(got->has_value()) << got->error().to_string();
    ASSERT_FALSE(HasFailure());
  }
}

TEST_F(KubeClientTest, TriesNoOtherKeptConnectionOnceOneWasDeadWithoutASign) {
  bool failed_over = false;  // then the connections of before lead nowhere
  FakeServer server(loop_, [&](const Received& r) {
    return failed_over && r.connection <= 3 ? Reply{{}, Reply::Then::kHang} : answer(200, "ok");
  });
  connect(server.endpoint());
  for (int i = 0; i < 3; ++i) ask("/");
  ASSERT_TRUE(run_until(loop_, [&] { return answers_.size() == 3; }));
  ASSERT_EQ(server.connections(), 3);
  failed_over = true;
  EXPECT_FALSE(get("/", std::chrono::milliseconds(100)).has_value());
  const auto next = get("/", std::chrono::milliseconds(500));
  ASSERT_TRUE(next.has_value()) << next.error().to_string();
  EXPECT_EQ(server.received().back().connection, 4);
}

TEST_F(KubeClientTest, DoesNotSendACreationTwiceThatWasSentWhole) {
  FakeServer server(loop_, [](const Received& r) {
    return r.method == "POST" && r.connection == 1 ? Reply{{}, Reply::Then::kClose} : answer(200, "ok");
  });
  connect(server.endpoint());
  ASSERT_TRUE(get("/").has_value());
  std::optional<Answer> got;
  client_->request({.method = "POST", .target = "/events", .body = "{}"}, [&](Answer a) { got = std::move(a); });
  ASSERT_TRUE(run_until(loop_, [&] { return got.has_value(); }));
  EXPECT_FALSE(got->has_value());
  EXPECT_EQ(server.received().size(), 2);
}

TEST_F(KubeClientTest, SendsEveryRequestAgainThatMetTheRotationOfTheToken) {
  const auto file = testing::TempDir() + "/metallb_rotating_token";
  const auto store = [&](const char* token) { std::ofstream(file) << token; };
  store("old");
  FakeServer server(loop_, [&](const Received& r) {
    if (r.headers.at("authorization") == "Bearer new") return answer(200, "ok");
    store("new");
    return answer(401, "{}");
  });
  auto endpoint = server.endpoint();
  endpoint.token_file = file;
  connect(endpoint);
  ask("/1");
  ask("/2");
  ASSERT_TRUE(run_until(loop_, [&] { return answers_.size() == 2; }));
  for (const auto& got : answers_) EXPECT_EQ(got.value().status, 200);
  EXPECT_EQ(server.received().size(), 4);
  std::filesystem::remove(file);
}

TEST_F(KubeClientTest, CountsAStreamOnceItIsOpen) {
  FakeServer server(loop_, [](const Received&) { return Reply{{kStreamHead}, Reply::Then::kHang}; });
  connect(server.endpoint());
  follow("/watch");
  ASSERT_TRUE(run_until(loop_, [&] { return opened_ && server.hanging() == 1; }));
  EXPECT_EQ(client_->request_counts().at({"200", "GET"}), 1);
  server.push("0\r\n\r\n");
  ASSERT_TRUE(run_until(loop_, [&] { return ended_.has_value(); }));
  EXPECT_EQ(client_->request_counts().at({"200", "GET"}), 1);
}

TEST_F(KubeClientTest, OpensANewConnectionWhenTheKeptOneWasClosed) {
  FakeServer server(loop_, [](const Received&) { return answer(200, "ok"); });
  connect(server.endpoint());
  ASSERT_TRUE(get("/1").has_value());
  server.drop_connections();
  const auto got = get("/2");
  ASSERT_TRUE(got.has_value()) << got.error().to_string();
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(KubeClientTest, RepeatsTheRequestOnceWhenTheKeptConnectionClosesWithoutAnAnswer) {
  FakeServer server(loop_, [](const Received& r) {
    return r.target == "/2" && r.connection == 1 ? Reply{{}, Reply::Then::kClose} : answer(200, "ok");
  });
  connect(server.endpoint());
  ASSERT_TRUE(get("/1").has_value());
  const auto got = get("/2");
  ASSERT_TRUE(got.has_value()) << got.error().to_string();
  EXPECT_EQ(server.received().size(), 3);
  EXPECT_EQ(server.received().back().connection, 2);
}

TEST_F(KubeClientTest, DoesNotRepeatARequestWhoseAnswerHadBegun) {
  FakeServer server(loop_, [](const Received& r) {
    return r.target == "/2" ? Reply{{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"}, Reply::Then::kClose}
                            : answer(200, "ok");
  });
  connect(server.endpoint());
  ASSERT_TRUE(get("/1").has_value());
  const auto got = get("/2");
  ASSERT_FALSE(got.has_value());
  EXPECT_THAT(got.error().to_string(), HasSubstr("cut off"));
  EXPECT_EQ(server.received().size(), 2);
}

TEST_F(KubeClientTest, DoesNotKeepAConnectionThatTheServerWantsClosed) {
  FakeServer server(loop_, [](const Received&) {
    return Reply{{"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"}, Reply::Then::kKeep};
  });
  connect(server.endpoint());
  ASSERT_TRUE(get("/1").has_value());
  ASSERT_TRUE(get("/2").has_value());
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(KubeClientTest, GivesUpWhenTheTimeIsOverAndTakesANewConnectionForTheNextRequest) {
  FakeServer server(
      loop_, [](const Received& r) { return r.target == "/slow" ? Reply{{}, Reply::Then::kHang} : answer(200, "ok"); });
  connect(server.endpoint());
  const auto got = get("/slow", std::chrono::milliseconds(100));
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, std::errc::timed_out);
  EXPECT_THAT(got.error().object, HasSubstr(server.port()));
  EXPECT_TRUE(get("/fast").has_value());
  EXPECT_EQ(server.connections(), 2);
  EXPECT_EQ(client_->request_counts().at({"<error>", "GET"}), 1);
  EXPECT_EQ(client_->request_counts().at({"200", "GET"}), 1);
}

TEST_F(KubeClientTest, SaysThatNobodyListens) {
  auto endpoint = [&] { return FakeServer(loop_, [](const Received&) { return answer(200, ""); }).endpoint(); }();
  connect(endpoint);
  const auto got = get("/");
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, std::errc::connection_refused);
  EXPECT_EQ(got.error().operation, "connect");
}

TEST_F(KubeClientTest, RefusesAnAnswerThatIsNoHttp) {
  FakeServer server(loop_, [](const Received&) { return Reply{{"SSH-2.0-OpenSSH_9.2\r\n\r\n"}, Reply::Then::kHang}; });
  connect(server.endpoint());
  EXPECT_FALSE(get("/").has_value());
}

TEST_F(KubeClientTest, SkipsInterimAnswers) {
  FakeServer server(loop_, [](const Received&) {
    return Reply{{"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", answer(200, "real").pieces[0]}, Reply::Then::kKeep};
  });
  connect(server.endpoint());
  const auto got = get("/");
  ASSERT_TRUE(got.has_value()) << got.error().to_string();
  EXPECT_EQ(got->body, "real");
}

TEST_F(KubeClientTest, ReachesAServerOnAnIpv6Address) {
  FakeServer server(loop_, [](const Received&) { return answer(200, "six"); }, {}, "::1");
  connect(server.endpoint());
  const auto got = get("/");
  ASSERT_TRUE(got.has_value()) << got.error().to_string();
  EXPECT_EQ(got->body, "six");
  EXPECT_EQ(server.received().front().headers.at("host"), "[::1]:" + server.port());
}

TEST_F(KubeClientTest, ResolvesAHostName) {
  FakeServer server(loop_, [](const Received&) { return answer(200, "named"); });
  auto endpoint = server.endpoint();
  endpoint.host = "localhost";
  connect(endpoint);
  const auto got = get("/");
  ASSERT_TRUE(got.has_value()) << got.error().to_string();
  EXPECT_EQ(got->body, "named");
}

TEST_F(KubeClientTest, CallsNobodyBackAfterStop) {
  FakeServer server(loop_, [](const Received&) { return answer(200, ""); });
  connect(server.endpoint());
  ask("/1");
  follow("/2");
  client_->stop();
  settle(loop_);
  EXPECT_TRUE(answers_.empty());
  EXPECT_FALSE(opened_);
  EXPECT_FALSE(ended_.has_value());
}

TEST_F(KubeClientTest, DeliversTheLinesOfAStreamHoweverTheyAreCutIntoChunks) {
  FakeServer server(loop_, [](const Received&) {
    return Reply{{kStreamHead, chunk("{\"a\":1}\n{\"b\""), chunk(":2}\n\n"), "3\r\n{c", "}\r\n1\r\n\n\r\n", "0\r\n\r\n"},
                 Reply::Then::kKeep};
  });
  connect(server.endpoint());
  follow("/watch");
  ASSERT_TRUE(run_until(loop_, [&] { return ended_.has_value(); }));
  EXPECT_TRUE(opened_);
  EXPECT_THAT(lines_, ElementsAre("{\"a\":1}", "{\"b\":2}", "{c}"));
  ASSERT_TRUE(ended_->has_value());
  EXPECT_EQ((*ended_)->status, 200);
  ASSERT_TRUE(get("/next").has_value());
  EXPECT_EQ(server.connections(), 1) << "after its end the stream's connection is as good as any";
}

TEST_F(KubeClientTest, DeliversALineAsSoonAsItIsThere) {
  FakeServer server(loop_, [](const Received&) { return Reply{{kStreamHead}, Reply::Then::kHang}; });
  connect(server.endpoint());
  follow("/watch");
  ASSERT_TRUE(run_until(loop_, [&] { return opened_ && server.hanging() == 1; }));
  EXPECT_TRUE(lines_.empty());
  server.push(chunk("{}\n"));
  ASSERT_TRUE(run_until(loop_, [&] { return lines_.size() == 1; }));
  EXPECT_FALSE(ended_.has_value());
}

TEST_F(KubeClientTest, ReportsACutStreamAsAFailureAndDropsTheHalfLine) {
  FakeServer server(
      loop_, [](const Received&) { return Reply{{kStreamHead, chunk("{}\n{\"half"), "5\r\nab"}, Reply::Then::kClose}; });
  connect(server.endpoint());
  follow("/watch");
  ASSERT_TRUE(run_until(loop_, [&] { return ended_.has_value(); }));
  EXPECT_THAT(lines_, ElementsAre("{}"));
  EXPECT_FALSE(ended_->has_value());
}

TEST_F(KubeClientTest, HandsOverTheRefusalOfAStream) {
  FakeServer server(loop_, [](const Received&) { return answer(410, "{\"reason\":\"Expired\"}"); });
  connect(server.endpoint());
  follow("/watch");
  ASSERT_TRUE(run_until(loop_, [&] { return ended_.has_value(); }));
  EXPECT_FALSE(opened_);
  ASSERT_TRUE(ended_->has_value());
  EXPECT_EQ((*ended_)->status, 410);
  EXPECT_EQ((*ended_)->body, "{\"reason\":\"Expired\"}");
}

TEST_F(KubeClientTest, ClosesTheConnectionOfAStreamThatIsDestroyedEvenFromItsOwnCallback) {
  FakeServer server(loop_, [](const Received&) { return Reply{{kStreamHead}, Reply::Then::kHang}; });
  connect(server.endpoint());
  int seen = 0;
  stream_ = client_->stream("/watch", {.opened = [] {},
                                       .line =
                                           [&](std::string_view) {
                                             ++seen;
                                             stream_.reset();
                                           },
                                       .ended = [&](Answer) { ended_ = KubeResponse{}; }});
  ASSERT_TRUE(run_until(loop_, [&] { return server.hanging() == 1; }));
  server.push(chunk("{}\n{}\n"));
  ASSERT_TRUE(run_until(loop_, [&] { return server.open_connections() == 0; }));
  EXPECT_EQ(seen, 1);
  EXPECT_FALSE(ended_.has_value());
}

}  // namespace
}  // namespace metallb::io
