// Rotation of the secret: no member is cut off, whenever it sees the new one (docs/modules/gossip.md).
#include "gossip/key_rotation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace metallb::gossip {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const SteadyPoint kStart{std::chrono::hours(1)};

Key key(std::uint8_t fill) {
  Key out;
  out.fill(fill);
  return out;
}
std::vector<Key> keys(std::initializer_list<std::uint8_t> fills) {
  std::vector<Key> out;
  for (const auto fill : fills) out.push_back(key(fill));
  return out;
}

TEST(KeyRotation, KeepsToOneKeyWhileTheSecretIsTheSame) {
  KeyRotation rotation(key(1));
  EXPECT_FALSE(rotation.offer(kStart, key(1)));
  EXPECT_EQ(rotation.ring().keys, keys({1}));
  EXPECT_EQ(rotation.next_deadline(), kIdle);
}

TEST(KeyRotation, FirstOnlyAcceptsANewKeyThenSendsWithItThenDropsTheOldOne) {
  KeyRotation rotation(key(1));
  EXPECT_TRUE(rotation.offer(kStart, key(2)));
  EXPECT_EQ(rotation.ring().keys, keys({1, 2}));
  EXPECT_FALSE(rotation.offer(kStart + seconds(5), key(2)));
  EXPECT_FALSE(rotation.on_time(kStart + minutes(2)));
  ASSERT_EQ(rotation.next_deadline(), kStart + KeyRotation::kSpread);
  EXPECT_TRUE(rotation.on_time(rotation.next_deadline()));
  EXPECT_EQ(rotation.ring().keys, keys({2, 1}));
  ASSERT_EQ(rotation.next_deadline(), kStart + KeyRotation::kSpread + KeyRotation::kLinger);
  EXPECT_TRUE(rotation.on_time(rotation.next_deadline()));
  EXPECT_EQ(rotation.ring().keys, keys({2}));
  EXPECT_EQ(rotation.next_deadline(), kIdle);
}

TEST(KeyRotation, TakesAChangeBackThatIsNotComplete) {
  KeyRotation rotation(key(1));
  rotation.offer(kStart, key(2));
  EXPECT_TRUE(rotation.offer(kStart + minutes(1), key(1)));
  // Others may have gone further with the second key.
  EXPECT_EQ(rotation.ring().keys, keys({1, 2}));
  rotation.on_time(kStart + minutes(4));
  EXPECT_EQ(rotation.ring().keys.front(), key(1));
  rotation.on_time(kStart + minutes(1) + KeyRotation::kSpread + KeyRotation::kLinger);
  EXPECT_EQ(rotation.ring().keys, keys({1}));
}

TEST(KeyRotation, AcceptsAllKeysOfChangesThatFollowEachOtherQuickly) {
  KeyRotation rotation(key(1));
  rotation.offer(kStart, key(2));
  rotation.offer(kStart + minutes(1), key(3));
  EXPECT_EQ(rotation.ring().keys, keys({1, 3, 2}));
  rotation.on_time(kStart + minutes(4));
  EXPECT_EQ(rotation.ring().keys.front(), key(3));
}

TEST(KeyRotation, HoldsAFewKeysHoweverOftenTheSecretChanges) {
  KeyRotation rotation(key(0));
  for (std::uint8_t i = 1; i < 100; ++i) rotation.offer(kStart + seconds(i), key(i));
  EXPECT_EQ(rotation.ring().keys.size(), 2 + KeyRotation::kMostOld);
  EXPECT_EQ(rotation.ring().keys.front(), key(0));
}

// Every pair of members, whenever each of them sees the change within two minutes, at every second: each opens what the
// other seals.
TEST(KeyRotation, LeavesNoTwoMembersWithoutACommonKey) {
  for (int lag = 0; lag <= 120; lag += 10) {
    KeyRotation early(key(1));
    KeyRotation late(key(1));
    for (int second = 0; second < 1000; ++second) {
      const auto now = kStart + seconds(second);
      if (second == 0) early.offer(now, key(2));
      if (second == lag) late.offer(now, key(2));
      early.on_time(now);
      late.on_time(now);
      const auto opens = [](const KeyRotation& receiver, const KeyRotation& sender) {
        const auto accepted = receiver.ring().keys;
        return std::find(accepted.begin(), accepted.end(), sender.ring().keys.front()) != accepted.end();
      };
      ASSERT_TRUE(opens(early, late) && opens(late, early)) << "lag " << lag << " s, second " << second;
    }
  }
}

}  // namespace
}  // namespace metallb::gossip
