// The configuration as one speaker keeps it: bgp spec 1.5, 1.10, rows 106, 107, tN39 of controller spec 7.3.
#include "speaker/configuration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/speaker/speaker_under_test.hpp"

namespace metallb::speaker {
namespace {

using test::Recorder;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kOwnNamespace = "metallb-system";

class ConfigurationOfIris1 : public testing::Test {
 protected:
  ConfigurationOfIris1() {
    put(test::node("iris1", {{"rack", "1"}}));
    put(test::node("iris2", {{"rack", "2"}}));
  }

  template <class T>
  void put(T object) {
    configuration.on_change(kube::Change<T>(kube::Upserted<T>{std::make_shared<const T>(std::move(object))}));
  }
  static kube::BGPPeer peer(const std::string& name) {
    kube::BGPPeer out;
    out.metadata.namespace_ = kOwnNamespace;
    out.metadata.name = name;
    out.metadata.uid = "uid-" + name;
    out.spec.myASN = 64'512;
    out.spec.peerASN = 64'513;
    out.spec.peerAddress = "192.0.2.1";
    return out;
  }
  /// `password` in base64.
  static kube::Secret secret(const std::string& name, const std::string& password) {
    kube::Secret out;
    out.metadata.namespace_ = kOwnNamespace;
    out.metadata.name = name;
    out.type = "kubernetes.io/basic-auth";
    out.data = {{"username", "bWU="}, {"password", password}};
    return out;
  }
  [[nodiscard]] std::string password() const { return configuration.current()->bgp_peers.at(0).password; }

  Recorder log;
  Configuration configuration{kOwnNamespace, "iris1", Log(log)};
};

TEST_F(ConfigurationOfIris1, FollowsTheSecretOfAPeer) {
  auto keyed = peer("router");
  keyed.spec.passwordSecret.name = "key";
  put(keyed);
  (void)configuration.build();
  ASSERT_THAT(configuration.errors(), SizeIs(1));
  EXPECT_TRUE(configuration.errors()[0].transient);
  EXPECT_THAT(configuration.current()->bgp_peers, IsEmpty());

  put(secret("key", "b25l"));
  ASSERT_TRUE(configuration.due());
  ASSERT_TRUE(configuration.build().changed);
  EXPECT_EQ(password(), "one");
  EXPECT_FALSE(configuration.stale());

  put(secret("key", "dHdv"));
  ASSERT_TRUE(configuration.build().changed);
  EXPECT_EQ(password(), "two");

  // Deleted: the session keeps the password that it has.
  configuration.on_change(kube::Change<kube::Secret>(kube::Removed<kube::Secret>{{kOwnNamespace, "key"}}));
  ASSERT_TRUE(configuration.due());
  EXPECT_FALSE(configuration.build().changed);
  EXPECT_EQ(password(), "two");
  EXPECT_TRUE(configuration.stale());
}

TEST_F(ConfigurationOfIris1, TN39LooksAtNothingElseOfSecrets) {
  auto keyed = peer("router");
  keyed.spec.passwordSecret.name = "key";
  put(keyed);
  put(secret("key", "b25l"));
  ASSERT_TRUE(configuration.build().changed);

  auto renamed = secret("key", "b25l");
  renamed.data["username"] = "eW91";
  renamed.metadata.labels["a"] = "b";
  put(renamed);
  EXPECT_FALSE(configuration.due());

  auto foreign = secret("key", "dHdv");
  foreign.metadata.namespace_ = "default";
  put(foreign);
  EXPECT_FALSE(configuration.due());

  // tN39: an unrelated one changes nothing.
  put(secret("other", "dHdv"));
  EXPECT_FALSE(configuration.build().changed);
  EXPECT_EQ(password(), "one");
}

TEST_F(ConfigurationOfIris1, HasThePeersOfItsNodeAlone) {
  auto far = peer("far");
  far.spec.nodeSelectors = {{{{"rack", "2"}}, {}}};
  far.spec.myASN = 0;  // somebody else's trouble
  put(far);
  auto foreign = peer("foreign");
  foreign.metadata.namespace_ = "default";
  put(foreign);
  put(peer("near"));
  ASSERT_TRUE(configuration.build().changed);
  ASSERT_THAT(configuration.current()->bgp_peers, SizeIs(1));
  EXPECT_EQ(configuration.current()->bgp_peers[0].name, "near");

  put(test::node("iris1", {{"rack", "2"}}));
  ASSERT_TRUE(configuration.due());
  EXPECT_FALSE(configuration.build().changed);
  ASSERT_THAT(configuration.errors(), SizeIs(1));
  EXPECT_EQ(configuration.errors()[0].object, "BGPPeer metallb-system/far");
}

TEST_F(ConfigurationOfIris1, IsBuiltAgainWhenABgpKindChanges) {
  (void)configuration.build();
  const auto changes = [&](auto object, const auto& edit) {
    object.metadata.namespace_ = kOwnNamespace;
    object.metadata.name = "x";
    put(object);
    EXPECT_TRUE(configuration.due());
    (void)configuration.build();
    object.metadata.annotations["a"] = "b";
    put(object);
    EXPECT_FALSE(configuration.due());
    edit(object.spec);
    put(object);
    EXPECT_TRUE(configuration.due());
    (void)configuration.build();
  };
  changes(peer("x"), [](auto& spec) { spec.vrf = "red"; });
  changes(kube::BGPAdvertisement{}, [](auto& spec) { spec.localPref = 5; });
  changes(kube::BFDProfile{}, [](auto& spec) { spec.echoMode = true; });
}

TEST_F(ConfigurationOfIris1, ComplainsOnceAboutEachObjectAtFault) {
  EXPECT_THAT(configuration.build().complaints, IsEmpty());
  auto bad = peer("router");
  bad.spec.bfdProfile = "none";
  put(bad);
  const auto first = configuration.build().complaints;
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(first[0].reason, "InvalidConfiguration");
  EXPECT_EQ(first[0].about.kind, "BGPPeer");
  EXPECT_EQ(first[0].about.apiVersion, "metallb.io/v1beta2");
  EXPECT_EQ(first[0].about.uid, "uid-router");
  EXPECT_EQ(first[0].message.find("spec.bfdProfile: referencing non existing bfd profile \"none\": create "), 0);

  // What was told is not told again beside what is new.
  kube::BGPAdvertisement advertisement;
  advertisement.metadata.namespace_ = kOwnNamespace;
  advertisement.metadata.name = "adv";
  advertisement.spec.localPref = -1;
  put(advertisement);
  const auto second = configuration.build().complaints;
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(second[0].about.kind, "BGPAdvertisement");

  kube::BFDProfile profile;
  profile.metadata.namespace_ = kOwnNamespace;
  profile.metadata.name = "p";
  profile.spec.minimumTtl = 0;
  put(profile);
  const auto third = configuration.build().complaints;
  ASSERT_THAT(third, SizeIs(1));
  EXPECT_EQ(third[0].about.kind, "BFDProfile");
  EXPECT_THAT(configuration.errors(), SizeIs(3));
}

TEST_F(ConfigurationOfIris1, ComplainsAboutAPoolOnlyWhereTheControllerCannot) {
  kube::BGPAdvertisement advertisement;
  advertisement.metadata.namespace_ = kOwnNamespace;
  advertisement.metadata.name = "adv";
  advertisement.spec.aggregationLength = 24;
  put(advertisement);
  EXPECT_THAT(configuration.build().complaints, IsEmpty());

  kube::IPAddressPool pool;
  pool.metadata.namespace_ = kOwnNamespace;
  pool.metadata.name = "small";
  pool.spec.addresses = {"192.0.2.0/28"};
  put(pool);
  pool.metadata.name = "bad";
  pool.spec.addresses = {"nonsense"};
  put(pool);
  const auto complaints = configuration.build().complaints;
  EXPECT_THAT(configuration.errors(), SizeIs(2));
  ASSERT_THAT(complaints, SizeIs(1));
  EXPECT_EQ(complaints[0].about.kind, "IPAddressPool");
  EXPECT_EQ(complaints[0].about.name, "small");
}

}  // namespace
}  // namespace metallb::speaker
