// The Secret of the membership: controller spec 5.1, "Memberlist secret".
#include "controller/membership_secret.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <chrono>

#include "kube/resource.hpp"

namespace metallb::controller {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

const ObjectKey kSecret{"metallb-system", "memberlist"};

struct MembershipSecretTest : testing::Test {
  explicit MembershipSecretTest(std::string deployment = "controller")
      : core({.secret = kSecret, .deployment = std::move(deployment), .value = "AAECAwQFBgcICQoLDA0ODw"}, Log()) {
    core.on_time(now(), out);
  }

  [[nodiscard]] Now now() const { return {at, {}}; }
  /// What follows from an outcome.
  MembershipSecret::Output after(const MembershipSecret::Input& in) {
    out.clear();
    core.on_input(now(), in, out);
    return out;
  }
  /// Lets the time pass until it wants to be called, and returns how long that was.
  Duration wait() {
    const auto before = at;
    at = core.next_deadline();
    out.clear();
    core.on_time(now(), out);
    return at - before;
  }
  template <class T>
  [[nodiscard]] const T& only() const {
    EXPECT_EQ(out.size(), 1U);
    return std::get<T>(out.at(0));
  }
  [[nodiscard]] boost::json::object made() const { return boost::json::parse(only<kube::Write>().body).as_object(); }
  static kube::WriteDone refused(kube::WriteError::Reason reason) {
    return {ActionId(1), std::unexpected(kube::WriteError{reason, "no"})};
  }

  SteadyPoint at{};
  MembershipSecret::Output out;
  MembershipSecret core;
};

struct WithoutDeployment : MembershipSecretTest {
  WithoutDeployment() : MembershipSecretTest("") {}
};

const Answer kNone{200, R"({"items": []})"};
const Answer kOne{200, R"({"items": [{"metadata": {"name": "memberlist"}}]})"};
const Answer kDeployment{200, R"({"metadata": {"name": "controller", "uid": "u-1"}})"};

TEST_F(MembershipSecretTest, ASecretThatIsThereIsLeftAlone) {
  EXPECT_EQ(only<ListSecret>().key, kSecret);
  EXPECT_THAT(after(kOne), IsEmpty());
  EXPECT_EQ(core.next_deadline(), kIdle);
}

TEST_F(MembershipSecretTest, IsMadeWithItsKeyAndOwnedByTheDeployment) {
  after(kNone);
  EXPECT_EQ(only<ReadDeployment>().key, (ObjectKey{"metallb-system", "controller"}));
  after(kDeployment);
  EXPECT_EQ(only<kube::Write>().verb, kube::Verb::kCreate);
  EXPECT_EQ(only<kube::Write>().resource, &kube::resource_of<kube::Secret>());
  EXPECT_EQ(only<kube::Write>().key, kSecret);
  EXPECT_EQ(made(), boost::json::parse(R"({
    "apiVersion": "v1", "kind": "Secret",
    "metadata": {"name": "memberlist", "namespace": "metallb-system",
                 "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "controller", "uid": "u-1"}]},
    "stringData": {"secretkey": "AAECAwQFBgcICQoLDA0ODw"}})"));
  EXPECT_THAT(after(kube::WriteDone{ActionId(1), "{}"}), IsEmpty());
  EXPECT_EQ(core.next_deadline(), kIdle);
}

TEST_F(WithoutDeployment, IsMadeWithoutAnOwner) {
  after(kNone);
  EXPECT_FALSE(made().at("metadata").as_object().contains("ownerReferences"));
}

TEST_F(MembershipSecretTest, IsMadeWithoutAnOwnerWhereTheDeploymentIsMissingOrMayNotBeRead) {
  for (const Answer& answer : {Answer{404, "not found"}, Answer{403, "forbidden"}, Answer{200, "no JSON"}}) {
    core = MembershipSecret({.secret = kSecret, .deployment = "controller", .value = "x"}, Log());
    core.on_time(now(), out);
    after(kNone);
    after(answer);
    EXPECT_FALSE(made().at("metadata").as_object().contains("ownerReferences")) << answer.body;
  }
}

TEST_F(MembershipSecretTest, AnotherReplicaThatWasQuickerIsASuccess) {
  after(kNone);
  after(kDeployment);
  after(refused(kube::WriteError::Reason::kAlreadyExists));
  EXPECT_EQ(core.next_deadline(), kIdle);
}

TEST_F(MembershipSecretTest, EveryFailureIsTriedAgainFromTheBeginningEverLessOften) {
  after(Answer{0, "connection refused"});
  EXPECT_EQ(wait(), 1s);
  after(Answer{403, "forbidden"});
  EXPECT_EQ(wait(), 2s);
  after(Answer{200, "[]"});
  EXPECT_EQ(wait(), 4s);
  after(kNone);
  after(Answer{503, "busy"});
  EXPECT_EQ(wait(), 8s) << "of the Deployment, too, an answer is waited for";
  after(kNone);
  after(kDeployment);
  after(refused(kube::WriteError::Reason::kForbidden));
  EXPECT_EQ(wait(), 16s);
  EXPECT_EQ(only<ListSecret>().key, kSecret);
  for (int i = 0; i < 10; ++i) {
    after(Answer{500, ""});
    wait();
  }
  after(Answer{500, ""});
  EXPECT_EQ(wait(), 5min);
}

TEST_F(MembershipSecretTest, OutcomesThatBelongToNothingAreIgnored) {
  EXPECT_THAT(after(kube::WriteDone{ActionId(1), "{}"}), IsEmpty());
  after(kOne);
  EXPECT_THAT(after(kNone), IsEmpty());
  EXPECT_THAT(after(refused(kube::WriteError::Reason::kForbidden)), IsEmpty());
  EXPECT_EQ(core.next_deadline(), kIdle);
}

}  // namespace
}  // namespace metallb::controller
