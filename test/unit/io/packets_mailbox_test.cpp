#include <gtest/gtest.h>

#include <string>

#include "io/packets/mailbox.hpp"

namespace metallb::io {
namespace {

const IpAddress kFirst = IpAddress::v4(192, 0, 2, 1);
const IpAddress kSecond = IpAddress::v4(192, 0, 2, 2);

layer2::Command announce(const IpAddress& address, const std::string& interface, const std::string& service = "web") {
  return layer2::Announce{
      .service = {"default", service}, .address = address, .interfaces = {.all = false, .names = {interface}}};
}
layer2::Command withdraw(const IpAddress& address, const std::string& service = "web") {
  return layer2::Withdraw{.service = {"default", service}, .address = address};
}

TEST(Mailbox, AsksToWakeTheReaderOnlyWhenItWasEmpty) {
  Mailbox box;
  EXPECT_TRUE(box.put(announce(kFirst, "eth0")));
  EXPECT_FALSE(box.put(announce(kSecond, "eth0")));
  EXPECT_EQ(box.take(10).commands.size(), 2U);
  EXPECT_TRUE(box.put(withdraw(kFirst)));
}

TEST(Mailbox, KeepsTheLatestStatePerServiceAndAddress) {
  Mailbox box;
  for (int round = 0; round < 1000; ++round) {
    (void)box.put(announce(kFirst, "eth" + std::to_string(round)));
    (void)box.put(withdraw(kSecond));
  }
  const auto commands = box.take(10).commands;
  ASSERT_EQ(commands.size(), 2U);
  EXPECT_TRUE(std::get<layer2::Announce>(commands[0]).interfaces.names.contains("eth999"));
  EXPECT_EQ(std::get<layer2::Withdraw>(commands[1]).address, kSecond);
  EXPECT_TRUE(box.take(1).commands.empty());
}

TEST(Mailbox, KeepsServicesThatShareAnAddressApart) {
  Mailbox box;
  (void)box.put(announce(kFirst, "eth0", "web"));
  (void)box.put(announce(kFirst, "eth0", "mail"));
  EXPECT_EQ(box.take(10).commands.size(), 2U);
}

TEST(Mailbox, DeliversTheNewerStateBehindWhatWasSaidInBetween) {
  Mailbox box;
  (void)box.put(announce(kFirst, "eth0", "old"));
  (void)box.put(announce(kFirst, "eth0", "new"));
  (void)box.put(withdraw(kFirst, "old"));
  const auto commands = box.take(10).commands;
  ASSERT_EQ(commands.size(), 2U);
  EXPECT_EQ(std::get<layer2::Announce>(commands[0]).service.name, "new");
  EXPECT_EQ(std::get<layer2::Withdraw>(commands[1]).service.name, "old");
}

TEST(Mailbox, HandsOutAtMostAsManyAsAskedForOldestFirst) {
  Mailbox box;
  (void)box.put(announce(kFirst, "eth0"));
  (void)box.put(announce(kSecond, "eth0"));
  const auto first = box.take(1);
  ASSERT_EQ(first.commands.size(), 1U);
  EXPECT_EQ(std::get<layer2::Announce>(first.commands[0]).address, kFirst);
  EXPECT_TRUE(first.more) << "the reader has to come back by itself";
  EXPECT_FALSE(box.take(1).more);
}

TEST(Mailbox, DeliversAWithdrawalBeforeTheAnnouncementThatFollowedIt) {
  Mailbox box;
  for (int round = 0; round < 1000; ++round) {
    (void)box.put(withdraw(kFirst));
    (void)box.put(announce(kFirst, "eth" + std::to_string(round)));
  }
  (void)box.put(announce(kFirst, "last"));
  const auto commands = box.take(10).commands;
  ASSERT_EQ(commands.size(), 2U) << "both are kept, so that the address is made known again, and no more than both";
  EXPECT_TRUE(std::holds_alternative<layer2::Withdraw>(commands[0]));
  EXPECT_TRUE(std::get<layer2::Announce>(commands[1]).interfaces.names.contains("last"));
}

TEST(Mailbox, KeepsTheRestOfAPairOfWhichHalfIsTaken) {
  Mailbox box;
  (void)box.put(withdraw(kFirst));
  (void)box.put(announce(kFirst, "eth0"));
  EXPECT_EQ(box.take(1).commands.size(), 1U);
  (void)box.put(announce(kFirst, "eth1"));
  const auto commands = box.take(10).commands;
  ASSERT_EQ(commands.size(), 1U);
  EXPECT_TRUE(std::get<layer2::Announce>(commands[0]).interfaces.names.contains("eth1"));
}

}  // namespace
}  // namespace metallb::io
