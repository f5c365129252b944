// The webhooks' certificates: controller spec 6.6, operations spec 6.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "admission/certificate_keeper.hpp"
#include "base/base64.hpp"
#include "kube/json_text.hpp"

namespace metallb::admission {
namespace {

using namespace std::chrono_literals;
using std::chrono::hours;
using testing::HasSubstr;

constexpr auto kName = "metallb-webhook-service.metallb-system.svc";
constexpr auto kDay = hours(24);
const Now kStart{.steady = SteadyPoint(1h), .wall = WallPoint(24h * 365 * 50)};

/// Made at kStart.
SecretFacts good_facts() {
  return {.authority = CertificateFacts{.not_before = kStart.wall - 1h,
                                        .not_after = kStart.wall + kAuthorityLifetime,
                                        .authority = true,
                                        .names = {"cert"}},
          .authority_key_fits = true,
          .server = CertificateFacts{.not_before = kStart.wall - 1h,
                                     .not_after = kStart.wall + kServerLifetime,
                                     .for_servers = true,
                                     .names = {kName}},
          .server_key_fits = true,
          .server_signed_by_authority = true};
}

TEST(CertificatePlan, RenewsWhatIsBadAndNoMore) {
  struct PlanRow {
    const char* what;
    void (*edit)(SecretFacts&);
    Renewal renewal;
    bool serves;  ///< meanwhile
  };
  const PlanRow rows[] = {
      {"good", [](auto&) {}, Renewal::kNothing, true},
      {"empty", [](auto& f) { f = {}; }, Renewal::kEverything, false},
      {"no authority", [](auto& f) { f.authority.reset(); }, Renewal::kEverything, true},
      {"authority is none", [](auto& f) { f.authority->authority = false; }, Renewal::kEverything, true},
      {"authority's key", [](auto& f) { f.authority_key_fits = false; }, Renewal::kEverything, true},
      {"authority ends", [](auto& f) { f.authority->not_after = kStart.wall + kDay * 90; }, Renewal::kEverything, true},
      {"authority lasts", [](auto& f) { f.authority->not_after = kStart.wall + kDay * 90 + 1s; }, Renewal::kNothing, true},
      {"authority of tomorrow", [](auto& f) { f.authority->not_before = kStart.wall + 1s; }, Renewal::kEverything, true},
      {"no server", [](auto& f) { f.server.reset(); }, Renewal::kServer, false},
      {"server's key", [](auto& f) { f.server_key_fits = false; }, Renewal::kServer, false},
      {"another authority", [](auto& f) { f.server_signed_by_authority = false; }, Renewal::kServer, true},
      {"for clients", [](auto& f) { f.server->for_servers = false; }, Renewal::kServer, true},
      {"another name", [](auto& f) { f.server->names = {"webhook.default.svc"}; }, Renewal::kServer, true},
      {"one name of several", [](auto& f) { f.server->names = {"a", kName}; }, Renewal::kNothing, true},
      {"server ends", [](auto& f) { f.server->not_after = kStart.wall + kDay * 90; }, Renewal::kServer, true},
      {"server lasts", [](auto& f) { f.server->not_after = kStart.wall + kDay * 90 + 1s; }, Renewal::kNothing, true},
      {"server ended", [](auto& f) { f.server->not_after = kStart.wall; }, Renewal::kServer, false},
      {"server of tomorrow", [](auto& f) { f.server->not_before = kStart.wall + 1s; }, Renewal::kServer, false},
      {"both", [](auto& f) { f.server.reset(), f.authority.reset(); }, Renewal::kEverything, false},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    auto facts = good_facts();
    row.edit(facts);
    const auto plan = plan_certificates(facts, kName, kStart.wall);
    EXPECT_EQ(plan.renewal, row.renewal) << plan.reason;
    EXPECT_EQ(plan.reason.empty(), row.renewal == Renewal::kNothing);
    EXPECT_EQ(can_serve(facts, kStart.wall), row.serves);
  }
}

TEST(CaBundles, AreFilledWhereThereIsRoomAndNothingElseIsTouched) {
  const auto bundle = encode_base64("PEM");
  const auto json_of = [](const std::string& text) { return kube::parse_json(text).value(); };
  const auto configuration = [&](const std::string& metadata, const std::string& first, const std::string& second) {
    return json_of(R"({"metadata":)" + metadata + R"(,"webhooks":[{"name":"a","clientConfig":{"service":{"name":"s"})" +
                   first + R"(}},{"name":"b","clientConfig":{)" + second + "}}]}");
  };
  const auto set = R"("caBundle":")" + bundle + '"';
  const auto holder = BundleHolder::kWebhookConfiguration;
  EXPECT_EQ(with_authority(holder, configuration("{}", "", R"("caBundle":"b2xk")"), "PEM"),
            configuration("{}", "," + set, set));
  EXPECT_EQ(with_authority(holder, configuration("{}", "," + set, set), "PEM"), std::nullopt);
  EXPECT_EQ(with_authority(holder, configuration(R"({"deletionTimestamp":"2026-01-01T00:00:00Z"})", "", ""), "PEM"),
            std::nullopt);
  EXPECT_EQ(with_authority(holder, json_of(R"({"metadata":{},"webhooks":7})"), "PEM"), std::nullopt);
  EXPECT_EQ(with_authority(holder, json_of("[]"), "PEM"), std::nullopt);

  const auto definition = BundleHolder::kPeerDefinition;
  EXPECT_EQ(
      with_authority(definition,
                     json_of(R"({"metadata":{},"spec":{"group":"g","conversion":{"webhook":{"clientConfig":{}}}}})"), "PEM"),
      json_of(R"({"metadata":{},"spec":{"group":"g","conversion":{"webhook":{"clientConfig":{)" + set + "}}}}}"));
  EXPECT_EQ(with_authority(definition, json_of(R"({"metadata":{},"spec":{"conversion":{"strategy":"None"}}})"), "PEM"),
            std::nullopt);
}

/// A keeper, its clock, and what it has asked for.
class CertificateKeeperTest : public testing::Test {
 protected:
  static SecretSeen secret(const std::string& version, const std::string& tag = "one", SecretFacts facts = good_facts()) {
    return {.resource_version = version, .content = {"ca " + tag, "cakey", "crt " + tag, "key"}, .facts = std::move(facts)};
  }
  CertificateKeeper::Output feed(const CertificateKeeper::Input& in) {
    CertificateKeeper::Output out;
    keeper.on_input(now, in, out);
    return out;
  }
  CertificateKeeper::Output pass(Duration time) {
    now.steady += time;
    now.wall += time;
    CertificateKeeper::Output out;
    keeper.on_time(now, out);
    return out;
  }
  /// The only action of its type; a failed expectation when there are none or several.
  template <class Wanted>
  static Wanted only(const CertificateKeeper::Output& out) {
    Wanted found{};
    int count = 0;
    for (const auto& action : out) {
      if (const auto* const match = std::get_if<Wanted>(&action)) found = *match, ++count;
    }
    EXPECT_EQ(count, 1);
    return found;
  }
  template <class Wanted>
  static std::size_t count(const CertificateKeeper::Output& out) {
    return static_cast<std::size_t>(
        std::count_if(out.begin(), out.end(), [](const auto& action) { return std::holds_alternative<Wanted>(action); }));
  }
  static kube::WriteDone failed(kube::WriteError::Reason reason) {
    return {.id = ActionId(1), .result = std::unexpected(kube::WriteError{reason, "because"})};
  }

  Now now = kStart;
  CertificateKeeper keeper{{.secret = {"metallb-system", "metallb-webhook-cert"}, .server_name = kName}, Log()};
};

TEST_F(CertificateKeeperTest, ServesAndInjectsWhatItFinds) {
  const auto out = feed(secret("1"));
  const auto serve = only<Serve>(out);
  EXPECT_EQ(serve.certificate + serve.key, "crt onekey");
  EXPECT_EQ(count<Inject>(out), 2U);
  EXPECT_EQ(count<Make>(out), 0U);
  EXPECT_EQ(keeper.next_deadline(), now.steady + 12h);
}

TEST_F(CertificateKeeperTest, FillsAnEmptySecretAndServesOnlyWhatWasStored) {
  auto out = feed(secret("7", "none", {}));
  EXPECT_EQ(count<Serve>(out) + count<Inject>(out), 0U);
  EXPECT_EQ(only<Make>(out).renewal, Renewal::kEverything);
  EXPECT_EQ(only<Make>(out).server_name, kName);
  out = feed(Made{Certificates{"CA", "CAKEY", "CRT", "KEY"}});
  const auto write = only<kube::Write>(out);
  EXPECT_EQ(count<Serve>(out), 0U);
  EXPECT_EQ(write.verb, kube::Verb::kMergePatch);
  EXPECT_EQ(*kube::parse_json(write.body),
            *kube::parse_json(R"({"data":{"ca.crt":"Q0E=","ca.key":"Q0FLRVk=","tls.crt":"Q1JU","tls.key":"S0VZ"},"metadata":
                {"name":"metallb-webhook-cert","namespace":"metallb-system","resourceVersion":"7"}})"));
  feed(kube::WriteDone{.id = write.id, .result = "{}"});
  out = feed(secret("8"));
  EXPECT_EQ(count<Serve>(out), 1U);
  EXPECT_EQ(count<Inject>(out), 2U);
}

TEST_F(CertificateKeeperTest, CreatesAMissingSecret) {
  only<Make>(feed(SecretMissing{}));
  const auto write = only<kube::Write>(feed(Made{Certificates{"CA", "CAKEY", "CRT", "KEY"}}));
  EXPECT_EQ(write.verb, kube::Verb::kCreate);
  EXPECT_THAT(write.body, HasSubstr(R"("kind":"Secret")"));
  EXPECT_THAT(write.body, testing::Not(HasSubstr("resourceVersion")));
}

TEST_F(CertificateKeeperTest, TheReplicaThatComesSecondUsesTheFirstOnesCertificates) {
  feed(secret("7", "none", {}));
  only<kube::Write>(feed(Made{Certificates{"CA", "CAKEY", "CRT", "KEY"}}));
  // The other one's write arrives while ours is refused.
  EXPECT_EQ(only<Serve>(feed(secret("8", "theirs"))).certificate, "crt theirs");
  auto out = feed(failed(kube::WriteError::Reason::kConflict));
  EXPECT_EQ(count<Make>(out) + count<kube::Write>(out), 0U);
  EXPECT_EQ(count<Make>(pass(30s)), 0U);
}

TEST_F(CertificateKeeperTest, CertificatesMadeForAnOlderSecretAreNotWritten) {
  feed(secret("7", "none", {}));
  feed(secret("8", "theirs"));
  EXPECT_EQ(count<kube::Write>(feed(Made{Certificates{"CA", "CAKEY", "CRT", "KEY"}})), 0U);
}

TEST_F(CertificateKeeperTest, TriesAgainEverLessOften) {
  feed(secret("7", "none", {}));
  EXPECT_TRUE(feed(Made{std::unexpected(std::string("no randomness"))}).empty());
  EXPECT_EQ(keeper.next_deadline(), now.steady + 1s);
  only<Make>(pass(1s));
  only<kube::Write>(feed(Made{Certificates{"CA", "CAKEY", "CRT", "KEY"}}));
  feed(failed(kube::WriteError::Reason::kForbidden));
  EXPECT_EQ(keeper.next_deadline(), now.steady + 2s);
  only<Make>(pass(2s));
}

TEST_F(CertificateKeeperTest, RenewsTheServersCertificateInTimeAndServesTheOldOneMeanwhile) {
  feed(secret("1"));
  feed(Injected{BundleHolder::kWebhookConfiguration, {}});
  feed(Injected{BundleHolder::kPeerDefinition, {}});
  Duration passed = 0s;
  CertificateKeeper::Output out;
  while (count<Make>(out) == 0 && passed < kDay * 400) {
    out = pass(12h);
    passed += 12h;
    for (const auto holder : kBundleHolders) feed(Injected{holder, {}});
  }
  EXPECT_EQ(passed, kDay * (365 - 90));
  EXPECT_EQ(only<Make>(out).renewal, Renewal::kServer);
  EXPECT_EQ(only<Make>(out).current.authority, "ca one");
  EXPECT_EQ(count<Serve>(out), 0U) << "it is being served already";
}

TEST_F(CertificateKeeperTest, InjectsAgainWhenAHolderChanges) {
  EXPECT_TRUE(feed(HolderSeen{BundleHolder::kPeerDefinition}).empty()) << "there is no authority yet";
  feed(secret("1"));
  EXPECT_TRUE(feed(HolderSeen{BundleHolder::kPeerDefinition}).empty()) << "one is under way";
  auto out = feed(Injected{BundleHolder::kPeerDefinition, {}});
  EXPECT_EQ(only<Inject>(out).holder, BundleHolder::kPeerDefinition) << "it had changed meanwhile";
  EXPECT_TRUE(feed(Injected{BundleHolder::kPeerDefinition, {}}).empty());
  EXPECT_EQ(only<Inject>(feed(HolderSeen{BundleHolder::kPeerDefinition})).authority, "ca one");
  EXPECT_TRUE(feed(Injected{BundleHolder::kPeerDefinition, std::unexpected(std::string("away"))}).empty());
  EXPECT_EQ(keeper.next_deadline(), now.steady + 1s);
  EXPECT_EQ(only<Inject>(pass(1s)).holder, BundleHolder::kPeerDefinition);
}

TEST_F(CertificateKeeperTest, ServesAndInjectsANewCertificateAtOnce) {
  feed(secret("1"));
  for (const auto holder : kBundleHolders) feed(Injected{holder, {}});
  const auto out = feed(secret("2", "two"));
  EXPECT_EQ(only<Serve>(out).certificate, "crt two");
  EXPECT_EQ(count<Inject>(out), 2U);
}

}  // namespace
}  // namespace metallb::admission
