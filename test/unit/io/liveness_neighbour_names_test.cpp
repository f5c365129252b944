#include "io/liveness/neighbour_names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace metallb::io {
namespace {

using gossip::MemberState;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;

const IpAddress kIp1 = IpAddress::v4(192, 168, 1, 101);
const IpAddress kIp2 = IpAddress::v4(192, 168, 1, 102);

MacAddress mac(std::uint32_t number) {
  return MacAddress({2, 0, 0, static_cast<std::uint8_t>(number >> 16U), static_cast<std::uint8_t>(number >> 8U),
                     static_cast<std::uint8_t>(number)});
}

gossip::MemberSeen seen(const std::string& node, const IpAddress& address, MemberState state = MemberState::kAlive) {
  return {.node = node, .address = address, .state = state};
}

TEST(NeighbourNames, JoinMembersAndNeighboursInWhateverOrderTheyCome) {
  NeighbourNames names("self");
  EXPECT_THAT(names.take_changed(), Optional(IsEmpty())) << "that nobody is known";
  names.member(seen("one", kIp1), std::nullopt);
  EXPECT_FALSE(names.changed());
  names.neighbour(kIp1, mac(1));
  names.member(seen("two", kIp2), mac(2));
  EXPECT_THAT(names.take_changed(), Optional(UnorderedElementsAre(Pair(mac(1), "one"), Pair(mac(2), "two"))));
  EXPECT_EQ(names.take_changed(), std::nullopt) << "told once";
  names.neighbour(kIp1, mac(1));
  EXPECT_FALSE(names.changed());
}

TEST(NeighbourNames, IgnoreNeighboursThatAreNoMembers) {
  NeighbourNames names("self");
  (void)names.take_changed();
  names.neighbour(kIp1, mac(1));
  EXPECT_FALSE(names.changed());
}

// failover spec 6: the question comes up when an owner has died.
TEST(NeighbourNames, RememberDeadMembersAndThoseThatLeft) {
  NeighbourNames names("self");
  names.member(seen("one", kIp1), mac(1));
  (void)names.take_changed();
  names.member(seen("one", kIp1, MemberState::kDead), std::nullopt);
  names.member(seen("one", kIp1, MemberState::kLeft), std::nullopt);
  EXPECT_FALSE(names.changed());
  names.member(seen("two", kIp2), mac(2));
  EXPECT_THAT(names.take_changed(), Optional(UnorderedElementsAre(Pair(mac(1), "one"), Pair(mac(2), "two"))));
}

TEST(NeighbourNames, GiveAnAddressToWhoeverUsesItAndNotBackToTheDead) {
  NeighbourNames names("self");
  names.member(seen("old", kIp1), mac(1));
  names.member(seen("new", kIp1), std::nullopt);
  names.member(seen("old", kIp1, MemberState::kDead), std::nullopt);
  names.neighbour(kIp1, mac(2));
  EXPECT_THAT(names.take_changed(), Optional(UnorderedElementsAre(Pair(mac(1), "old"), Pair(mac(2), "new"))));
}

TEST(NeighbourNames, LearnANewMacAndKeepTheOldOne) {
  NeighbourNames names("self");
  names.member(seen("one", kIp1), mac(1));
  names.neighbour(kIp1, mac(9));
  EXPECT_THAT(names.take_changed(), Optional(UnorderedElementsAre(Pair(mac(1), "one"), Pair(mac(9), "one"))));
}

TEST(NeighbourNames, LeaveOutThisNodeAndWhatIsNoStation) {
  NeighbourNames names("self");
  (void)names.take_changed();
  names.member(seen("self", kIp1), mac(1));
  names.member(seen("two", kIp2), MacAddress());
  names.neighbour(kIp2, MacAddress::broadcast());
  EXPECT_FALSE(names.changed());
}

TEST(NeighbourNames, ForgetWhatWasUsedLongestAgoWhenThereAreTooMany) {
  NeighbourNames names("self", 3);
  for (std::uint32_t i = 1; i <= 3; ++i) names.member(seen("n" + std::to_string(i), IpAddress::v4(i)), mac(i));
  names.neighbour(IpAddress::v4(1), mac(1));
  for (std::uint32_t i = 4; i <= 5; ++i) names.member(seen("n" + std::to_string(i), IpAddress::v4(i)), mac(i));
  EXPECT_THAT(names.take_changed(), Optional(ElementsAre(Pair(mac(1), "n1"), Pair(mac(4), "n4"), Pair(mac(5), "n5"))));
  for (std::uint32_t i = 6; i <= 1000; ++i) names.member(seen("n", IpAddress::v4(i)), mac(i));
  EXPECT_THAT(names.take_changed(), Optional(SizeIs(3)));
}

}  // namespace
}  // namespace metallb::io
