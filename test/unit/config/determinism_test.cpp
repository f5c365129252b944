// The configuration does not depend on the order of its inputs (row tA30 of controller spec 7.1).
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <random>

#include "fixtures.hpp"

namespace metallb::config {
namespace {

TEST(Build, TA30IsTheSameWhateverTheOrderOfTheInputs) {
  Resources ordered;
  for (int i = 0; i < 4; ++i) {
    const auto n = std::to_string(i);
    auto object = pool("pool" + n, {"10." + n + ".0.0/16", "2001:db8:" + n + "::/64"});
    object->metadata.labels["n"] = n;
    object->spec.serviceAllocation = kube::ServiceAllocation{.namespaceSelectors = {labels({{"n", n}})}};
    ordered.pools.push_back(object);
    ordered.namespaces.push_back(namespace_("ns" + n, {{"n", n}}));
    ordered.nodes.push_back(node("node" + n, {{"n", n}}));
    ordered.l2_advertisements.push_back(
        advertisement("adv" + n, {.nodeSelectors = {labels({{"n", n}})}, .preferredNodeSelectors = {{i + 1, {}}}}));
    ordered.communities.push_back(community("c" + n, {{"alias" + n, "1:" + n}}));
    auto router = peer("peer" + n);
    router->spec.peerAddress = "192.0.2." + n;
    router->spec.passwordSecret.name = "secret" + n;
    router->spec.bfdProfile = "profile" + n;
    ordered.bgp_peers.push_back(router);
    ordered.bfd_profiles.push_back(profile("profile" + n));
    ordered.secrets.push_back(secret("secret" + n, "kubernetes.io/basic-auth", {{"password", "c2VjcmV0"}}));
    ordered.bgp_advertisements.push_back(
        bgp_advertisement("bgp" + n, {.communities = {"alias" + n}, .peers = {"peer" + n}}));
  }
  const auto expected = strict(ordered);
  ASSERT_TRUE(expected.has_value());
  EXPECT_TRUE(rc::check([&](unsigned seed) {
    std::minstd_rand engine(seed);
    auto shuffled = ordered;
    const auto mix = [&](auto& objects) { std::shuffle(objects.begin(), objects.end(), engine); };
    mix(shuffled.pools);
    mix(shuffled.namespaces);
    mix(shuffled.nodes);
    mix(shuffled.l2_advertisements);
    mix(shuffled.communities);
    mix(shuffled.bgp_peers);
    mix(shuffled.bgp_advertisements);
    mix(shuffled.bfd_profiles);
    mix(shuffled.secrets);
    const auto config = strict(shuffled);
    RC_ASSERT(config.has_value());
    RC_ASSERT(*config == *expected);
  }));
}

}  // namespace
}  // namespace metallb::config
