// Layer2 spec section 6, rows 1-13.
#include "speaker/endpoints.hpp"

#include <gtest/gtest.h>

#include "unit/speaker/objects.hpp"

namespace metallb::speaker {
namespace {

using test::slices;
using Nodes = std::set<std::string>;

kube::EndpointConditions conditions(std::optional<bool> ready, std::optional<bool> serving) {
  return {.ready = ready, .serving = serving, .terminating = std::nullopt};
}

TEST(Endpoints, Row1CanServeWhenReady) {
  EXPECT_TRUE(can_serve(conditions(true, std::nullopt)));
}
TEST(Endpoints, Row2CanServeWhenServingAndReadinessIsUnknown) {
  EXPECT_TRUE(can_serve(conditions(std::nullopt, true)));
}
TEST(Endpoints, Row3CanServeWhenReadyThoughNotServing) {
  EXPECT_TRUE(can_serve(conditions(true, false)));
}
TEST(Endpoints, Row4CanServeWhenNothingIsSaid) {
  EXPECT_TRUE(can_serve(conditions(std::nullopt, std::nullopt)));
}
TEST(Endpoints, Row5CanServeWhenNotServingAndReadinessIsUnknown) {
  EXPECT_TRUE(can_serve(conditions(std::nullopt, false)));
}
TEST(Endpoints, Row6CannotServeWhenNotReady) {
  EXPECT_FALSE(can_serve(conditions(false, std::nullopt)));
}
TEST(Endpoints, Row7CanServeWhenStillServingThoughNotReady) {
  EXPECT_TRUE(can_serve(conditions(false, true)));
}

TEST(Endpoints, DoesNotLookAtTermination) {
  EXPECT_TRUE(can_serve({.ready = true, .serving = true, .terminating = true}));
  EXPECT_FALSE(can_serve({.ready = false, .serving = false, .terminating = false}));
}

TEST(Endpoints, Row8PoolsTheNodesOfAllSlices) {
  EXPECT_EQ(serving_endpoints(slices("iris1+ / iris2+")).nodes, (Nodes{"iris1", "iris2"}));
}
TEST(Endpoints, Row9CollectsTheNodesOfOneSlice) {
  EXPECT_EQ(serving_endpoints(slices("iris1+ iris2+")).nodes, (Nodes{"iris1", "iris2"}));
}
TEST(Endpoints, Row10NamesANodeOnce) {
  EXPECT_EQ(serving_endpoints(slices("iris1+ iris1+")).nodes, (Nodes{"iris1"}));
}
TEST(Endpoints, Row11NeedsOneServingEndpointPerNode) {
  EXPECT_EQ(serving_endpoints(slices("iris1+ iris1-")).nodes, (Nodes{"iris1"}));
}
TEST(Endpoints, Row12CountsEndpointsThatAreStillServing) {
  EXPECT_EQ(serving_endpoints(slices("iris1~ iris2~")).nodes, (Nodes{"iris1", "iris2"}));
}
TEST(Endpoints, Row13CountsReadyEndpointsThatSayTheyDoNotServe) {
  EXPECT_EQ(serving_endpoints(slices("iris1* iris2*")).nodes, (Nodes{"iris1", "iris2"}));
}

TEST(Endpoints, CountAnEndpointWhoseNodeIsUnknownAsServingButNameNoNode) {
  const auto serving = serving_endpoints(slices("+"));
  EXPECT_TRUE(serving.any);
  EXPECT_TRUE(serving.nodes.empty());
}

TEST(Endpoints, FindNothingWhereNothingCanServe) {
  EXPECT_FALSE(serving_endpoints(slices("iris1- iris2-")).any);
  EXPECT_FALSE(serving_endpoints({}).any);
}

TEST(Endpoints, BelongToTheServiceThatTheSlicesLabelNames) {
  auto slice = *slices("iris1+", "shop/web").front();
  EXPECT_EQ(service_of(slice), (ServiceKey{"shop", "web"}));
  slice.metadata.labels.clear();
  EXPECT_EQ(service_of(slice), std::nullopt);
}

}  // namespace
}  // namespace metallb::speaker
