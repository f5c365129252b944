#include "io/http/tls_profile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/http/self_signed.hpp"
#include "io/http/tls_context.hpp"

namespace metallb::io {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

constexpr const char* kTls12 = "VersionTLS12";

std::string error_of(std::string_view version, std::string_view suites, std::string_view curves) {
  const auto profile = parse_tls_profile(version, suites, curves);
  return profile ? "accepted" : profile.error();
}

TEST(TlsProfile, IsTls13WithTheLibrarysDefaultsWhenNothingIsGiven) {
  const auto profile = parse_tls_profile("", "", "");
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->minimum_version, 0x0304);
  EXPECT_EQ(profile->cipher_list, "");
  EXPECT_EQ(profile->groups, "");
}

TEST(TlsProfile, KnowsFourVersions) {
  EXPECT_EQ(parse_tls_profile("VersionTLS10", "", "")->minimum_version, 0x0301);
  EXPECT_EQ(parse_tls_profile("VersionTLS11", "", "")->minimum_version, 0x0302);
  EXPECT_EQ(parse_tls_profile("VersionTLS12", "", "")->minimum_version, 0x0303);
  EXPECT_EQ(parse_tls_profile("VersionTLS13", "", "")->minimum_version, 0x0304);
  for (const auto* bad : {"TLS12", "VersionTLS14", "versiontls12", "1.2"}) {
    EXPECT_THAT(error_of(bad, "", ""), StartsWith("parsing tls-min-version:")) << bad;
  }
}

TEST(TlsProfile, TranslatesSuitesToOpensslsNamesInTheirOrder) {
  const auto profile = parse_tls_profile(
      kTls12,
      " TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 , TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,TLS_RSA_WITH_AES_128_CBC_SHA",
      "");
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->cipher_list, "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:AES128-SHA");
  EXPECT_EQ(profile->minimum_version, 0x0303);
}

TEST(TlsProfile, AcceptsTls13AndOutdatedSuitesWithoutOfferingThemForTls12) {
  const auto profile =
      parse_tls_profile(kTls12, "TLS_AES_128_GCM_SHA256,TLS_RSA_WITH_RC4_128_SHA,TLS_RSA_WITH_AES_128_GCM_SHA256", "");
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->cipher_list, "AES128-GCM-SHA256");
  EXPECT_THAT(profile->unavailable, ElementsAre("TLS_AES_128_GCM_SHA256", "TLS_RSA_WITH_RC4_128_SHA"));
}

TEST(TlsProfile, SpeaksOnlyTls13WhenNoSuiteIsLeftForLess) {
  EXPECT_EQ(parse_tls_profile(kTls12, "TLS_AES_128_GCM_SHA256", "")->minimum_version, 0x0304);
}

TEST(TlsProfile, RefusesUnknownSuites) {
  for (const auto* bad : {"AES128-SHA", "TLS_NOPE", "TLS_RSA_WITH_AES_128_CBC_SHA,", "tls_rsa_with_aes_128_cbc_sha"}) {
    EXPECT_THAT(error_of(kTls12, bad, ""), StartsWith("parsing tls-cipher-suites:")) << bad;
  }
}

TEST(TlsProfile, RefusesSuitesTogetherWithTls13AlsoWhenItIsOnlyTheDefault) {
  EXPECT_EQ(error_of("", "TLS_RSA_WITH_AES_128_CBC_SHA", ""), "cipher suites cannot be configured with TLS 1.3");
  EXPECT_EQ(error_of("VersionTLS13", "TLS_AES_128_GCM_SHA256", ""), "cipher suites cannot be configured with TLS 1.3");
}

TEST(TlsProfile, TranslatesCurves) {
  const auto profile = parse_tls_profile("", "", "29, 23,24,25");
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->groups, "X25519:P-256:P-384:P-521");
  EXPECT_THAT(profile->unavailable, IsEmpty());
}

TEST(TlsProfile, AcceptsThePostQuantumGroupThatThisLibraryLacks) {
  const auto profile = parse_tls_profile("", "", "4588,29");
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->groups, "X25519");
  EXPECT_THAT(profile->unavailable, ElementsAre("4588"));
}

TEST(TlsProfile, RefusesBadCurves) {
  for (const auto* bad : {"x", "-1", "65536", "29,", "P-256", "1.5"}) {
    EXPECT_THAT(error_of("", "", bad), StartsWith("parsing tls-curve-preferences: invalid curve preference")) << bad;
  }
  EXPECT_THAT(error_of("", "", "0"), testing::HasSubstr("out of range"));
  EXPECT_THAT(error_of("", "", "29,29"), testing::HasSubstr("duplicate"));
  EXPECT_THAT(error_of("", "", "30"), testing::HasSubstr("not supported"));
}

TEST(TlsProfile, ChecksSuitesThenCurvesThenVersionThenWhetherTheyFit) {
  EXPECT_THAT(error_of("x", "x", "x"), StartsWith("parsing tls-cipher-suites:"));
  EXPECT_THAT(error_of("x", "TLS_AES_128_GCM_SHA256", "x"), StartsWith("parsing tls-curve-preferences:"));
  EXPECT_THAT(error_of("x", "TLS_AES_128_GCM_SHA256", "29"), StartsWith("parsing tls-min-version:"));
}

TEST(TlsProfile, SuitsAnEcdsaCertificateUnlessOnlySuitesForRsaAreAllowed) {
  const auto suits = [](std::string_view suites) { return parse_tls_profile(kTls12, suites, "")->suits_ecdsa(); };
  EXPECT_TRUE(suits(""));
  EXPECT_TRUE(suits("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"));
  EXPECT_FALSE(suits("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"));
  EXPECT_FALSE(suits("TLS_RSA_WITH_AES_128_GCM_SHA256"));
}

TEST(TlsProfile, IsUnderstoodByOpenssl) {
  const auto profile = parse_tls_profile(
      kTls12,
      "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,TLS_RSA_WITH_AES_256_GCM_SHA384",
      "23,24,25,29");
  ASSERT_TRUE(profile);
  const auto certificate =
      make_self_signed({"localhost"}, std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}, std::chrono::hours(1));
  ASSERT_TRUE(certificate);
  const auto context = make_tls_context({.certificate_pem = certificate->certificate_pem,
                                         .key_pem = certificate->key_pem,
                                         .minimum_version = profile->minimum_version,
                                         .cipher_list = profile->cipher_list,
                                         .groups = profile->groups});
  EXPECT_TRUE(context) << context.error().to_string();
}

}  // namespace
}  // namespace metallb::io
