// The metrics listener over real TLS, the text it serves, its certificate, and the reviews behind its authorisation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "io/http/serving_certificate.hpp"
#include "io/metrics/access_cache.hpp"
#include "io/metrics/access_review.hpp"
#include "io/metrics/kube_authorizer.hpp"
#include "io/metrics/metrics_endpoint.hpp"
#include "io/metrics/process_metrics.hpp"
#include "unit/io/http_client.hpp"

namespace metallb::io {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(MetricsText, HasFamiliesByNameWithoutThoseThatHaveNoSamples) {
  const auto text =
      metrics_text({gauge_family("b", "second", {{.labels = {{"pool", "p\"1"}}, .value = 2}}),
                    counter_family("c", "none", {}), counter_family("a", "first", {{.labels = {}, .value = 1}})});
  EXPECT_EQ(text,
            "# HELP a first\n# TYPE a counter\na 1\n"
            "# HELP b second\n# TYPE b gauge\nb{pool=\"p\\\"1\"} 2\n");
}

TEST(MetricsText, EndsHistogramsWithInfinity) {
  const auto text =
      metrics_text({histogram_family("h", "x", {{.labels = {}, .cumulative = {{0.5, 1}}, .count = 3, .sum = 4.5}})});
  EXPECT_THAT(text, HasSubstr("h_count 3\nh_sum 4.5\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 3\n"));
}

TEST(ProcessMetrics, TellAboutThisProcess) {
  const auto text = metrics_text(process_metrics());
  for (const auto* name :
       {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
        "process_virtual_memory_max_bytes", "process_open_fds", "process_max_fds", "process_start_time_seconds"}) {
    EXPECT_THAT(text, HasSubstr("\n" + std::string(name) + " "));
  }
  EXPECT_THAT(text, Not(HasSubstr("\nprocess_resident_memory_bytes 0\n")));
}

/// Lets the token "good" in, refuses others as the authorizer of the test says.
class MetricsEndpointTest : public testing::Test {
 protected:
  void SetUp() override {
    auto authorizer = [this](const std::string& token, const std::string& method, const std::string& path,
                             const std::function<void(AccessDecision)>& done) {
      asked.push_back(token + " " + method + " " + path);
      done(token == "good" ? AccessDecision{} : AccessDecision{.status = 403, .text = "Authorization denied for user eve"});
    };
    auto started = MetricsEndpoint::start(loop, {.address = "127.0.0.1", .tls = {}, .certificate_directory = "/nonexistent"},
                                          authorizer, Log());
    ASSERT_TRUE(started) << started.error().to_string();
    endpoint = std::move(*started);
    endpoint->add([this] { return MetricFamilies{gauge_family("answer", "of a core", {{.labels = {}, .value = answer}})}; });
  }
  std::string ask(const std::string& target, const std::string& header = "", const std::string& method = "GET") {
    return test::request_over_tls(loop, endpoint->port(),
                                  method + " " + target + " HTTP/1.1\r\nHost: t\r\nConnection: close\r\n" + header + "\r\n")
        .text;
  }

  boost::asio::io_context loop;
  std::vector<std::string> asked;
  double answer = 42;
  std::unique_ptr<MetricsEndpoint> endpoint;
};

TEST_F(MetricsEndpointTest, ServesTheCollectorsNewestValuesToAnAuthorisedClient) {
  EXPECT_THAT(ask("/metrics", "Authorization: Bearer good\r\n"), HasSubstr("\nanswer 42\n"));
  answer = 43;
  const auto text = ask("/metrics?x=y", "authorization: bearer good\r\n");
  EXPECT_THAT(text, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(text, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(text, HasSubstr("\nanswer 43\n"));
  EXPECT_THAT(text, HasSubstr("\nprocess_resident_memory_bytes "));
  EXPECT_EQ(asked.back(), "good GET /metrics");
}

TEST_F(MetricsEndpointTest, Answers401WithoutABearerToken) {
  for (const std::string header :
       {"", "Authorization: Basic Z29vZA==\r\n", "Authorization: Bearer\r\n", "Authorization: Bearer  \r\n"}) {
    const auto text = ask("/metrics", header);
    EXPECT_THAT(text, StartsWith("HTTP/1.1 401 ")) << header;
    EXPECT_THAT(text, EndsWith("\r\n\r\nUnauthorized\n"));
  }
  EXPECT_TRUE(asked.empty());
}

TEST_F(MetricsEndpointTest, PassesTheAuthorizersRefusalOn) {
  const auto text = ask("/metrics", "Authorization: Bearer bad\r\n");
  EXPECT_THAT(text, StartsWith("HTTP/1.1 403 Forbidden\r\n"));
  EXPECT_THAT(text, EndsWith("\r\n\r\nAuthorization denied for user eve\n"));
}

TEST_F(MetricsEndpointTest, Answers404ForEveryOtherPath) {
  for (const std::string path : {"/", "/metrics/", "/healthz", "/debug/pprof"}) {
    EXPECT_THAT(ask(path, "Authorization: Bearer good\r\n"), StartsWith("HTTP/1.1 404 ")) << path;
  }
}

TEST_F(MetricsEndpointTest, AnswersOnlyReadingMethods) {
  EXPECT_THAT(ask("/metrics", "Authorization: Bearer good\r\n", "DELETE"), StartsWith("HTTP/1.1 405 "));
}

TEST_F(MetricsEndpointTest, SignsItsOwnCertificateWithoutFiles) {
  EXPECT_EQ(
      test::request_over_tls(loop, endpoint->port(), "GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").common_name,
      "localhost");
}

class CertificateSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "metallb-certificates-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory); }
  void put(const std::string& certificate, const std::string& key) const {
    std::ofstream(directory + "/tls.crt") << certificate;
    std::ofstream(directory + "/tls.key") << key;
  }
  static WallPoint day(int number) {
    return WallPoint{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1} + std::chrono::days(number)};
  }

  std::string directory;
};

TEST_F(CertificateSourceTest, ServesTheFilesAndNoticesTheirChange) {
  put("a", "b");
  CertificateSource source(directory);
  EXPECT_EQ(source.look(day(0))->value().certificate_pem, "a");
  EXPECT_FALSE(source.self_signed());
  EXPECT_FALSE(source.look(day(0))->has_value());
  put("c", "d");
  EXPECT_EQ(source.look(day(0))->value().key_pem, "d");
}

TEST_F(CertificateSourceTest, KeepsServingWhenTheFilesVanish) {
  put("a", "b");
  CertificateSource source(directory);
  ASSERT_TRUE(source.look(day(0))->has_value());
  std::filesystem::remove(directory + "/tls.key");
  EXPECT_FALSE(source.look(day(0))->has_value());
  EXPECT_FALSE(source.self_signed());
}

TEST_F(CertificateSourceTest, SignsItselfUntilFilesComeAndRenewsBeforeAYearIsOver) {
  CertificateSource source(directory);
  const auto first = source.look(day(0))->value();
  EXPECT_TRUE(source.self_signed());
  EXPECT_FALSE(source.look(day(300))->has_value());
  const auto second = source.look(day(364));
  ASSERT_TRUE(second->has_value());
  EXPECT_NE((*second)->certificate_pem, first.certificate_pem);
  put("a", "b");
  EXPECT_EQ(source.look(day(364))->value().certificate_pem, "a");
  EXPECT_FALSE(source.self_signed());
}

TEST(AccessReview, AsksWhoseATokenIs) {
  EXPECT_EQ(token_review_request("a\"b"),
            R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"a\"b"}})");
}

constexpr const char* kAuthenticated =
    R"({"kind":"TokenReview","status":{"authenticated":true,"user":{"username":"prom","uid":"7",
  "groups":["g"],"extra":{"k":["v"]}}}})";

TEST(AccessReview, HandsTheWholeUserOnToTheSecondQuestion) {
  const auto verdict = read_token_review(kAuthenticated);
  ASSERT_TRUE(verdict && verdict->user);
  EXPECT_EQ(verdict->user->name, "prom");
  const auto request = access_review_request(*verdict->user, "get", "/metrics");
  EXPECT_THAT(request, StartsWith(R"({"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":{)"
                                  R"("nonResourceAttributes":{"path":"/metrics","verb":"get"},)"));
  for (const auto* part : {R"("user":"prom")", R"("uid":"7")", R"("groups":["g"])", R"("extra":{"k":["v"]})"}) {
    EXPECT_THAT(request, HasSubstr(part));
  }
}

TEST(AccessReview, TakesAnErrorTextInATokenReviewForARefusal) {
  const auto verdict = read_token_review(R"({"kind":"TokenReview","status":{"error":"token expired"}})");
  ASSERT_TRUE(verdict);
  EXPECT_FALSE(verdict->user);
}

TEST(AccessReview, DoesNotTakeOtherTextsForReviews) {
  EXPECT_FALSE(read_token_review("nonsense"));
  EXPECT_FALSE(read_token_review(R"({"kind":"Status","status":"Failure"})"));
  EXPECT_FALSE(read_access_review("[]"));
}

TEST(AccessReview, GrantsOnlyWhenItSaysSo) {
  EXPECT_EQ(read_access_review(R"({"kind":"SubjectAccessReview","status":{"allowed":true}})"), true);
  EXPECT_EQ(read_access_review(R"({"kind":"SubjectAccessReview","status":{"allowed":"true"}})"), false);
  EXPECT_EQ(read_access_review(R"({"kind":"SubjectAccessReview"})"), false);
}

TEST(AccessCache, ForgetsATokenAfterAMinuteAndAccessByItsAnswer) {
  AccessCache cache;
  const SteadyPoint start{std::chrono::hours(1)};
  const ReviewedUser user{.name = "u", .spec = "\"user\":\"u\""};
  cache.remember_token(start, "t", {.user = user});
  cache.remember_access(start, user, "get", "/metrics", true);
  cache.remember_access(start, user, "post", "/metrics", false);
  EXPECT_TRUE(cache.token(start + std::chrono::seconds(59), "t"));
  EXPECT_FALSE(cache.token(start + std::chrono::seconds(60), "t"));
  EXPECT_FALSE(cache.token(start, "other"));
  EXPECT_EQ(cache.access(start + std::chrono::seconds(299), user, "get", "/metrics"), true);
  EXPECT_FALSE(cache.access(start + std::chrono::seconds(300), user, "get", "/metrics"));
  EXPECT_EQ(cache.access(start + std::chrono::seconds(29), user, "post", "/metrics"), false);
  EXPECT_FALSE(cache.access(start + std::chrono::seconds(30), user, "post", "/metrics"));
}

TEST(AccessCache, StaysSmallUnderAFloodOfTokensAndKeepsTheNewest) {
  AccessCache cache;
  const SteadyPoint start{std::chrono::hours(1)};
  for (int i = 0; i < 5000; ++i) cache.remember_token(start, std::to_string(i), {});
  EXPECT_TRUE(cache.token(start, "4999"));
  EXPECT_FALSE(cache.token(start, "0"));
}

/// Answers each target with a fixed text, and notes what was asked.
class FakeClient : public KubeClient {
 public:
  void request(Request request, Done done) override {
    asked.push_back(request.target.substr(request.target.rfind('/') + 1));
    const auto found = answers.find(asked.back());
    if (found == answers.end()) return done(KubeResponse{.status = 403, .body = R"({"kind":"Status"})"});
    done(found->second);
  }
  std::unique_ptr<Stream> stream(std::string, StreamHandlers) override { return nullptr; }
  [[nodiscard]] std::map<std::pair<std::string, std::string>, std::uint64_t> request_counts() const override { return {}; }
  void stop() override {}

  std::map<std::string, std::expected<KubeResponse, SystemError>> answers;
  std::vector<std::string> asked;
};

class KubeAuthorizerTest : public testing::Test {
 protected:
  void SetUp() override {
    client.answers["tokenreviews"] = KubeResponse{.status = 201, .body = kAuthenticated};
    client.answers["subjectaccessreviews"] =
        KubeResponse{.status = 201, .body = R"({"kind":"SubjectAccessReview","status":{"allowed":true}})"};
  }
  AccessDecision decide(const std::string& token = "t") {
    std::optional<AccessDecision> decision;
    authorizer(token, "GET", "/metrics", [&](AccessDecision d) { decision = std::move(d); });
    EXPECT_TRUE(decision);
    return decision.value_or(AccessDecision{.status = 0, .text = {}});
  }

  boost::asio::io_context loop;
  FakeClient client;
  Authorizer authorizer = kube_authorizer(client, loop);
};

TEST_F(KubeAuthorizerTest, LetsInWhomTheApiServerVouchesForAndAsksOnce) {
  EXPECT_EQ(decide(), AccessDecision{});
  EXPECT_EQ(decide(), AccessDecision{});
  EXPECT_THAT(client.asked, testing::ElementsAre("tokenreviews", "subjectaccessreviews"));
}

TEST_F(KubeAuthorizerTest, Answers401ForAnInvalidToken) {
  client.answers["tokenreviews"] =
      KubeResponse{.status = 201, .body = R"({"kind":"TokenReview","status":{"error":"expired"}})"};
  EXPECT_EQ(decide(), (AccessDecision{.status = 401, .text = "Unauthorized"}));
}

TEST_F(KubeAuthorizerTest, Answers403ForAUserWhoMayNot) {
  client.answers["subjectaccessreviews"] =
      KubeResponse{.status = 201, .body = R"({"kind":"SubjectAccessReview","status":{}})"};
  EXPECT_EQ(decide(), (AccessDecision{.status = 403, .text = "Authorization denied for user prom"}));
}

TEST_F(KubeAuthorizerTest, Answers500WhenItMayNotAsk) {
  client.answers.erase("subjectaccessreviews");
  EXPECT_EQ(decide(), (AccessDecision{.status = 500, .text = "Authorization for user prom failed"}));
  client.answers.erase("tokenreviews");
  EXPECT_EQ(decide("other"), (AccessDecision{.status = 500, .text = "Authentication failed"}));
}

}  // namespace
}  // namespace metallb::io
