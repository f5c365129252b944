#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "fixture.hpp"

namespace metallb::apiserver::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using namespace std::chrono_literals;

std::string version_of(const Answer& answer) {
  return answer.at("metadata.resourceVersion");
}

TEST(Watch, WithoutVersionStartsWithWhatThereIs) {
  Api api;
  (void)api.post(kConfigMaps, config_map("a"));
  const auto watch = api.watch(kConfigMaps + "?watch=1");
  EXPECT_THAT(api.events(watch), ElementsAre("ADDED a"));
  (void)api.post(kConfigMaps, config_map("b"));
  (void)api.merge(kConfigMaps + "/a", R"({"data":{"k":"2"}})");
  (void)api.remove(kConfigMaps + "/a");
  EXPECT_THAT(api.events(watch), ElementsAre("ADDED b", "MODIFIED a", "DELETED a"));
}

TEST(Watch, FromAVersionTellsWhatCameAfter) {
  Api api;
  (void)api.post(kConfigMaps, config_map("a"));
  const auto version = version_of(api.get(kConfigMaps));
  (void)api.post(kConfigMaps, config_map("b"));
  (void)api.remove(kConfigMaps + "/a");
  const auto watch = api.watch(kConfigMaps + "?watch=true&resourceVersion=" + version);
  EXPECT_THAT(api.events(watch), ElementsAre("ADDED b", "DELETED a"));
}

TEST(Watch, SeesItsKindAndNamespaceOnly) {
  Api api;
  (void)api.post("/api/v1/namespaces", R"({"metadata":{"name":"other"}})");
  const auto here = api.watch(kConfigMaps + "?watch=1");
  const auto everywhere = api.watch("/api/v1/configmaps?watch=1");
  (void)api.post("/api/v1/namespaces/other/configmaps", config_map("x"));
  (void)api.post(kServices, service("s"));
  EXPECT_THAT(api.events(here), IsEmpty());
  EXPECT_THAT(api.events(everywhere), ElementsAre("ADDED x"));
}

TEST(Watch, AnObjectThatLeavesTheSelectionIsDeleted) {
  Api api;
  const auto watch = api.watch(kConfigMaps + "?watch=1&labelSelector=app%3Dx");
  (void)api.post(kConfigMaps, config_map("c", R"({"app":"y"})"));
  EXPECT_THAT(api.events(watch), IsEmpty());
  (void)api.merge(kConfigMaps + "/c", R"({"metadata":{"labels":{"app":"x"}}})");
  EXPECT_THAT(api.events(watch), ElementsAre("ADDED c"));
  const auto left = api.merge(kConfigMaps + "/c", R"({"metadata":{"labels":{"app":"y"}}})");
  const auto events = api.raw_events(watch);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(text_at(events[0], "type"), "DELETED");
  EXPECT_EQ(text_at(events[0], "object.metadata.labels.app"), "x") << "the last state that the watch knew";
  EXPECT_EQ(text_at(events[0], "object.metadata.resourceVersion"), version_of(left));
}

TEST(Watch, FieldSelectorFollowsOneObject) {
  Api api;
  const auto watch = api.watch(kConfigMaps + "?watch=1&fieldSelector=metadata.name%3Db");
  (void)api.post(kConfigMaps, config_map("a"));
  (void)api.post(kConfigMaps, config_map("b"));
  EXPECT_THAT(api.events(watch), ElementsAre("ADDED b"));
}

TEST(Watch, OutOfTheWindowIsGone) {
  Options options;
  options.watch_window = 2;
  Api api(options);
  const auto version = version_of(api.get(kConfigMaps));
  for (const auto* name : {"a", "b", "c"}) (void)api.post(kConfigMaps, config_map(name));
  const auto watch = api.watch(kConfigMaps + "?watch=1&resourceVersion=" + version);
  const auto events = api.raw_events(watch);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(text_at(events[0], "type"), "ERROR");
  EXPECT_EQ(number_at(events[0], "object.code"), 410);
  EXPECT_EQ(text_at(events[0], "object.reason"), "Expired");
  EXPECT_TRUE(api.ended(watch));
}

TEST(Watch, FromTheNewestVersionWorksWithoutAnyWindow) {
  Options options;
  options.watch_window = 0;
  Api api(options);
  (void)api.post(kConfigMaps, config_map("a"));
  const auto watch = api.watch(kConfigMaps + "?watch=1&resourceVersion=" + version_of(api.get(kConfigMaps)));
  EXPECT_FALSE(api.ended(watch));
  (void)api.post(kConfigMaps, config_map("b"));
  EXPECT_THAT(api.events(watch), ElementsAre("ADDED b"));
}

TEST(Watch, VersionsOfAnotherLifeAreGone) {
  Options first;
  first.seed = 7;
  Options second;
  second.seed = 8;
  Api old_life(first);
  Api new_life(second);
  const auto version = version_of(old_life.get(kConfigMaps));
  EXPECT_NE(version, version_of(new_life.get(kConfigMaps)));
  const auto watch = new_life.watch(kConfigMaps + "?watch=1&resourceVersion=" + version);
  EXPECT_TRUE(new_life.ended(watch));
}

TEST(Watch, BookmarksComeEachMinuteAndAtTheEnd) {
  Api api;
  const auto watch = api.watch(kConfigMaps + "?watch=1&allowWatchBookmarks=true&timeoutSeconds=90");
  (void)api.post(kServices, service("s"));
  const auto newest = version_of(api.get(kConfigMaps));
  api.advance(61s);
  auto events = api.raw_events(watch);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(text_at(events[0], "type"), "BOOKMARK");
  EXPECT_EQ(text_at(events[0], "object.kind"), "ConfigMap");
  EXPECT_EQ(text_at(events[0], "object.metadata.resourceVersion"), newest);
  EXPECT_FALSE(api.ended(watch));
  api.advance(30s);
  EXPECT_THAT(api.events(watch), ElementsAre("BOOKMARK"));
  EXPECT_TRUE(api.ended(watch));
}

TEST(Watch, WithoutAskingThereAreNoBookmarks) {
  Api api;
  const auto watch = api.watch(kConfigMaps + "?watch=1&timeoutSeconds=90");
  api.advance(100s);
  EXPECT_THAT(api.events(watch), IsEmpty());
  EXPECT_TRUE(api.ended(watch));
}

TEST(Watch, EndsByItselfBetweenHalfAnHourAndAnHour) {
  Api api;
  const auto watch = api.watch(kConfigMaps + "?watch=1");
  api.advance(30min - 1s);
  EXPECT_FALSE(api.ended(watch));
  api.advance(31min);
  EXPECT_TRUE(api.ended(watch));
}

TEST(Watch, AClosedStreamGetsNothingAndCostsNothing) {
  Api api;
  const auto watch = api.watch(kConfigMaps + "?watch=1");
  api.close(watch);
  EXPECT_EQ(api.next_deadline(), kIdle);
  (void)api.post(kConfigMaps, config_map("a"));
  EXPECT_THAT(api.events(watch), IsEmpty());
}

TEST(Watch, TablesComeAsEventsToo) {
  Api api;
  const auto watch = api.watch(kServices + "?watch=1", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
  const auto events = api.raw_events(watch);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(text_at(events[0], "object.kind"), "Table");
  EXPECT_EQ(array_at(events[0], "object.rows")->at(0).as_object().at("cells").as_array().at(0), json::value("kubernetes"));
}

TEST(Watch, InitialEventsOnDemandAreRefusedAsWithoutTheFeature) {
  Api api;
  const auto refused = api.get(kConfigMaps + "?watch=1&sendInitialEvents=true");
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.message(), HasSubstr("sendInitialEvents is forbidden"));
}

// Whoever lists once and then follows the watch, from whatever version on, knows what a new list says.
RC_GTEST_PROP(Watch, FollowingEqualsListing, ()) {
  Api api;
  std::map<std::string, std::string> followed;
  const auto start = version_of(api.get(kConfigMaps));
  RequestId watch;
  const auto steps =
      *rc::gen::container<std::vector<std::pair<int, int>>>(rc::gen::pair(rc::gen::inRange(0, 3), rc::gen::inRange(0, 4)));
  const auto join_at = *rc::gen::inRange<std::size_t>(0, steps.size() + 1);
  for (std::size_t i = 0; i <= steps.size(); ++i) {
    if (i == join_at) watch = api.watch(kConfigMaps + "?watch=1&labelSelector=on&resourceVersion=" + start);
    if (i == steps.size()) break;
    const auto name = "c" + std::to_string(steps[i].second);
    const bool on = i % 2 == 0;
    if (steps[i].first == 0) (void)api.post(kConfigMaps, config_map(name, on ? R"({"on":""})" : "{}"));
    if (steps[i].first == 1)
      (void)api.merge(kConfigMaps + "/" + name,
                      on ? R"({"metadata":{"labels":{"on":"1"}}})" : R"({"metadata":{"labels":{"on":null}}})");
    if (steps[i].first == 2) (void)api.remove(kConfigMaps + "/" + name);
  }
  for (const auto& event : api.raw_events(watch)) {
    const auto name = text_at(event, "object.metadata.name");
    const bool known = followed.contains(name);
    RC_ASSERT(known == (text_at(event, "type") != "ADDED"));
    if (text_at(event, "type") == "DELETED") {
      followed.erase(name);
    } else {
      followed[name] = text_at(event, "object.metadata.resourceVersion");
    }
  }
  std::map<std::string, std::string> listed;
  const auto list = api.get(kConfigMaps + "?labelSelector=on");
  for (const auto& item : *array_at(list.body, "items")) {
    listed[text_at(item.as_object(), "metadata.name")] = text_at(item.as_object(), "metadata.resourceVersion");
  }
  RC_ASSERT(followed == listed);
}

}  // namespace
}  // namespace metallb::apiserver::test
