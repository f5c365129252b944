#include "app/apiserver_options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/kubeconfig_file.hpp"
#include "app/token_file.hpp"
#include "unit/app/options.hpp"

namespace metallb::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

std::expected<ApiserverOptions, EarlyExit> parse(const std::vector<std::string>& arguments) {
  const test::Argv argv(arguments);
  return parse_apiserver_options(argv.count(), argv.data());
}

TEST(ApiserverOptions, ListenPlainOnThisHostOnlyByDefault) {
  const auto options = parse({});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->address, "127.0.0.1");
  EXPECT_EQ(options->port, 8080);
  EXPECT_FALSE(options->tls());
}

TEST(ApiserverOptions, TakeTheUsualTlsPortUnlessOneIsGiven) {
  EXPECT_EQ(parse({"--tls-self-signed"})->port, 6443);
  EXPECT_EQ(parse({"--tls-self-signed", "--port=0"})->port, 0);
  EXPECT_EQ(parse({"--tls-cert=a", "--tls-key=b"})->port, 6443);
}

TEST(ApiserverOptions, RefuseWhatDoesNotFitTogether) {
  for (const std::vector<std::string>& bad :
       std::vector<std::vector<std::string>>{{"--port=65536"},
                                             {"--port=-1"},
                                             {"--watch-window=-1"},
                                             {"--tls-cert=a"},
                                             {"--tls-key=a"},
                                             {"--tls-ca-file=a"},
                                             {"--tls-self-signed", "--tls-cert=a", "--tls-key=b"},
                                             {"word"}}) {
    const auto options = parse(bad);
    ASSERT_FALSE(options) << bad.front();
    EXPECT_EQ(options.error().code, 2);
    EXPECT_THAT(options.error().errors, HasSubstr("\nUsage of prog:\n"));
  }
}

TEST(TokenFile, HasATokenAUserAUidAndGroupsPerLine) {
  const auto tokens = parse_token_file("# comment\n\nabc, alice ,1,\"a,b\"\r\n\"d\"\"e\",bob,2\n");
  ASSERT_TRUE(tokens) << tokens.error();
  EXPECT_THAT(*tokens, ElementsAre(TokenEntry{"abc", "alice", "1", {"a", "b"}}, TokenEntry{"d\"e", "bob", "2", {}}));
}

TEST(TokenFile, MayBeEmpty) {
  EXPECT_THAT(*parse_token_file(""), IsEmpty());
}

TEST(TokenFile, NamesTheBadLine) {
  EXPECT_THAT(parse_token_file("a,b,c\na,b\n").error(), StartsWith("line 2: "));
  EXPECT_THAT(parse_token_file(",b,c\n").error(), StartsWith("line 1: "));
  EXPECT_THAT(parse_token_file("a,b,c,\"x\n").error(), HasSubstr("quote"));
}

TEST(Kubeconfig, NamesServerAuthorityAndToken) {
  const auto text = kubeconfig_text({.server = "https://h:1", .ca_pem = "PEM", .token = "a\"b"});
  EXPECT_THAT(text, HasSubstr("    server: \"https://h:1\"\n"));
  EXPECT_THAT(text, HasSubstr("    certificate-authority-data: UEVN\n"));
  EXPECT_THAT(text, HasSubstr("    token: \"a\\\"b\"\n"));
  EXPECT_THAT(text, HasSubstr("\ncurrent-context: metallb\n"));
  const auto plain = kubeconfig_text({.server = "http://h:1", .ca_pem = "", .token = ""});
  EXPECT_THAT(plain, Not(HasSubstr("certificate-authority")));
  EXPECT_THAT(plain, HasSubstr("  user: {}\n"));
}

TEST(Kubeconfig, ReachesAWildcardAddressOnThisHost) {
  EXPECT_EQ(server_url(false, "", 80), "http://127.0.0.1:80");
  EXPECT_EQ(server_url(true, "0.0.0.0", 443), "https://127.0.0.1:443");
  EXPECT_EQ(server_url(true, "::", 443), "https://[::1]:443");
  EXPECT_EQ(server_url(true, "fd00::1", 1), "https://[fd00::1]:1");
}

}  // namespace
}  // namespace metallb::app
