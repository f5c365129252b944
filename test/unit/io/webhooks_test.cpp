// The webhooks behind real sockets: a TLS client asks, the API server that they list from is a scripted one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>

#include "base/base64.hpp"
#include "io/files.hpp"
#include "io/http/x509.hpp"
#include "io/webhooks/ca_injector.hpp"
#include "io/webhooks/certificates.hpp"
#include "io/webhooks/webhook_handler.hpp"
#include "io/webhooks/webhook_server.hpp"
#include "kube/json_text.hpp"
#include "unit/io/http_client.hpp"
#include "unit/io/kube_fake_server.hpp"

namespace metallb::io {
namespace {

using namespace test;
using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using testing::UnorderedElementsAre;

constexpr auto kServerName = "metallb-webhook-service.metallb-system.svc";
constexpr auto kPoolPath = "/validate-metallb-io-v1beta1-ipaddresspool";

std::string post(const std::string& path, const std::string& body, const std::string& type = "application/json") {
  return "POST " + path + " HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string pool_review(const std::string& addresses) {
  return R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u1","operation":"CREATE",)"
         R"("object":{"metadata":{"name":"new","namespace":"metallb-system"},"spec":{"addresses":[")" +
         addresses + R"("]}}}})";
}

admission::Certificates certificates(const admission::Make& wanted) {
  const auto made = make_certificates(wanted, std::chrono::system_clock::now());
  EXPECT_TRUE(made) << made.error();
  return made.value_or(admission::Certificates());
}

class WebhooksTest : public testing::Test {
 protected:
  void serve(const std::string& name, TlsProfile tls = {}) {
    if (!server_) {
      server_ = std::make_unique<WebhookServer>(
          loop_, WebhookServer::Options{.address = "127.0.0.1", .tls = std::move(tls)},
          [this](const HttpServerRequest& request, std::shared_ptr<HttpResponder> responder) {
            handler_.answer(request, std::move(responder));
          },
          Log());
    }
    const auto made = make_self_signed({name}, std::chrono::system_clock::now(), 24h);
    ASSERT_TRUE(made);
    server_->use(*made);
    ASSERT_TRUE(server_->listening());
  }
  TlsAnswer ask(const std::string& request, int version = TLS1_3_VERSION) {
    return request_over_tls(loop_, server_->port(), request, version);
  }
  boost::json::value verdict(const std::string& request) {
    const auto text = ask(request).text;
    EXPECT_THAT(text, StartsWith("HTTP/1.1 200 "));
    const auto parsed = kube::parse_json(text.substr(text.find("\r\n\r\n") + 4));
    EXPECT_TRUE(parsed) << text;
    return parsed ? parsed->at("response") : boost::json::value();
  }
  static Reply stored(const Received& r) {
    if (!r.target.contains("ipaddresspools")) return answer(200, R"({"metadata":{},"items":[]})");
    if (!r.target.contains("continue=")) return answer(200, R"({"metadata":{"continue":"t&2"},"items":[]})");
    return answer(200,
                  R"({"metadata":{},"items":[{"spec":"no pool"},)"
                  R"({"metadata":{"name":"old","namespace":"metallb-system"},"spec":{"addresses":["192.0.2.0/24"]}}]})");
  }

  boost::asio::io_context loop_;
  FakeServer::Handler reply_ = stored;
  FakeServer api_{loop_, [this](const Received& r) { return reply_(r); }};
  std::unique_ptr<KubeClient> client_ = KubeClient::create(loop_, api_.endpoint(), {});
  WebhookHandler handler_{*client_, "metallb-system", Log()};
  std::unique_ptr<WebhookServer> server_;
};

TEST_F(WebhooksTest, AReviewIsJudgedAgainstWhatIsStored) {
  serve(kServerName);
  auto response = verdict(post(kPoolPath, pool_review("192.0.2.0/25")));
  EXPECT_EQ(response.at("uid"), "u1");
  EXPECT_EQ(response.at("allowed"), false);
  EXPECT_THAT(std::string(response.at("status").at("message").as_string()), HasSubstr("overlaps"));
  std::vector<std::string> targets;
  for (const auto& received : api_.received()) targets.push_back(received.target);
  const std::string in = "/apis/metallb.io/v1beta1/namespaces/metallb-system/";
  EXPECT_THAT(targets, UnorderedElementsAre(in + "ipaddresspools?limit=500", in + "ipaddresspools?limit=500&continue=t%262",
                                            in + "l2advertisements?limit=500", in + "bgpadvertisements?limit=500",
                                            "/api/v1/nodes?limit=500"));
  response = verdict(post(kPoolPath, pool_review("198.51.100.0/24")));
  EXPECT_EQ(response.at("allowed"), true);
  EXPECT_EQ(response.at("warnings").as_array().size(), 1U) << "nobody announces it";
}

TEST_F(WebhooksTest, WhatCannotBeListedCannotBeJudged) {
  reply_ = [](const Received&) { return answer(403, R"({"kind":"Status"})"); };
  serve(kServerName);
  const auto response = verdict(post(kPoolPath, pool_review("192.0.2.0/25")));
  EXPECT_EQ(response.at("allowed"), false);
  EXPECT_EQ(response.at("status").at("code"), 500);
}

TEST_F(WebhooksTest, MalformedRequestsAreAnsweredAsTheOriginalDoes) {
  serve(kServerName);
  EXPECT_EQ(verdict(post(kPoolPath, "{}")).at("status").at("code"), 400);
  EXPECT_EQ(verdict(post(kPoolPath, pool_review("192.0.2.0/25"), "text/plain")).at("status").at("code"), 400);
  EXPECT_THAT(ask(post("/convert", "{}")).text, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask(post("/validate-metallb-io-v1beta1-bgppeer", "{}")).text, StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(ask("GET /convert HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").text, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(ask("POST /convert HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 8000000\r\n\r\n").text,
              StartsWith("HTTP/1.1 413 "));
  EXPECT_TRUE(api_.received().empty()) << "nothing of this takes a look at the API server";
}

TEST_F(WebhooksTest, PeersAreConverted) {
  serve(kServerName);
  const auto text =
      ask(post("/convert", R"({"apiVersion":"apiextensions.k8s.io/v1beta1","kind":"ConversionReview","request":{"uid":"7",)"
                           R"("desiredAPIVersion":"metallb.io/v1beta2","objects":[{"apiVersion":"metallb.io/v1beta1",)"
                           R"("kind":"BGPPeer","metadata":{"name":"r"},"spec":{"myASN":1}}]}})"))
          .text;
  EXPECT_THAT(text, HasSubstr(R"("convertedObjects":[{"apiVersion":"metallb.io/v1beta2")"));
  EXPECT_THAT(text, HasSubstr("Content-Type: application/json\r\n"));
}

TEST_F(WebhooksTest, ANewCertificateIsServedWithoutARestart) {
  serve("first.test");
  const auto port = server_->port();
  EXPECT_EQ(ask(post("/convert", "{}")).common_name, "first.test");
  serve("second.test");
  EXPECT_EQ(server_->port(), port);
  EXPECT_EQ(ask(post("/convert", "{}")).common_name, "second.test");
  server_->use({.certificate_pem = "nonsense", .key_pem = "nonsense"});
  EXPECT_EQ(ask(post("/convert", "{}")).common_name, "second.test");
}

TEST_F(WebhooksTest, TheTlsFlagsHold) {
  serve(kServerName);
  EXPECT_EQ(ask(post("/convert", "{}"), TLS1_2_VERSION).text, "") << "TLS 1.3 is the default";
  server_.reset();
  serve(kServerName, *parse_tls_profile("VersionTLS12", "", ""));
  EXPECT_THAT(ask(post("/convert", "{}"), TLS1_2_VERSION).text, StartsWith("HTTP/1.1 400 "));
}

TEST_F(WebhooksTest, CertificatesOfOthersComeFromFiles) {
  const auto directory = std::filesystem::temp_directory_path() / ("webhook-certs-" + std::to_string(::getpid()));
  std::filesystem::create_directory(directory);
  std::vector<CertificateAndKey> used;
  const auto take = [&](CertificateAndKey pair) { used.push_back(std::move(pair)); };
  {
    const CertificateFiles none(loop_, directory.string(), take, Log());
    EXPECT_TRUE(used.empty());
  }
  ASSERT_TRUE(write_private_file(directory / "tls.crt", "C"));
  ASSERT_TRUE(write_private_file(directory / "tls.key", "K"));
  const CertificateFiles files(loop_, directory.string(), take, Log());
  ASSERT_EQ(used.size(), 1U);
  EXPECT_EQ(used[0].certificate_pem + used[0].key_pem, "CK");
  std::filesystem::remove_all(directory);
}

TEST(WebhookCertificates, AreWhatThePlanWants) {
  const admission::Make everything{.renewal = admission::Renewal::kEverything, .server_name = kServerName, .current = {}};
  const auto first = certificates(everything);
  const auto at = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  const auto secret_of = [](const admission::Certificates& c) {
    kube::Secret secret;
    secret.metadata.resourceVersion = "5";
    secret.data = {{"ca.crt", encode_base64(c.authority)},
                   {"ca.key", encode_base64(c.authority_key)},
                   {"tls.crt", encode_base64(c.server)},
                   {"tls.key", encode_base64(c.server_key)}};
    return read_secret(secret);
  };
  const auto seen = secret_of(first);
  EXPECT_EQ(seen.resource_version, "5");
  EXPECT_EQ(seen.content, first);
  EXPECT_EQ(plan_certificates(seen.facts, kServerName, at).reason, "");
  EXPECT_EQ(seen.facts.authority->not_after - seen.facts.authority->not_before, admission::kAuthorityLifetime + 1h);
  EXPECT_EQ(seen.facts.server->not_after - seen.facts.server->not_before, admission::kServerLifetime + 1h);
  EXPECT_THAT(first.authority_key, StartsWith("-----BEGIN RSA PRIVATE KEY-----"));
  EXPECT_THAT(first.server_key, StartsWith("-----BEGIN RSA PRIVATE KEY-----"));

  const auto next = certificates({.renewal = admission::Renewal::kServer, .server_name = kServerName, .current = first});
  EXPECT_EQ(next.authority, first.authority);
  EXPECT_NE(next.server, first.server);
  EXPECT_EQ(plan_certificates(secret_of(next).facts, kServerName, at).reason, "");

  auto mixed = first;
  mixed.server = certificates(everything).server;
  const auto facts = secret_of(mixed).facts;
  EXPECT_FALSE(facts.server_key_fits);
  EXPECT_FALSE(facts.server_signed_by_authority) << "it has the same name, but another key";
  EXPECT_EQ(secret_of({}).facts.authority, std::nullopt);
  EXPECT_EQ(secret_of({.authority = "nonsense"}).facts.authority, std::nullopt);
}

TEST(WebhookCertificates, AreMadeBesideTheLoop) {
  boost::asio::io_context loop;
  CertificateMaker maker(loop);
  bool made = false;
  maker.make({.renewal = admission::Renewal::kEverything, .server_name = kServerName, .current = {}},
             [&](const admission::Made& done) { made = done.result.has_value(); });
  EXPECT_FALSE(made);
  EXPECT_TRUE(turn_until(loop, [&] { return made; }));
}

TEST(CaInjection, ReadsChangesAndWritesBack) {
  boost::asio::io_context loop;
  int conflicts = 1;
  FakeServer api(loop, [&](const Received& r) {
    if (r.target.contains("customresourcedefinitions")) return answer(404, "{}");
    if (r.method == "GET") return answer(200, R"({"metadata":{"resourceVersion":"1"},"webhooks":[{"clientConfig":{}}]})");
    return conflicts-- > 0 ? answer(409, "{}") : answer(200, "{}");
  });
  const auto client = KubeClient::create(loop, api.endpoint(), {});
  std::vector<std::expected<bool, std::string>> outcomes;
  const auto take = [&](std::expected<bool, std::string> outcome) { outcomes.push_back(std::move(outcome)); };
  inject_authority(*client, {.holder = admission::BundleHolder::kWebhookConfiguration, .authority = "PEM"}, take);
  ASSERT_TRUE(run_until(loop, [&] { return outcomes.size() == 1; }));
  EXPECT_EQ(outcomes[0], true);
  const std::string path =
      "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/metallb-webhook-configuration";
  ASSERT_EQ(api.received().size(), 4U) << "after a conflict it is read again";
  EXPECT_EQ(api.received()[2].target, path);
  EXPECT_EQ(api.received()[3].target, path + "?fieldManager=MetalLB");
  EXPECT_EQ(*kube::parse_json(api.received()[3].body),
            *kube::parse_json(R"({"metadata":{"resourceVersion":"1"},"webhooks":[{"clientConfig":{"caBundle":"UEVN"}}]})"));
  inject_authority(*client, {.holder = admission::BundleHolder::kPeerDefinition, .authority = "PEM"}, take);
  ASSERT_TRUE(run_until(loop, [&] { return outcomes.size() == 2; }));
  EXPECT_EQ(outcomes[1], false) << "what does not exist is left out";
  conflicts = 100;
  inject_authority(*client, {.holder = admission::BundleHolder::kWebhookConfiguration, .authority = "PEM"}, take);
  ASSERT_TRUE(run_until(loop, [&] { return outcomes.size() == 3; }));
  EXPECT_FALSE(outcomes[2].has_value());
}

}  // namespace
}  // namespace metallb::io
