#include "io/http/http_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "io/http/self_signed.hpp"
#include "io/http/serving_certificate.hpp"
#include "unit/io/http_client.hpp"

namespace metallb::io {
namespace {

using test::RawClient;
using test::request_over_tls;
using test::turn_until;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: test\r\n\r\n";
}

std::shared_ptr<const TlsServerOptions> certificate_for(const std::string& name) {
  const auto made = make_self_signed({name, "127.0.0.1"}, std::chrono::system_clock::now(), std::chrono::hours(24));
  EXPECT_TRUE(made);
  auto options = std::make_shared<TlsServerOptions>();
  options->certificate_pem = made->certificate_pem;
  options->key_pem = made->key_pem;
  return options;
}

class HttpServerTest : public testing::Test {
 protected:
  struct Held {
    HttpServerRequest request;
    std::shared_ptr<HttpResponder> responder;
  };

  void start(HttpServer::Options options = {.address = "127.0.0.1"}) {
    auto handler = [this](HttpServerRequest request, std::shared_ptr<HttpResponder> responder) {
      if (answer_at_once) responder->respond(200, "text/plain", request.method + " " + request.target + " " + request.body);
      held.push_back({std::move(request), std::move(responder)});
    };
    auto made = HttpServer::listen(loop, std::move(options), handler, Log());
    ASSERT_TRUE(made) << made.error().to_string();
    server = std::move(*made);
  }
  bool wait_for_requests(std::size_t count) {
    return turn_until(loop, [&] { return held.size() >= count; });
  }
  RawClient client() { return RawClient(loop, server->port()); }
  /// The server's whole answer to `bytes`, which must make it close the connection.
  std::string answer_and_end(const std::string& bytes) {
    auto c = client();
    c.send(bytes);
    EXPECT_TRUE(c.read_to_end());
    return c.received;
  }

  boost::asio::io_context loop;
  bool answer_at_once = true;
  std::vector<Held> held;
  std::unique_ptr<HttpServer> server;
};

TEST_F(HttpServerTest, AnswersSeveralRequestsOverOneConnection) {
  start();
  auto c = client();
  c.send(get("/one?x=1"));
  ASSERT_TRUE(c.read_until("GET /one?x=1"));
  EXPECT_THAT(c.take(), StartsWith("HTTP/1.1 200 OK\r\n"));
  c.send("POST /two HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody");
  ASSERT_TRUE(c.read_until("POST /two body"));
  EXPECT_THAT(c.received, HasSubstr("Content-Length: 14\r\n"));
  EXPECT_FALSE(c.ended);
}

TEST_F(HttpServerTest, HandsOutHeadersInLowerCaseAndJoinsRepeatedOnes) {
  start();
  auto c = client();
  c.send("GET / HTTP/1.1\r\nHost: test\r\nAccept: a\r\naCCEPT: b\r\nAuthorization: Bearer x\r\n\r\n");
  ASSERT_TRUE(wait_for_requests(1));
  EXPECT_EQ(held[0].request.headers.at("accept"), "a, b");
  EXPECT_EQ(held[0].request.headers.at("authorization"), "Bearer x");
}

TEST_F(HttpServerTest, HandsOutThePipelinedRequestOnlyAfterTheOneBeforeWasAnswered) {
  answer_at_once = false;
  start();
  auto c = client();
  c.send(get("/first") + get("/second"));
  ASSERT_TRUE(wait_for_requests(1));
  loop.poll();
  ASSERT_EQ(held.size(), 1U);
  held[0].responder->respond(200, "text/plain", "one.");
  ASSERT_TRUE(wait_for_requests(2));
  held[1].responder->respond(200, "text/plain", "two.");
  ASSERT_TRUE(c.read_until("two."));
  EXPECT_LT(c.received.find("one."), c.received.find("two."));
}

TEST_F(HttpServerTest, ReadsChunkedBodies) {
  start();
  auto c = client();
  c.send("PUT / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_TRUE(c.read_until("PUT / abcde"));
}

TEST_F(HttpServerTest, SendsAStreamInChunksAndKeepsTheConnectionAfterItsEnd) {
  answer_at_once = false;
  start();
  auto c = client();
  c.send(get("/watch"));
  ASSERT_TRUE(wait_for_requests(1));
  held[0].responder->open_stream("application/json");
  ASSERT_TRUE(c.read_until("\r\n\r\n"));
  EXPECT_THAT(c.take(), HasSubstr("Transfer-Encoding: chunked\r\n"));
  held[0].responder->stream("0123456789abcdef");
  ASSERT_TRUE(c.read_until("10\r\n0123456789abcdef\r\n"));
  held[0].responder->end_stream();
  ASSERT_TRUE(c.read_until("0\r\n\r\n"));
  c.send(get("/next"));
  EXPECT_TRUE(wait_for_requests(2));
}

TEST_F(HttpServerTest, TellsWhoeverFeedsAStreamThatItsClientWentAway) {
  answer_at_once = false;
  start();
  auto c = client();
  c.send(get("/watch"));
  ASSERT_TRUE(wait_for_requests(1));
  int closed = 0;
  held[0].responder->on_closed([&] { ++closed; });
  held[0].responder->open_stream("application/json");
  ASSERT_TRUE(c.read_until("\r\n\r\n"));
  EXPECT_EQ(closed, 0);
  c.close();
  ASSERT_TRUE(turn_until(loop, [&] { return closed > 0; }));
  held[0].responder->stream("too late");
  held[0].responder->end_stream();
  loop.poll();
  EXPECT_EQ(closed, 1);
}

TEST_F(HttpServerTest, SaysThatTheClientIsGoneAlsoToWhoAsksAfterwards) {
  answer_at_once = false;
  start();
  auto c = client();
  c.send(get("/watch"));
  ASSERT_TRUE(wait_for_requests(1));
  server->stop();
  bool closed = false;
  held[0].responder->on_closed([&] { closed = true; });
  EXPECT_FALSE(closed) << "never from within another call";
  EXPECT_TRUE(turn_until(loop, [&] { return closed; }));
}

TEST_F(HttpServerTest, DoesNotReportACloseAfterTheAnswerIsComplete) {
  answer_at_once = false;
  start();
  auto c = client();
  c.send(get("/"));
  ASSERT_TRUE(wait_for_requests(1));
  bool closed = false;
  held[0].responder->on_closed([&] { closed = true; });
  held[0].responder->respond(200, "text/plain", "done.");
  ASSERT_TRUE(c.read_until("done."));
  server->stop();
  loop.restart();
  loop.poll();
  EXPECT_FALSE(closed);
}

TEST_F(HttpServerTest, CutsOffAClientThatDoesNotReadItsStream) {
  answer_at_once = false;
  start({.address = "127.0.0.1", .unsent_limit = 1U << 20U});
  auto c = client();
  c.send(get("/watch"));
  ASSERT_TRUE(wait_for_requests(1));
  bool closed = false;
  held[0].responder->on_closed([&] { closed = true; });
  held[0].responder->open_stream("application/json");
  // The kernel's buffers take some megabytes before anything stays with us.
  for (int megabyte = 0; megabyte < 64 && !closed; ++megabyte) {
    held[0].responder->stream(std::string(1U << 19U, 'x'));
    loop.restart();
    loop.poll();
  }
  EXPECT_TRUE(closed);
}

TEST_F(HttpServerTest, DeliversALargeAnswerWhole) {
  answer_at_once = false;
  start();
  auto c = client();
  c.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(wait_for_requests(1));
  const std::string large(20U << 20U, 'y');
  held[0].responder->respond(200, "text/plain", large);
  ASSERT_TRUE(c.read_to_end());
  EXPECT_EQ(c.received.size() - c.received.find("\r\n\r\n") - 4, large.size());
}

TEST_F(HttpServerTest, DoesNotTakeAnAnswerThatIsReadSlowlyForAnIdleConnection) {
  answer_at_once = false;
  start({.address = "127.0.0.1", .idle_timeout = std::chrono::milliseconds(20)});
  auto c = client();
  c.send(get("/"));
  ASSERT_TRUE(wait_for_requests(1));
  const std::string large(20U << 20U, 'y');
  held[0].responder->respond(200, "text/plain", large);
  loop.run_for(std::chrono::milliseconds(200));  // the client does not read yet
  ASSERT_TRUE(c.read_to_end());                  // and when it has read all, the connection is idle and ends
  EXPECT_EQ(c.received.size() - c.received.find("\r\n\r\n") - 4, large.size());
}

TEST_F(HttpServerTest, RefusesHeadersAboveTheLimitWith431) {
  start({.address = "127.0.0.1", .header_limit = 4096});
  EXPECT_THAT(answer_and_end("GET / HTTP/1.1\r\nHost: test\r\nX: " + std::string(5000, 'x') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_TRUE(held.empty());
}

TEST_F(HttpServerTest, RefusesABodyAboveTheLimitWith413) {
  start({.address = "127.0.0.1", .body_limit = 10});
  EXPECT_THAT(answer_and_end("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 11\r\n\r\n12345678901"),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(
      answer_and_end("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n"),
      StartsWith("HTTP/1.1 413 "));
  EXPECT_TRUE(held.empty());
}

TEST_F(HttpServerTest, RefusesWhatIsNotHttpWith400) {
  start();
  for (const std::string bad : {"nonsense\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                                "GET / HTTP/1.1\r\nHost: test\r\nContent-Length: -1\r\n\r\n",
                                "GET / HTTP/1.1\r\nHost: test\r\nbad header\r\n\r\n"}) {
    EXPECT_THAT(answer_and_end(bad), StartsWith("HTTP/1.1 400 ")) << bad;
  }
  EXPECT_TRUE(held.empty());
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  start();
  auto c = client();
  c.send("HEAD /x HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(c.read_to_end());
  EXPECT_THAT(c.received, HasSubstr("Content-Length: 8\r\n"));
  EXPECT_THAT(c.received, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, AnswersNoContentWithoutALength) {
  answer_at_once = false;
  start();
  auto c = client();
  c.send("DELETE / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(wait_for_requests(1));
  held[0].responder->respond(204, "", "");
  ASSERT_TRUE(c.read_to_end());
  EXPECT_THAT(c.received, StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(c.received, Not(HasSubstr("Content-Length")));
}

TEST_F(HttpServerTest, TellsAWaitingClientToSendItsBody) {
  start();
  auto c = client();
  c.send("POST /c HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  ASSERT_TRUE(c.read_until("HTTP/1.1 100 Continue\r\n\r\n"));
  EXPECT_TRUE(held.empty());
  c.send("abc");
  EXPECT_TRUE(c.read_until("POST /c abc"));
}

TEST_F(HttpServerTest, ClosesAfterTheAnswerToAnOldClient) {
  start();
  const auto answer = answer_and_end("GET /old HTTP/1.0\r\n\r\n");
  EXPECT_THAT(answer, EndsWith("GET /old "));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
}

TEST_F(HttpServerTest, StreamsToAnOldClientWithoutChunks) {
  answer_at_once = false;
  start();
  auto c = client();
  c.send("GET /old HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(wait_for_requests(1));
  held[0].responder->open_stream("text/plain");
  held[0].responder->stream("raw bytes");
  held[0].responder->end_stream();
  ASSERT_TRUE(c.read_to_end());
  EXPECT_THAT(c.received, EndsWith("\r\n\r\nraw bytes"));
}

TEST_F(HttpServerTest, AnswersAClientThatShutItsSendingSideDown) {
  answer_at_once = false;
  start();
  auto c = client();
  c.send(get("/half"));
  ASSERT_TRUE(wait_for_requests(1));
  c.finish_sending();
  loop.restart();
  loop.poll();
  held[0].responder->respond(200, "text/plain", "still here");
  ASSERT_TRUE(c.read_to_end());
  EXPECT_THAT(c.received, EndsWith("still here"));
}

TEST_F(HttpServerTest, AnswersEveryRequestSentAheadOfTheEndOfSending) {
  answer_at_once = false;
  start();
  auto c = client();
  c.send(get("/first") + get("/second"));
  ASSERT_TRUE(wait_for_requests(1));
  c.finish_sending();
  loop.restart();
  loop.poll();
  held[0].responder->respond(200, "text/plain", "one.");
  ASSERT_TRUE(wait_for_requests(2));
  held[1].responder->respond(200, "text/plain", "two.");
  ASSERT_TRUE(c.read_to_end());
  EXPECT_THAT(c.received, HasSubstr("one."));
  EXPECT_THAT(c.received, EndsWith("two."));
}

TEST_F(HttpServerTest, SendsTheRestOfALargeAnswerToAClientThatShutsItsSendingSideDownMeanwhile) {
  answer_at_once = false;
  start();
  auto c = client();
  c.send(get("/large"));
  ASSERT_TRUE(wait_for_requests(1));
  // More than the kernel takes in one go, so that most of it waits here when the end of sending is seen.
  const std::string large(32U << 20U, 'y');
  held[0].responder->respond(200, "text/plain", large);
  loop.restart();
  loop.poll();
  c.finish_sending();
  loop.restart();
  loop.poll();
  ASSERT_TRUE(c.read_to_end());
  EXPECT_EQ(c.received.size() - c.received.find("\r\n\r\n") - 4, large.size());
}

TEST_F(HttpServerTest, ClosesWhenAClientShutsItsSendingSideDownBetweenOrWithinRequests) {
  start();
  for (const std::string begun : {"", "GET /half HT", "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nbody"}) {
    auto c = client();
    c.send(get("/whole"));
    ASSERT_TRUE(c.read_until("GET /whole"));
    c.take();
    if (!begun.empty()) c.send(begun);
    c.finish_sending();
    EXPECT_TRUE(c.read_to_end());
    EXPECT_EQ(c.received, "") << begun;
  }
  EXPECT_EQ(held.size(), 3U);
}

TEST_F(HttpServerTest, ClosesConnectionsBeyondTheLimitWhileAllOthersAreServed) {
  answer_at_once = false;
  start({.address = "127.0.0.1", .connection_limit = 2});
  auto first = client();
  first.send(get("/"));
  auto second = client();
  second.send(get("/"));
  ASSERT_TRUE(wait_for_requests(2));
  auto third = client();
  EXPECT_TRUE(third.read_to_end());
  EXPECT_EQ(third.received, "");
  held.clear();
  EXPECT_TRUE(first.read_until("HTTP/1.1 500 "));
  EXPECT_TRUE(second.read_until("HTTP/1.1 500 "));
}

TEST_F(HttpServerTest, DisplacesTheConnectionThatHasBeenUnusedForLongest) {
  start({.address = "127.0.0.1", .connection_limit = 2});
  auto silent = client();  // never sends anything
  auto kept = client();
  kept.send(get("/"));
  ASSERT_TRUE(kept.read_until("GET /"));
  auto probe = client();
  probe.send(get("/probe"));
  EXPECT_TRUE(probe.read_until("GET /probe"));
  EXPECT_TRUE(silent.read_to_end());
  kept.send(get("/again"));
  EXPECT_TRUE(kept.read_until("GET /again"));
}

TEST_F(HttpServerTest, EndsARequestWhoseChunkExtensionNeverEnds) {
  start({.address = "127.0.0.1", .header_limit = 4096});
  EXPECT_THAT(answer_and_end("POST /healthz HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5;" +
                             std::string(16384, 'a')),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_TRUE(held.empty());
}

TEST_F(HttpServerTest, Answers500WhenTheResponderIsDropped) {
  answer_at_once = false;
  start();
  auto c = client();
  c.send(get("/"));
  ASSERT_TRUE(wait_for_requests(1));
  held.clear();
  EXPECT_TRUE(c.read_until("HTTP/1.1 500 "));
}

TEST_F(HttpServerTest, ClosesAnIdleConnection) {
  start({.address = "127.0.0.1", .idle_timeout = std::chrono::milliseconds(10)});
  auto c = client();
  EXPECT_TRUE(c.read_to_end());
}

TEST_F(HttpServerTest, ClosesAConnectionWhoseRequestNeverEnds) {
  start({.address = "127.0.0.1", .request_timeout = std::chrono::milliseconds(10)});
  EXPECT_EQ(answer_and_end("GET / HTTP/1.1\r\nHost:"), "");
}

TEST_F(HttpServerTest, ListensOnBothFamiliesWithoutAnAddress) {
  start({.address = ""});
  EXPECT_NO_THROW(RawClient(loop, server->port(), "127.0.0.1"));
  EXPECT_NO_THROW(RawClient(loop, server->port(), "::1"));
}

TEST_F(HttpServerTest, NamesThePortThatIsTaken) {
  start();
  const auto second = HttpServer::listen(loop, {.address = "127.0.0.1", .port = server->port()}, {}, Log());
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().to_string(), HasSubstr("127.0.0.1:" + std::to_string(server->port())));
}

TEST_F(HttpServerTest, StopClosesOpenConnections) {
  start();
  auto c = client();
  c.send(get("/"));
  ASSERT_TRUE(c.read_until("GET /"));
  server->stop();
  EXPECT_TRUE(c.read_to_end());
}

const char* const kClosingRequest = "GET /tls HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";

TEST_F(HttpServerTest, ServesTls) {
  start({.address = "127.0.0.1", .tls = certificate_for("first.test")});
  const auto answer = request_over_tls(loop, server->port(), kClosingRequest);
  EXPECT_EQ(answer.common_name, "first.test");
  EXPECT_THAT(answer.text, EndsWith("GET /tls "));
}

TEST_F(HttpServerTest, SendsALargeAnswerOverTls) {
  answer_at_once = false;
  start({.address = "127.0.0.1", .tls = certificate_for("first.test")});
  // The request arrives while request_over_tls turns the loop, so it is answered from there.
  boost::asio::post(loop, [this] {
    ASSERT_TRUE(wait_for_requests(1));
    held[0].responder->respond(200, "text/plain", std::string(5U << 20U, 'z') + "end");
  });
  EXPECT_THAT(request_over_tls(loop, server->port(), kClosingRequest).text.size(), testing::Gt(5U << 20U));
}

TEST_F(HttpServerTest, RefusesATlsVersionBelowTheMinimum) {
  start({.address = "127.0.0.1", .tls = certificate_for("first.test")});
  EXPECT_EQ(request_over_tls(loop, server->port(), kClosingRequest, TLS1_2_VERSION).text, "");
}

TEST_F(HttpServerTest, ServesSuitesForRsaAloneWithACertificateThatSignsItself) {
  for (const std::string suite : {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_128_GCM_SHA256"}) {
    ServingCertificate certificate(loop, "/nonexistent", *parse_tls_profile("VersionTLS12", suite, ""));
    const auto tls = certificate.first();
    ASSERT_TRUE(tls) << tls.error().to_string();
    start({.address = "127.0.0.1", .tls = *tls});
    EXPECT_THAT(request_over_tls(loop, server->port(), kClosingRequest, TLS1_2_VERSION).text, EndsWith("GET /tls "))
        << suite;
    EXPECT_THAT(request_over_tls(loop, server->port(), kClosingRequest).text, EndsWith("GET /tls ")) << suite;
  }
}

TEST_F(HttpServerTest, UsesAReplacedCertificateForNewConnections) {
  start({.address = "127.0.0.1", .tls = certificate_for("first.test")});
  server->replace_certificate(certificate_for("second.test"));
  EXPECT_EQ(request_over_tls(loop, server->port(), kClosingRequest).common_name, "second.test");
}

TEST_F(HttpServerTest, KeepsTheOldCertificateWhenTheNewOneIsUnreadable) {
  start({.address = "127.0.0.1", .tls = certificate_for("first.test")});
  server->replace_certificate(std::make_shared<TlsServerOptions>());
  EXPECT_EQ(request_over_tls(loop, server->port(), kClosingRequest).common_name, "first.test");
}

TEST_F(HttpServerTest, TellsAPlainClientThatThePortSpeaksTls) {
  start({.address = "127.0.0.1", .tls = certificate_for("first.test")});
  EXPECT_THAT(answer_and_end(get("/")), EndsWith("Client sent an HTTP request to an HTTPS server.\n"));
}

TEST_F(HttpServerTest, RefusesAKeyThatDoesNotBelongToTheCertificate) {
  auto mixed = std::make_shared<TlsServerOptions>(*certificate_for("first.test"));
  mixed->key_pem = certificate_for("second.test")->key_pem;
  EXPECT_FALSE(HttpServer::listen(loop, {.address = "127.0.0.1", .tls = mixed}, {}, Log()));
}

}  // namespace
}  // namespace metallb::io
