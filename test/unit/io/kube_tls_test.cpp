// The client's TLS: whom it trusts, whom it refuses, and how it proves itself. Token rotation stands here too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "unit/io/kube_fake_server.hpp"

namespace metallb::io {
namespace {

using namespace test;
using testing::HasSubstr;
using Answer = std::expected<KubeResponse, SystemError>;

class KubeTlsTest : public testing::Test {
 protected:
  FakeServer& serve(const std::string& names, bool demand_client = false, const std::string& address = "127.0.0.1") {
    FakeServer::Tls tls{make_identity(authority_, "server", names), {}};
    if (demand_client) tls.client_authority = authority_;
    server_.emplace(loop_, [](const Received& r) { return answer(200, r.target); }, std::move(tls), address);
    return *server_;
  }
  KubeEndpoint endpoint() {
    auto out = server_->endpoint();
    out.tls = true;
    out.ca_pem = authority_.certificate_pem();
    return out;
  }
  Answer get(const KubeEndpoint& endpoint) {
    client_ = KubeClient::create(loop_, endpoint, {});
    return again();
  }
  Answer again() {
    std::optional<Answer> got;
    KubeClient::Request request;
    request.target = "/version";
    client_->request(request, [&](Answer a) { got = std::move(a); });
    if (!run_until(loop_, [&] { return got.has_value(); }))
      return std::unexpected(SystemError{"test", "no answer came", {}, {}});
    return *got;
  }

  boost::asio::io_context loop_;
  Identity authority_ = make_authority("cluster");
  std::optional<FakeServer> server_;
  std::unique_ptr<KubeClient> client_;
};

TEST_F(KubeTlsTest, AcceptsAServerWhoseCertificateNamesItsAddress) {
  serve("DNS:kubernetes,IP:127.0.0.1");
  auto got = get(endpoint());
  ASSERT_TRUE(got.has_value()) << got.error().to_string();
  EXPECT_EQ(got->body, "/version");
  EXPECT_EQ(server_->asked_name(), "") << "an address is no server name (RFC 6066, Section 3)";
  got = again();
  ASSERT_TRUE(got.has_value()) << got.error().to_string();
  EXPECT_EQ(server_->connections(), 1) << "session tickets do not spoil a kept connection";
}

TEST_F(KubeTlsTest, AcceptsAnIpv6AddressInTheCertificate) {
  serve("IP:::1", false, "::1");
  const auto got = get(endpoint());
  ASSERT_TRUE(got.has_value()) << got.error().to_string();
}

TEST_F(KubeTlsTest, RefusesACertificateForAnotherAddress) {
  serve("IP:127.0.0.2");
  const auto got = get(endpoint());
  ASSERT_FALSE(got.has_value());
  EXPECT_THAT(got.error().to_string(), HasSubstr("IP address mismatch"));
  EXPECT_TRUE(server_->received().empty());
}

TEST_F(KubeTlsTest, AsksForTheServerNameAndVerifiesIt) {
  serve("DNS:api.cluster.test");
  auto named = endpoint();
  named.server_name = "api.cluster.test";
  const auto got = get(named);
  ASSERT_TRUE(got.has_value()) << got.error().to_string();
  EXPECT_EQ(server_->asked_name(), "api.cluster.test");
}

TEST_F(KubeTlsTest, RefusesACertificateForAnotherName) {
  serve("DNS:api.cluster.test");
  auto named = endpoint();
  named.server_name = "other.cluster.test";
  const auto got = get(named);
  ASSERT_FALSE(got.has_value());
  EXPECT_THAT(got.error().to_string(), HasSubstr("ostname mismatch"));
  EXPECT_TRUE(server_->received().empty());
}

TEST_F(KubeTlsTest, RefusesAServerOfAnotherAuthority) {
  serve("IP:127.0.0.1");
  auto stranger = endpoint();
  stranger.ca_pem = make_authority("another cluster").certificate_pem();
  const auto got = get(stranger);
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().operation, "tls handshake");
  EXPECT_THAT(got.error().detail, HasSubstr("certificate"));
  EXPECT_TRUE(server_->received().empty());
}

TEST_F(KubeTlsTest, VerifiesNothingWhenToldSo) {
  serve("DNS:somebody.else");
  auto blind = endpoint();
  blind.ca_pem.clear();
  blind.insecure_skip_verify = true;
  const auto got = get(blind);
  ASSERT_TRUE(got.has_value()) << got.error().to_string();
}

TEST_F(KubeTlsTest, ProvesItselfWithItsClientCertificate) {
  serve("IP:127.0.0.1", true);
  const auto me = make_identity(authority_, "admin", "DNS:admin");
  auto proven = endpoint();
  proven.client_certificate_pem = me.certificate_pem();
  proven.client_key_pem = me.key_pem();
  const auto got = get(proven);
  ASSERT_TRUE(got.has_value()) << got.error().to_string();
}

TEST_F(KubeTlsTest, IsTurnedAwayWithoutTheDemandedClientCertificate) {
  serve("IP:127.0.0.1", true);
  EXPECT_FALSE(get(endpoint()).has_value());
}

TEST_F(KubeTlsTest, SaysWhichPartOfTheEndpointIsUnusable) {
  serve("IP:127.0.0.1");
  auto bad = endpoint();
  bad.client_certificate_pem = make_identity(authority_, "admin", "DNS:admin").certificate_pem();
  bad.client_key_pem = make_identity(authority_, "other", "DNS:other").key_pem();
  const auto got = get(bad);
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().object, "client key");
}

class KubeTokenTest : public testing::Test {
 protected:
  KubeTokenTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "metallb-token-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~KubeTokenTest() override { std::filesystem::remove_all(folder_); }
  KubeTokenTest(const KubeTokenTest&) = delete;
  KubeTokenTest& operator=(const KubeTokenTest&) = delete;

  /// As kubelet does it: a new file takes the place of the old one.
  void write_token(const std::string& token) {
    std::ofstream(folder_ / "new") << token << "\n";
    std::filesystem::rename(folder_ / "new", folder_ / "token");
  }
  int get() {
    std::optional<Answer> got;
    client_->request({}, [&](Answer a) { got = std::move(a); });
    EXPECT_TRUE(run_until(loop_, [&] { return got.has_value(); }));
    return got && *got ? (*got)->status : 0;
  }
  void start() {
    auto endpoint = server_.endpoint();
    endpoint.token_file = folder_ / "token";
    client_ = KubeClient::create(loop_, endpoint, {});
  }

  std::filesystem::path folder_;
  boost::asio::io_context loop_;
  std::string good_ = "one";
  std::function<void()> on_refusal_ = [] {};
  FakeServer server_{loop_, [this](const Received& r) {
                       if (r.headers.at("authorization") == "Bearer " + good_) return answer(200, "");
                       on_refusal_();
                       return answer(401, "{\"message\":\"Unauthorized\"}");
                     }};
  std::unique_ptr<KubeClient> client_;
};

TEST_F(KubeTokenTest, UsesTheNewTokenOnceTheFileWasReplaced) {
  write_token("one");
  start();
  EXPECT_EQ(get(), 200);
  write_token("two");
  good_ = "two";
  EXPECT_EQ(get(), 200);
  EXPECT_EQ(server_.received().size(), 2) << "no request with the old token in between";
}

TEST_F(KubeTokenTest, ReadsTheFileAgainAfterARefusalAndRepeatsTheRequest) {
  write_token("one");
  start();
  good_ = "two";
  on_refusal_ = [this] { write_token("two"); };
  EXPECT_EQ(get(), 200);
  EXPECT_EQ(server_.received().size(), 2);
}

TEST_F(KubeTokenTest, HandsOverTheRefusalWhenTheFileHasNothingNew) {
  write_token("stale");
  start();
  EXPECT_EQ(get(), 401);
  EXPECT_EQ(server_.received().size(), 1);
}

TEST_F(KubeTokenTest, KeepsTheLastGoodTokenWhileTheFileIsAwayOrEmpty) {
  write_token("one");
  start();
  EXPECT_EQ(get(), 200);
  std::filesystem::remove(folder_ / "token");
  EXPECT_EQ(get(), 200);
  write_token("");
  EXPECT_EQ(get(), 200);
}

}  // namespace
}  // namespace metallb::io
