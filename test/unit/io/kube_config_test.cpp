// Finding the API server: kubeconfig files and in-cluster credentials, from a folder of the test's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "io/kube/kube_config.hpp"
#include "io/kube/kubeconfig_file.hpp"
#include "unit/io/kube_certificates.hpp"

namespace metallb::io {
namespace {

using testing::HasSubstr;

std::string base64(const std::string& text) {
  std::string out(4 * ((text.size() + 2) / 3), '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(text.data()),
                  static_cast<int>(text.size()));
  return out;
}

class KubeConfigTest : public testing::Test {
 protected:
  KubeConfigTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "metallb-kube-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    sources_.service_account_directory = folder_ / "account";
  }
  ~KubeConfigTest() override { std::filesystem::remove_all(folder_); }
  KubeConfigTest(const KubeConfigTest&) = delete;
  KubeConfigTest& operator=(const KubeConfigTest&) = delete;

  std::string file(const std::string& name, const std::string& content) {
    const auto path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << content;
    return path;
  }
  /// One cluster, one user, one context, the parts in YAML flow style.
  std::string config(const std::string& cluster, const std::string& user) {
    return file("config",
                "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\nclusters: [{name: k, cluster: " +
                    cluster + "}]\nusers: [{name: u, user: " + user + "}]\n");
  }
  KubeEndpoint found() {
    const auto endpoint = find_kube_endpoint(sources_);
    if (endpoint) return *endpoint;
    ADD_FAILURE() << endpoint.error().to_string();
    return {};
  }
  std::string error() {
    const auto endpoint = find_kube_endpoint(sources_);
    return endpoint ? "no error" : endpoint.error().to_string();
  }

  std::filesystem::path folder_;
  KubeConfigSources sources_;
  test::Identity authority_ = test::make_authority("cluster");
};

TEST_F(KubeConfigTest, TakesClusterUserAndNamespaceOfTheCurrentContext) {
  sources_.flag = file("config", R"(
apiVersion: v1
kind: Config
current-context: second
contexts:
- {name: first, context: {cluster: one, user: alice}}
- {name: second, context: {cluster: two, user: bob, namespace: shop}}
clusters:
- {name: one, cluster: {server: "https://one.test:6443"}}
- {name: two, cluster: {server: "http://two.test", tls-server-name: two.internal}}
users:
- {name: alice, user: {token: alice-token}}
- {name: bob, user: {token: bob-token}}
)");
  const auto endpoint = found();
  EXPECT_EQ(endpoint.host, "two.test");
  EXPECT_EQ(endpoint.port, "80");
  EXPECT_FALSE(endpoint.tls);
  EXPECT_EQ(endpoint.token, "bob-token");
  EXPECT_EQ(endpoint.namespace_, "shop");
  EXPECT_EQ(endpoint.server_name, "two.internal");
}

TEST_F(KubeConfigTest, LetsTheFirstOfSeveralFilesWinByName) {
  const auto first =
      file("a/config", "contexts: [{name: x, context: {cluster: k, user: u}}]\nusers: [{name: u, user: {token: of-a}}]\n");
  const auto second = file("b/config",
                           "current-context: x\nclusters: [{name: k, cluster: {server: 'https://b.test'}}]\n"
                           "users: [{name: u, user: {token: of-b}}]\n");
  sources_.environment = first + ":" + (folder_ / "missing").string() + "::" + second;
  const auto endpoint = found();
  EXPECT_EQ(endpoint.host, "b.test");
  EXPECT_EQ(endpoint.token, "of-a");
}

TEST_F(KubeConfigTest, ReadsCertificatesFromDataAndFromFilesRelativeToTheConfig) {
  const auto me = test::make_identity(authority_, "admin", "DNS:admin");
  file("pki/ca.crt", authority_.certificate_pem());
  sources_.flag = config(
      "{server: 'https://k.test', certificate-authority: pki/ca.crt}",
      "{client-certificate-data: " + base64(me.certificate_pem()) + ", client-key-data: " + base64(me.key_pem()) + "}");
  const auto endpoint = found();
  EXPECT_EQ(endpoint.ca_pem, authority_.certificate_pem());
  EXPECT_EQ(endpoint.client_certificate_pem, me.certificate_pem());
  EXPECT_EQ(endpoint.client_key_pem, me.key_pem());
}

TEST_F(KubeConfigTest, ReadsATokenFileRelativeToTheConfig) {
  file("token", "t");
  sources_.flag = config("{server: 'https://k.test', insecure-skip-tls-verify: true}", "{tokenFile: token}");
  const auto endpoint = found();
  EXPECT_EQ(endpoint.token_file, folder_ / "token");
  EXPECT_TRUE(endpoint.insecure_skip_verify);
}

TEST_F(KubeConfigTest, NamesFileFieldAndRemedyOfWhatItCannotUse) {
  const auto with_user = [&](const std::string& user) {
    sources_.flag = config("{server: 'https://k.test'}", user);
    return error();
  };
  const auto with_cluster = [&](const std::string& cluster) {
    sources_.flag = config(cluster, "{}");
    return error();
  };
  const auto exec = with_user("{exec: {command: aws}}");
  EXPECT_THAT(exec, HasSubstr(sources_.flag));
  EXPECT_THAT(exec, HasSubstr("users[name=u].user.exec: credential plugins are not supported; use a token"));
  EXPECT_THAT(with_user("{auth-provider: {name: gcp}}"), HasSubstr("auth-provider: auth providers are not supported"));
  EXPECT_THAT(with_user("{username: me, password: pw}"), HasSubstr("username: basic authentication"));
  EXPECT_THAT(with_user("{client-key-data: eA==}"), HasSubstr("client-certificate: is missing"));
  EXPECT_THAT(with_user("{client-key-data: '!!', client-certificate-data: eA==}"), HasSubstr("is not base64"));
  EXPECT_THAT(with_user("{client-key-data: eA==, client-certificate-data: eA==}"),
              HasSubstr("client-certificate: is not usable"));
  EXPECT_THAT(with_user("{tokenFile: nowhere}"), HasSubstr("tokenFile: cannot read"));
  EXPECT_THAT(with_user("{token: [a]}"), HasSubstr("token: must be a string"));
  EXPECT_THAT(with_user("{token: 'two words'}"), HasSubstr("users[name=u].user.token: holds blanks"));
  EXPECT_THAT(with_user("{token: \"a\\nX-Injected: b\"}"), HasSubstr("users[name=u].user.token: holds blanks"));
  EXPECT_THAT(with_cluster("{}"), HasSubstr("clusters[name=k].cluster.server: is missing"));
  EXPECT_THAT(with_cluster("{server: 'k.test:6443'}"), HasSubstr("has no scheme"));
  EXPECT_THAT(with_cluster("{server: 'https://k', certificate-authority-data: eA==}"),
              HasSubstr("certificate-authority: holds no usable"));
  EXPECT_THAT(with_cluster("{server: 'https://k', certificate-authority: pki}"),
              HasSubstr("certificate-authority: cannot read"));
  EXPECT_THAT(with_cluster("{server: 'https://k', insecure-skip-tls-verify: perhaps}"), HasSubstr("must be true or false"));
  EXPECT_THAT(with_cluster("{server: 'https://k', proxy-url: 'http://p'}"), HasSubstr("proxy-url"));
}

TEST_F(KubeConfigTest, NamesWhatIsMissingBetweenTheParts) {
  const auto with = [&](const std::string& text) {
    sources_.flag = file("config", text);
    return error();
  };
  EXPECT_THAT(with(""), HasSubstr("current-context: is not set"));
  EXPECT_THAT(with("current-context: c"), HasSubstr("\"c\", but there is no such entry in contexts"));
  EXPECT_THAT(with("current-context: c\ncontexts: [{name: c, context: {cluster: k}}]"),
              HasSubstr("no such entry in clusters"));
  EXPECT_THAT(with("a: [b"), HasSubstr("is not YAML"));
  EXPECT_THAT(with("- just\n- a list"), HasSubstr("is no kubeconfig"));
  EXPECT_THAT(with("current-context: c\ncontexts: nine"), HasSubstr("contexts: must be a list"));
  sources_.flag = folder_ / "absent";
  EXPECT_THAT(error(), HasSubstr("cannot be read"));
  sources_.flag = folder_;
  EXPECT_THAT(error(), HasSubstr("cannot be read"));
}

TEST_F(KubeConfigTest, PrefersTheFlagThenTheEnvironmentThenTheClusterThenTheHomeFolder) {
  const auto at = [&](const std::string& name, const std::string& host) {
    return file(name,
                "current-context: c\ncontexts: [{name: c, context: {cluster: k}}]\nclusters: [{name: k, cluster: {server: "
                "'https://" +
                    host + "'}}]\n");
  };
  file("account/token", "in-cluster");
  sources_.flag = at("flag", "flag.test");
  sources_.environment = at("env", "env.test");
  sources_.service_host = "10.96.0.1";
  sources_.service_port = "443";
  at(".kube/config", "home.test");
  sources_.home = folder_;
  EXPECT_EQ(found().host, "flag.test");
  sources_.flag.clear();
  EXPECT_EQ(found().host, "env.test");
  sources_.environment.clear();
  EXPECT_EQ(found().host, "10.96.0.1");
  sources_.service_host.clear();
  EXPECT_EQ(found().host, "home.test");
  sources_.home.clear();
  EXPECT_THAT(error(), HasSubstr("give --kubeconfig=<file> or set KUBECONFIG"));
}

TEST_F(KubeConfigTest, FindsItsWayInsideAPod) {
  file("account/token", "t");
  file("account/ca.crt", authority_.certificate_pem());
  file("account/namespace", "metallb-system\n");
  sources_.service_host = "fd00:10:96::1";
  sources_.service_port = "6443";
  const auto endpoint = found();
  EXPECT_TRUE(endpoint.tls);
  EXPECT_EQ(endpoint.host, "fd00:10:96::1");
  EXPECT_EQ(endpoint.port, "6443");
  EXPECT_EQ(endpoint.ca_pem, authority_.certificate_pem());
  EXPECT_EQ(endpoint.token_file, folder_ / "account/token");
  EXPECT_EQ(endpoint.namespace_, "metallb-system");
}

TEST_F(KubeConfigTest, NamesTheMissingTokenOrBadAuthorityInsideAPod) {
  sources_.service_host = "10.96.0.1";
  sources_.service_port = "443";
  EXPECT_THAT(error(), HasSubstr("account/token"));
  file("account/token", "t");
  file("account/ca.crt", "no certificate");
  EXPECT_THAT(error(), HasSubstr("ca.crt"));
}

struct UrlCase {
  std::string url;
  bool tls;
  std::string host, port, path;
};
class ServerUrl : public testing::TestWithParam<UrlCase> {};
TEST_P(ServerUrl, IsTakenApart) {
  KubeEndpoint endpoint;
  const auto good = set_server_url(endpoint, GetParam().url);
  ASSERT_TRUE(good.has_value()) << good.error();
  EXPECT_EQ(endpoint.tls, GetParam().tls);
  EXPECT_EQ(endpoint.host, GetParam().host);
  EXPECT_EQ(endpoint.port, GetParam().port);
  EXPECT_EQ(endpoint.base_path, GetParam().path);
}
INSTANTIATE_TEST_SUITE_P(Urls, ServerUrl,
                         testing::Values(UrlCase{"https://10.0.0.1:6443", true, "10.0.0.1", "6443", ""},
                                         UrlCase{"HTTPS://k.test/", true, "k.test", "443", ""},
                                         UrlCase{"http://localhost:8001/k8s/c-1/", false, "localhost", "8001", "/k8s/c-1"},
                                         UrlCase{"https://[fd00::1]:6443", true, "fd00::1", "6443", ""},
                                         UrlCase{"https://[::1]", true, "::1", "443", ""}));

class BadServerUrl : public testing::TestWithParam<std::string> {};
TEST_P(BadServerUrl, IsRefused) {
  KubeEndpoint endpoint;
  EXPECT_FALSE(set_server_url(endpoint, GetParam()).has_value());
}
INSTANTIATE_TEST_SUITE_P(Urls, BadServerUrl,
                         testing::Values("", "k.test", "ftp://k.test", "https://", "https://:6443", "https://fd00::1",
                                         "https://[fd00::1", "https://[fd00::1]6443", "https://[k.test]", "https://k:0",
                                         "https://k:65536", "https://k:x", "https://me@k", "https://k/?a=b"));

}  // namespace
}  // namespace metallb::io
