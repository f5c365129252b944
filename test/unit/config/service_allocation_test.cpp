// serviceAllocation of pools: rows tS1 to tS12 of controller spec 7.2, and the compatibility rule of 4.3.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fixtures.hpp"

namespace metallb::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Objects<kube::Namespace> kNamespaces = {namespace_("test-ns1", {{"team", "core"}}),
                                              namespace_("test-ns2", {{"team", "metallb"}})};

std::expected<Pool, ConfigError> built(kube::ServiceAllocation allocation,
                                       const Objects<kube::Namespace>& namespaces = kNamespaces) {
  auto object = pool("pool1", {"1.2.3.0/24"});
  object->spec.serviceAllocation = std::move(allocation);
  auto config = strict({.pools = {object}, .namespaces = namespaces});
  if (!config) return std::unexpected(config.error());
  return config->pools.at("pool1");
}

TEST(ServiceAllocation, TS1ListedNamespacesAreServed) {
  const auto pool = built({.namespaces = {"test-ns1"}});
  ASSERT_TRUE(pool.has_value());
  EXPECT_THAT(pool->service_allocation->namespaces, ElementsAre("test-ns1"));
  EXPECT_TRUE(serves(*pool, "test-ns1", {}));
  EXPECT_FALSE(serves(*pool, "test-ns2", {}));
}

TEST(ServiceAllocation, TS2SelectedNamespacesAreServed) {
  const auto pool = built({.namespaceSelectors = {labels({{"team", "metallb"}})}});
  ASSERT_TRUE(pool.has_value());
  EXPECT_THAT(pool->service_allocation->namespaces, ElementsAre("test-ns2"));
}

TEST(ServiceAllocation, TS3SelectorsThatMatchNoNamespaceServeNobody) {
  const auto pool = built({.namespaceSelectors = {labels({{"team", "red"}})}});
  ASSERT_TRUE(pool.has_value());
  EXPECT_THAT(pool->service_allocation->namespaces, IsEmpty());
  EXPECT_FALSE(serves(*pool, "test-ns1", {}));
}

TEST(ServiceAllocation, SelectorsThatMatchNoNamespaceServeNobodyAlsoWithServiceSelectors) {
  const auto pool = built({.namespaceSelectors = {labels({{"team", "red"}})}, .serviceSelectors = {labels({{"a", "b"}})}});
  ASSERT_TRUE(pool.has_value());
  EXPECT_FALSE(serves(*pool, "test-ns1", {{"a", "b"}}));
}

TEST(ServiceAllocation, TS4ANamespaceListedTwiceIsRefused) {
  const auto pool = built({.namespaces = {"a", "a"}});
  ASSERT_FALSE(pool.has_value());
  EXPECT_THAT(pool.error().problem, HasSubstr("duplicate definition in namespaces"));
  EXPECT_EQ(pool.error().field, "spec.serviceAllocation.namespaces[1]");
}

TEST(ServiceAllocation, TS5EqualNamespaceSelectorsAreRefused) {
  const auto pool = built({.namespaceSelectors = {labels({{"a", "b"}}), labels({{"a", "b"}})}});
  ASSERT_FALSE(pool.has_value());
  EXPECT_THAT(pool.error().problem, HasSubstr("duplicate definition of namespaceSelectors"));
}

TEST(ServiceAllocation, TS6ServiceSelectorsLookAtTheLabelsOfTheService) {
  const auto pool = built({.serviceSelectors = {labels({{"team", "metallb"}})}});
  ASSERT_TRUE(pool.has_value());
  EXPECT_TRUE(serves(*pool, "any", {{"team", "metallb"}}));
  EXPECT_FALSE(serves(*pool, "any", {{"team", "red"}}));
  EXPECT_FALSE(serves(*pool, "any", {}));
}

TEST(ServiceAllocation, TS7AValueListedTwiceInAnExpressionIsRefused) {
  const auto pool = built({.serviceSelectors = {expression("team", "In", {"bar", "bar"})}});
  ASSERT_FALSE(pool.has_value());
  EXPECT_EQ(pool.error().field, "spec.serviceAllocation.serviceSelectors[0].matchExpressions[0].values");
}

TEST(ServiceAllocation, TS8NamespacesAndServiceSelectorsMustBothMatch) {
  const auto pool = built({.namespaces = {"test-ns1"}, .serviceSelectors = {labels({{"team", "metallb"}})}});
  ASSERT_TRUE(pool.has_value());
  EXPECT_TRUE(serves(*pool, "test-ns1", {{"team", "metallb"}}));
  EXPECT_FALSE(serves(*pool, "test-ns1", {}));
  EXPECT_FALSE(serves(*pool, "test-ns2", {{"team", "metallb"}}));
}

TEST(ServiceAllocation, TS9ABarePriorityPinsThePoolToEverybody) {
  const auto pool = built({.priority = 1});
  ASSERT_TRUE(pool.has_value());
  EXPECT_EQ(pool->service_allocation->priority, 1);
  ASSERT_EQ(pool->service_allocation->service_selectors.size(), 1U);
  EXPECT_TRUE(pool->service_allocation->service_selectors.front().empty());
  EXPECT_TRUE(serves(*pool, "any", {}));
}

TEST(ServiceAllocation, TS10ANamespaceBothListedAndSelectedCountsOnce) {
  const auto pool = built({.namespaces = {"test-ns2"}, .namespaceSelectors = {labels({{"team", "metallb"}})}});
  ASSERT_TRUE(pool.has_value());
  EXPECT_THAT(pool->service_allocation->namespaces, ElementsAre("test-ns2"));
}

TEST(ServiceAllocation, TS11AnUnknownOperatorIsRefused) {
  const auto pool = built({.namespaceSelectors = {expression("team", "Near", {"a"})}});
  ASSERT_FALSE(pool.has_value());
  EXPECT_EQ(pool.error().field, "spec.serviceAllocation.namespaceSelectors[0]");
}

TEST(ServiceAllocation, TS12ANamespaceThatComesLaterJoins) {
  const kube::ServiceAllocation allocation{.namespaceSelectors = {labels({{"team", "metallb"}})}};
  auto more = kNamespaces;
  more.push_back(namespace_("later", {{"team", "metallb"}}));
  EXPECT_THAT(built(allocation, more)->service_allocation->namespaces, ElementsAre("later", "test-ns2"));
}

TEST(ServiceAllocation, APoolWithoutItServesEverybody) {
  const auto config = strict({.pools = {pool("p", {"1.2.3.0/24"})}});
  ASSERT_TRUE(config.has_value());
  EXPECT_TRUE(serves(config->pools.at("p"), "any", {}));
}

}  // namespace
}  // namespace metallb::config
