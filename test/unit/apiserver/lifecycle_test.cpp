#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fixture.hpp"

namespace metallb::apiserver::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

const std::string kNamespaces = "/api/v1/namespaces";

std::string owned(const std::string& name, const std::vector<std::string>& uids) {
  std::string references;
  for (const auto& uid : uids) {
    references +=
        (references.empty() ? "" : ",") + (R"({"apiVersion":"v1","kind":"ConfigMap","name":"o","uid":")" + uid + "\"}");
  }
  return R"({"metadata":{"name":")" + name + R"(","ownerReferences":[)" + references + "]}}";
}

TEST(Delete, AnswersWithWhatItRemoved) {
  Api api;
  const auto made = api.post(kConfigMaps, config_map("c"));
  const auto gone = api.remove(kConfigMaps + "/c");
  EXPECT_EQ(gone.status, 200);
  EXPECT_EQ(gone.at("status"), "Success");
  EXPECT_EQ(gone.at("details.uid"), made.at("metadata.uid"));
  EXPECT_EQ(api.remove(kConfigMaps + "/c").status, 404);
}

TEST(Delete, PreconditionsHold) {
  Api api;
  (void)api.post(kConfigMaps, config_map("c"));
  EXPECT_EQ(api.remove(kConfigMaps + "/c", R"({"preconditions":{"uid":"x"}})").status, 409);
  EXPECT_EQ(api.remove(kConfigMaps + "/c", R"({"preconditions":{"resourceVersion":"1"}})").status, 409);
  EXPECT_EQ(api.remove(kConfigMaps + "/c", R"({"dryRun":["All"]})").status, 200);
  EXPECT_EQ(api.remove(kConfigMaps + "/c", "nonsense").status, 400);
  EXPECT_EQ(api.get(kConfigMaps + "/c").status, 200);
}

TEST(Delete, FinalizersHoldAnObjectUntilTheyAreGone) {
  Api api;
  (void)api.post(kConfigMaps, R"({"metadata":{"name":"c","finalizers":["a/b"]}})");
  const auto watch = api.watch(kConfigMaps + "?watch=1");
  (void)api.events(watch);
  const auto marked = api.remove(kConfigMaps + "/c");
  EXPECT_NE(marked.at("metadata.deletionTimestamp"), "");
  EXPECT_EQ(api.remove(kConfigMaps + "/c").status, 200);
  EXPECT_THAT(api.merge(kConfigMaps + "/c", R"({"metadata":{"finalizers":["a/b","c/d"]}})").message(),
              HasSubstr("no new finalizers"));
  EXPECT_EQ(api.merge(kConfigMaps + "/c", R"({"metadata":{"deletionTimestamp":null}})").status, 200);
  EXPECT_NE(api.get(kConfigMaps + "/c").at("metadata.deletionTimestamp"), "");
  (void)api.merge(kConfigMaps + "/c", R"({"metadata":{"finalizers":null}})");
  EXPECT_EQ(api.get(kConfigMaps + "/c").status, 404);
  EXPECT_THAT(api.events(watch), ElementsAre("MODIFIED c", "MODIFIED c", "DELETED c"));
}

TEST(Delete, ACollectionGoesBySelector) {
  Api api;
  (void)api.post(kConfigMaps, config_map("a", R"({"x":"1"})"));
  (void)api.post(kConfigMaps, config_map("b"));
  EXPECT_EQ(array_at(api.remove(kConfigMaps + "?labelSelector=x").body, "items")->size(), 1U);
  EXPECT_EQ(api.get(kConfigMaps + "/a").status, 404);
  EXPECT_EQ(api.get(kConfigMaps + "/b").status, 200);
}

TEST(Delete, DependantsFollowTheirLastOwner) {
  Api api;
  const auto one = api.post(kConfigMaps, config_map("one")).at("metadata.uid");
  const auto two = api.post(kConfigMaps, config_map("two")).at("metadata.uid");
  (void)api.post(kConfigMaps, owned("child", {one}));
  (void)api.post(kConfigMaps, owned("shared", {one, two}));
  const auto child = api.get(kConfigMaps + "/child").at("metadata.uid");
  (void)api.post(kConfigMaps, owned("grandchild", {child}));
  (void)api.remove(kConfigMaps + "/one");
  api.settle();
  EXPECT_EQ(api.get(kConfigMaps + "/child").status, 404);
  EXPECT_EQ(api.get(kConfigMaps + "/grandchild").status, 404);
  EXPECT_EQ(array_at(api.get(kConfigMaps + "/shared").body, "metadata.ownerReferences")->size(), 1U);
  (void)api.remove(kConfigMaps + "/two");
  api.settle();
  EXPECT_EQ(api.get(kConfigMaps + "/shared").status, 404);
}

TEST(Delete, OrphansLiveOn) {
  Api api;
  const auto owner = api.post(kConfigMaps, config_map("o")).at("metadata.uid");
  (void)api.post(kConfigMaps, owned("child", {owner}));
  (void)api.remove(kConfigMaps + "/o", R"({"propagationPolicy":"Orphan"})");
  api.settle();
  const auto child = api.get(kConfigMaps + "/child");
  EXPECT_EQ(child.status, 200);
  EXPECT_EQ(array_at(child.body, "metadata.ownerReferences"), nullptr);
}

TEST(Namespace, TakesItsContentsAlongInSlices) {
  Api api;
  (void)api.post(kNamespaces, R"({"metadata":{"name":"n"}})");
  for (int i = 0; i < 500; ++i) (void)api.post(kNamespaces + "/n/configmaps", config_map("c" + std::to_string(i)));
  const auto marked = api.remove(kNamespaces + "/n");
  EXPECT_EQ(marked.at("status.phase"), "Terminating");
  const auto refused = api.post(kNamespaces + "/n/configmaps", config_map("late"));
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.message(), HasSubstr("because it is being terminated"));
  EXPECT_LE(api.next_deadline(), api.now().steady);
  api.settle();
  EXPECT_EQ(api.get(kNamespaces + "/n").status, 404);
  EXPECT_TRUE(array_at(api.get(kNamespaces + "/n/configmaps").body, "items")->empty());
  EXPECT_EQ(api.next_deadline(), kIdle);
}

TEST(Namespace, WaitsForFinalizersInIt) {
  Api api;
  (void)api.post(kNamespaces, R"({"metadata":{"name":"n"}})");
  (void)api.post(kNamespaces + "/n/configmaps", R"({"metadata":{"name":"c","finalizers":["a/b"]}})");
  (void)api.remove(kNamespaces + "/n");
  api.settle();
  EXPECT_EQ(api.get(kNamespaces + "/n").status, 200);
  EXPECT_EQ(api.next_deadline(), kIdle) << "waits without spinning";
  (void)api.merge(kNamespaces + "/n/configmaps/c", R"({"metadata":{"finalizers":[]}})");
  api.settle();
  EXPECT_EQ(api.get(kNamespaces + "/n").status, 404);
}

TEST(Namespace, TheFirstOnesStay) {
  Api api;
  for (const auto* name : {"default", "kube-system"}) EXPECT_EQ(api.remove(kNamespaces + "/" + name).status, 403);
  EXPECT_EQ(api.get(kNamespaces + "/kube-node-lease").at("status.phase"), "Active");
}

TEST(Events, ExpireAfterAnHour) {
  Api api;
  const std::string events = "/api/v1/namespaces/default/events";
  (void)api.post(events, R"({"metadata":{"name":"a"},"count":1})");
  (void)api.post(events, R"({"metadata":{"name":"b"},"count":1})");
  api.advance(40min);
  (void)api.merge(events + "/b", R"({"count":2})");
  api.advance(30min);
  EXPECT_EQ(api.get(events + "/a").status, 404);
  EXPECT_EQ(api.get(events + "/b").status, 200);
  api.advance(40min);
  EXPECT_EQ(api.get(events + "/b").status, 404);
}

}  // namespace
}  // namespace metallb::apiserver::test
