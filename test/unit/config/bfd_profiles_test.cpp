// BFDProfiles: rows 109 to 112 of bgp spec 6.6, tN31 to tN36 of controller spec 7.3.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fixtures.hpp"

namespace metallb::config {
namespace {

using namespace std::chrono_literals;

std::expected<BfdProfile, ConfigError> used(const kube::BFDProfileSpec& spec) {
  auto object = peer("peer1");
  object->spec.bfdProfile = "p";
  const auto config = strict({.bgp_peers = {object}, .bfd_profiles = {profile("p", spec), profile("other")}});
  if (!config) return std::unexpected(config.error());
  return config->bgp_peers.at(0).bfd.value();
}

TEST(BfdProfiles, TN34EveryFieldArrives) {
  const auto found = used({50, 51, 52, 54, true, true, 55});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(*found, (BfdProfile{.name = "p",
                                .receive_interval = 50ms,
                                .transmit_interval = 51ms,
                                .echo_interval = 54ms,
                                .detect_multiplier = 52,
                                .minimum_ttl = 55,
                                .echo_mode = true,
                                .passive_mode = true}));
}

TEST(BfdProfiles, TN36AnEmptyOneIsUsedWithEverythingUnset) {
  const auto found = used({});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(*found, BfdProfile{.name = "p"});
}

TEST(BfdProfiles, NumbersHaveBounds) {
  struct Row {
    std::optional<std::int32_t> kube::BFDProfileSpec::* member;
    const char* field;
    std::int32_t minimum, maximum;
  };
  const Row rows[] = {
      {&kube::BFDProfileSpec::receiveInterval, "spec.receiveInterval", 10, 60'000},
      {&kube::BFDProfileSpec::transmitInterval, "spec.transmitInterval", 10, 60'000},
      {&kube::BFDProfileSpec::echoInterval, "spec.echoInterval", 10, 60'000},
      {&kube::BFDProfileSpec::detectMultiplier, "spec.detectMultiplier", 2, 255},
      {&kube::BFDProfileSpec::minimumTtl, "spec.minimumTtl", 1, 254},
  };
  for (const auto& row : rows) {
    for (const auto value : {row.minimum, row.maximum}) {
      kube::BFDProfileSpec spec;
      spec.*row.member = value;
      EXPECT_TRUE(used(spec).has_value()) << row.field << " " << value;
    }
    for (const auto value : {row.minimum - 1, row.maximum + 1}) {
      kube::BFDProfileSpec spec;
      spec.*row.member = value;
      const auto found = used(spec);
      ASSERT_FALSE(found.has_value()) << row.field << " " << value;
      EXPECT_EQ(found.error().object, "BFDProfile metallb-system/p");
      EXPECT_EQ(found.error().field, row.field);
      EXPECT_THAT(found.error().problem, testing::HasSubstr(std::to_string(value)));
    }
  }
}

TEST(BfdProfiles, TN35TwoOfOneNameAndOneWithoutAreRefused) {
  EXPECT_EQ(strict({.bfd_profiles = {profile("p"), profile("p")}}).error().field, "metadata.name");
  EXPECT_EQ(strict({.bfd_profiles = {profile("")}}).error().field, "metadata.name");
}

TEST(BfdProfiles, TN33ABadOneIsToldThoughNoPeerNamesIt) {
  EXPECT_FALSE(strict({.bfd_profiles = {profile("p", {.receiveInterval = 2})}}).has_value());
  EXPECT_FALSE(strict({.bfd_profiles = {profile("p", {.receiveInterval = 90'000})}}).has_value());
}

}  // namespace
}  // namespace metallb::config
