#include <gtest/gtest.h>

#include "fixture.hpp"

namespace metallb::apiserver::test {
namespace {

TEST(Snapshot, ARestartKeepsEveryObjectWithItsUidAndVersion) {
  Api api;
  ASSERT_EQ(api.post(kServices, service("web")).status, 201);
  ASSERT_EQ(api.post(kConfigMaps, config_map("settings")).status, 201);
  const auto service_before = api.get(kServices + "/web");
  const auto map_before = api.get(kConfigMaps + "/settings");
  const auto version = api.get(kServices).at("metadata.resourceVersion");
  ASSERT_TRUE(api.restart(api.snapshot()));
  EXPECT_EQ(api.get(kServices + "/web").body, service_before.body);
  EXPECT_EQ(api.get(kConfigMaps + "/settings").body, map_before.body);
  EXPECT_EQ(api.get(kServices).at("metadata.resourceVersion"), version);
  EXPECT_EQ(api.get("/api/v1/namespaces/kube-system").status, 200);
}

TEST(Snapshot, WhatAServiceHoldsIsNotGivenToAnotherAfterARestart) {
  Api api;
  const auto first = api.post(kServices, service("first"));
  ASSERT_TRUE(api.restart(api.snapshot()));
  const auto taken = api.post(kServices, service("second", R"("clusterIP":")" + first.at("spec.clusterIP") + "\""));
  EXPECT_EQ(taken.status, 422);
  EXPECT_EQ(api.post(kServices, service("first")).status, 409);
}

TEST(Snapshot, WatchesOfTheEarlierLifeHaveToListAfresh) {
  Api api;
  const auto before = api.get(kServices).at("metadata.resourceVersion");
  ASSERT_EQ(api.post(kServices, service("web")).status, 201);
  ASSERT_TRUE(api.restart(api.snapshot()));
  const auto stale = api.watch(kServices + "?watch=1&resourceVersion=" + before);
  const auto events = api.raw_events(stale);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(number_at(events[0], "object.code"), 410);
  const auto current = api.get(kServices).at("metadata.resourceVersion");
  const auto fresh = api.watch(kServices + "?watch=1&resourceVersion=" + current);
  ASSERT_EQ(api.post(kServices, service("later")).status, 201);
  EXPECT_EQ(api.events(fresh), std::vector<std::string>{"ADDED later"});
}

TEST(Snapshot, TheDeepestObjectThatIsTakenIsReadAgain) {
  Api api;
  const std::string head = R"({"metadata":{"name":"deep"},"extra":)";
  const auto nested = [&](std::size_t levels) {
    return head + std::string(levels - 1, '[') + std::string(levels - 1, ']') + "}";
  };
  ASSERT_EQ(api.post(kConfigMaps, nested(kMaximumDepth + 1)).status, 400);
  ASSERT_EQ(api.post(kConfigMaps, nested(kMaximumDepth)).status, 201);
  const auto before = api.get(kConfigMaps + "/deep").text;
  ASSERT_TRUE(api.restart(api.snapshot()));
  EXPECT_EQ(api.get(kConfigMaps + "/deep").text, before);
}

TEST(Snapshot, TextThatIsNoSnapshotIsRefused) {
  Api api;
  for (const auto* text :
       {"", "no", "[]", "{}", R"({"version":5})", R"({"version":0,"objects":[]})", R"({"version":5,"objects":[1]})",
        R"({"version":5,"objects":[{"apiVersion":"v1","kind":"Unknown","metadata":{"name":"a"}}]})",
        R"({"version":5,"objects":[{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"}}]})",
        R"({"version":5,"objects":[{"apiVersion":"v1","kind":"Node","metadata":{}}]})"}) {
    EXPECT_FALSE(api.restart(text)) << text;
  }
}

}  // namespace
}  // namespace metallb::apiserver::test
