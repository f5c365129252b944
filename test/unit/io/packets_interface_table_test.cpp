#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "io/packets/interface_table.hpp"

namespace metallb::io {
namespace {

const InterfaceIndex kIndex{7};
const IpAddress kLow = *IpAddress::parse("fe80::1");
const IpAddress kHigh = *IpAddress::parse("fe80::2");

LinkFacts ordinary() {
  return {.index = kIndex,
          .name = "eth0",
          .mac = *MacAddress::parse("02:00:00:00:00:01"),
          .ethernet = true,
          .up = true,
          .broadcast = true,
          .no_arp = false,
          .enslaved = false};
}

InterfaceTable table() {
  return InterfaceTable([](const std::string& name) { return name.starts_with("veth"); });
}

/// The state told by the only change; nothing when there was another number of changes, or the interface went.
std::optional<layer2::InterfaceState> only_state(InterfaceTable& table) {
  const auto changes = table.take_changes();
  if (changes.size() != 1 || !std::holds_alternative<layer2::InterfaceState>(changes[0])) return std::nullopt;
  return std::get<layer2::InterfaceState>(changes[0]);
}

bool only_gone(InterfaceTable& table) {
  const auto changes = table.take_changes();
  return changes.size() == 1 && std::holds_alternative<layer2::InterfaceGone>(changes[0]);
}

TEST(InterfaceTable, MakesAnOrdinaryInterfaceEligibleForArpWithoutAnyAddress) {
  auto interfaces = table();
  interfaces.link(ordinary());
  const auto state = only_state(interfaces);
  ASSERT_TRUE(state);
  EXPECT_TRUE(state->arp);
  EXPECT_FALSE(state->link_local);
  EXPECT_EQ(state->name, "eth0");
  EXPECT_EQ(state->mac.to_string(), "02:00:00:00:00:01");
}

TEST(InterfaceTable, MakesItEligibleForNdpOnceALinkLocalAddressIsUsable) {
  auto interfaces = table();
  interfaces.link(ordinary());
  interfaces.link_local(kIndex, kLow, false);
  EXPECT_FALSE(only_state(interfaces)->link_local) << "a tentative address is no source";
  interfaces.link_local(kIndex, kLow, true);
  EXPECT_EQ(only_state(interfaces)->link_local, kLow);
}

TEST(InterfaceTable, AcceptsAnAddressThatIsReportedBeforeItsLink) {
  auto interfaces = table();
  interfaces.link_local(kIndex, kLow, true);
  EXPECT_TRUE(interfaces.take_changes().empty());
  interfaces.link(ordinary());
  EXPECT_EQ(only_state(interfaces)->link_local, kLow);
}

struct Ineligible {
  const char* why;
  void (*change)(LinkFacts&);
};

class IneligibleInterface : public testing::TestWithParam<Ineligible> {};

TEST_P(IneligibleInterface, IsKnownButAnswersNothing) {
  auto interfaces = table();
  auto facts = ordinary();
  GetParam().change(facts);
  interfaces.link_local(kIndex, kLow, true);
  interfaces.link(facts);
  const auto state = only_state(interfaces);
  ASSERT_TRUE(state);
  EXPECT_FALSE(state->arp);
  EXPECT_FALSE(state->link_local);
  EXPECT_TRUE(interfaces.names().contains("eth0"));
}

INSTANTIATE_TEST_SUITE_P(InterfaceTable, IneligibleInterface,
                         testing::Values(Ineligible{"Down", [](LinkFacts& f) { f.up = false; }},
                                         Ineligible{"Enslaved", [](LinkFacts& f) { f.enslaved = true; }},
                                         Ineligible{"NoArp", [](LinkFacts& f) { f.no_arp = true; }},
                                         Ineligible{"NotEthernet", [](LinkFacts& f) { f.ethernet = false; }}),
                         [](const auto& info) { return info.param.why; });

TEST(InterfaceTable, NeedsBroadcastForArpOnly) {
  auto interfaces = table();
  auto facts = ordinary();
  facts.broadcast = false;
  interfaces.link_local(kIndex, kLow, true);
  interfaces.link(facts);
  const auto state = only_state(interfaces);
  ASSERT_TRUE(state);
  EXPECT_FALSE(state->arp);
  EXPECT_EQ(state->link_local, kLow);
}

TEST(InterfaceTable, IgnoresExcludedNamesUntilTheyAreRenamed) {
  auto interfaces = table();
  auto facts = ordinary();
  facts.name = "veth3";
  interfaces.link(facts);
  EXPECT_TRUE(interfaces.take_changes().empty());
  EXPECT_TRUE(interfaces.names().empty());

  facts.name = "eth3";
  interfaces.link(facts);
  EXPECT_EQ(only_state(interfaces)->name, "eth3");

  facts.name = "veth4";
  interfaces.link(facts);
  EXPECT_TRUE(only_gone(interfaces));
}

TEST(InterfaceTable, ReportsANewMac) {
  auto interfaces = table();
  interfaces.link(ordinary());
  (void)interfaces.take_changes();
  auto facts = ordinary();
  facts.mac = *MacAddress::parse("02:00:00:00:00:02");
  interfaces.link(facts);
  EXPECT_EQ(only_state(interfaces)->mac.to_string(), "02:00:00:00:00:02");
}

TEST(InterfaceTable, SaysNothingWhenNothingThatMattersChanged) {
  auto interfaces = table();
  interfaces.link(ordinary());
  (void)interfaces.take_changes();
  interfaces.link(ordinary());
  EXPECT_TRUE(interfaces.take_changes().empty());
}

TEST(InterfaceTable, KeepsTheLinkLocalAddressInUseWhileItIsUsable) {
  auto interfaces = table();
  interfaces.link(ordinary());
  interfaces.link_local(kIndex, kHigh, true);
  (void)interfaces.take_changes();
  interfaces.link_local(kIndex, kLow, true);
  EXPECT_TRUE(interfaces.take_changes().empty());
  interfaces.link_local_gone(kIndex, kHigh);
  EXPECT_EQ(only_state(interfaces)->link_local, kLow);
  interfaces.link_local(kIndex, kLow, false);
  EXPECT_FALSE(only_state(interfaces)->link_local) << "it turned out to be a duplicate";
}

TEST(InterfaceTable, ForgetsWithADumpWhatTheDumpDoesNotMention) {
  auto interfaces = table();
  auto other = ordinary();
  other.index = InterfaceIndex(8);
  other.name = "eth1";
  interfaces.begin_dump();
  interfaces.link(ordinary());
  interfaces.link(other);
  interfaces.link_local(kIndex, kLow, true);
  interfaces.end_dump();
  (void)interfaces.take_changes();

  interfaces.begin_dump();
  interfaces.link(ordinary());
  EXPECT_TRUE(interfaces.take_changes().empty()) << "nothing may vanish before the dump is whole";
  interfaces.end_dump();
  const auto changes = interfaces.take_changes();
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_FALSE(std::get<layer2::InterfaceState>(changes[0]).link_local);
  EXPECT_EQ(std::get<layer2::InterfaceGone>(changes[1]).index, InterfaceIndex(8));
  EXPECT_EQ(interfaces.names(), std::set<std::string>{"eth0"});
}

TEST(InterfaceTable, ReportsAnInterfaceThatIsDeleted) {
  auto interfaces = table();
  interfaces.link(ordinary());
  (void)interfaces.take_changes();
  interfaces.link_gone(kIndex);
  EXPECT_TRUE(only_gone(interfaces));
  interfaces.link_gone(kIndex);
  EXPECT_TRUE(interfaces.take_changes().empty());
}

TEST(InterfaceTable, TellsWhenTheCarrierComesAndGoesAndStaysEligible) {
  auto interfaces = table();
  auto facts = ordinary();
  interfaces.link(facts);
  EXPECT_FALSE(only_state(interfaces)->running);
  facts.running = true;
  interfaces.link(facts);
  const auto state = only_state(interfaces);
  ASSERT_TRUE(state);
  EXPECT_TRUE(state->running);
  EXPECT_TRUE(state->arp);
  facts.running = false;
  interfaces.link(facts);
  EXPECT_TRUE(only_state(interfaces)->arp);
}

}  // namespace
}  // namespace metallb::io
