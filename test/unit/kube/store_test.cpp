#include "kube/store.hpp"

#include <gtest/gtest.h>

#include "kube/objects/core.hpp"

namespace metallb::kube {
namespace {

using Slices = Store<EndpointSlice>;

std::shared_ptr<const EndpointSlice> slice(const std::string& name, const std::string& version,
                                           const std::string& service = "web", const std::string& uid = "u") {
  EndpointSlice object;
  object.metadata.namespace_ = "shop";
  object.metadata.name = name;
  object.metadata.uid = uid;
  object.metadata.resourceVersion = version;
  object.metadata.labels["kubernetes.io/service-name"] = service;
  return std::make_shared<const EndpointSlice>(object);
}
Upserted<EndpointSlice> up(std::shared_ptr<const EndpointSlice> object) {
  return {std::move(object)};
}
ObjectKey key(const std::string& name) {
  return {"shop", name};
}
std::string version_of(const Slices& store, const std::string& name) {
  const auto object = store.get(key(name));
  return object ? object->metadata.resourceVersion : "none";
}

TEST(Store, KeepsTheNewestAndReturnsWhatWasThereBefore) {
  Slices store;
  EXPECT_EQ(store.apply(up(slice("a", "1"))), nullptr);
  const auto before = store.apply(up(slice("a", "2")));
  ASSERT_NE(before, nullptr);
  EXPECT_EQ(before->metadata.resourceVersion, "1");
  EXPECT_EQ(version_of(store, "a"), "2");
  EXPECT_EQ(store.apply(Removed<EndpointSlice>{key("a")})->metadata.resourceVersion, "2");
  EXPECT_EQ(store.apply(Removed<EndpointSlice>{key("a")}), nullptr);
  EXPECT_EQ(store.size(), 0U);
}

TEST(Store, IsListedAfterTheFirstWholeList) {
  Slices store;
  store.apply(up(slice("a", "1")));
  EXPECT_FALSE(store.listed());
  store.apply(Listed<EndpointSlice>{});
  EXPECT_TRUE(store.listed());
}

TEST(Store, KeepsItsIndexInStep) {
  Slices store([](const EndpointSlice& s) { return std::vector{s.metadata.labels.at("kubernetes.io/service-name")}; });
  store.apply(up(slice("b", "1", "web")));
  store.apply(up(slice("a", "2", "web")));
  ASSERT_EQ(store.by_index("web").size(), 2U);
  EXPECT_EQ(store.by_index("web")[0]->metadata.name, "a");
  store.apply(up(slice("a", "3", "shop")));
  EXPECT_EQ(store.by_index("web").size(), 1U);
  EXPECT_EQ(store.by_index("shop").size(), 1U);
  store.apply(Removed<EndpointSlice>{key("a")});
  EXPECT_TRUE(store.by_index("shop").empty());
}

TEST(Store, HoldsOtherStatesBackUntilTheEchoOfAnOwnWriteComes) {
  Slices store;
  store.apply(up(slice("a", "1")));
  store.apply_write(slice("a", "3"));
  EXPECT_EQ(version_of(store, "a"), "3");
  store.apply(up(slice("a", "2")));
  EXPECT_EQ(version_of(store, "a"), "3");
  store.apply(up(slice("a", "3")));
  store.apply(up(slice("a", "4")));
  EXPECT_EQ(version_of(store, "a"), "4");
}

TEST(Store, TakesTheStateOfARelistWhenTheEchoWasLost) {
  Slices store;
  store.apply(up(slice("a", "1")));
  store.apply_write(slice("a", "3"));
  store.apply(up(slice("a", "5")));  // the relist: somebody wrote after us, the echo of 3 never comes
  store.apply(Listed<EndpointSlice>{});
  EXPECT_EQ(version_of(store, "a"), "5");
  store.apply(up(slice("a", "6")));
  EXPECT_EQ(version_of(store, "a"), "6");
}

TEST(Store, KeepsAnOwnWriteThatTheRelistDidNotTouch) {
  Slices store;
  store.apply(up(slice("a", "1")));
  store.apply_write(slice("a", "3"));
  store.apply(Listed<EndpointSlice>{});
  EXPECT_EQ(version_of(store, "a"), "3");
}

TEST(Store, IgnoresTheAnswerToAWriteOnAnObjectThatIsGoneOrAnother) {
  Slices store;
  store.apply_write(slice("a", "3"));
  EXPECT_EQ(version_of(store, "a"), "none");
  store.apply(up(slice("a", "4", "web", "new")));
  store.apply_write(slice("a", "3", "web", "old"));
  EXPECT_EQ(version_of(store, "a"), "4");
}

TEST(Store, TakesAnObjectOfAnotherUidAtOnceWhileAnEchoIsAwaited) {
  Slices store;
  store.apply(up(slice("a", "1")));
  store.apply_write(slice("a", "3"));
  const auto before = store.apply(up(slice("a", "7", "web", "new")));
  ASSERT_NE(before, nullptr);
  EXPECT_EQ(before->metadata.uid, "u");
  EXPECT_EQ(version_of(store, "a"), "7");
  store.apply(up(slice("a", "8", "web", "new")));
  EXPECT_EQ(version_of(store, "a"), "8") << "nothing is awaited any more";
}

TEST(Store, ForgetsTheAwaitedEchoWhenTheObjectIsDeleted) {
  Slices store;
  store.apply(up(slice("a", "1")));
  store.apply_write(slice("a", "3"));
  store.apply(Removed<EndpointSlice>{key("a")});
  store.apply(up(slice("a", "7", "web", "new")));
  EXPECT_EQ(version_of(store, "a"), "7");
}

}  // namespace
}  // namespace metallb::kube
