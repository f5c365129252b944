// Registrations, interfaces, groups and captures of the whole core: layer2 spec 3.1, 3.2, section 6 rows 85-87, 120, 122,
// and the weaknesses 7, 11 and 16 of section 7 that must not come back.
#include "layer2/instance.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "world.hpp"

namespace metallb::layer2 {
namespace {

using namespace test;

const IpAddress kShared = ip("192.168.1.20");
const IpAddress kOther6 = ip("1000::1");

TEST(Registrations, CountsServicesPerAddress) {
  Registrations registrations;
  EXPECT_EQ(registrations.set(kFoo, kShared, all()), std::nullopt);
  EXPECT_EQ(registrations.set(kFoo, kOther6, all()), std::nullopt);
  EXPECT_EQ(registrations.set(kBar, kShared, all()), std::nullopt);
  EXPECT_EQ(registrations.set(kFoo, kShared, only({"eth0"})), all());
  EXPECT_TRUE(registrations.remove(kBar, kShared));
  EXPECT_FALSE(registrations.remove(kBar, kShared));
  EXPECT_EQ(*registrations.coverage(kShared), only({"eth0"}));
  EXPECT_TRUE(registrations.remove(kFoo, kShared));
  EXPECT_EQ(registrations.coverage(kShared), nullptr);
}

TEST(Registrations, CoverAnInterfaceIfAnyServiceDoes) {
  Registrations registrations;
  registrations.set(kFoo, kShared, only({"eth0"}));
  registrations.set(kBar, kShared, only({"eth1"}));
  EXPECT_EQ(*registrations.coverage(kShared), only({"eth0", "eth1"}));
  registrations.set(kBar, kShared, all());
  EXPECT_EQ(*registrations.coverage(kShared), all());
}

TEST(Instance, AnswersAnAddressUntilItsLastServiceWithdraws) {
  World world;
  world.announce(kFoo, kShared);
  world.announce(kFoo, kOther6);
  world.announce(kBar, kShared);
  world.withdraw(kBar, kShared);
  EXPECT_TRUE(world.answers(kShared));
  world.withdraw(kFoo, kShared);
  EXPECT_FALSE(world.answers(kShared));
  EXPECT_EQ(world.core.drops().unknown_address, 1U);
  EXPECT_TRUE(world.answers(kOther6));
}

TEST(Instance, SendsNothingWhenAnAddressIsWithdrawn) {
  World world;
  world.announce(kFoo, kVip);
  world.take();
  world.withdraw(kFoo, kVip);
  world.run(1min);
  EXPECT_TRUE(world.of<SendFrame>(world.take()).empty());
}

TEST(Instance, IgnoresWithdrawalsOfWhatWasNeverAnnounced) {
  World world;
  world.announce(kFoo, kVip);
  world.take();
  world.withdraw(kBar, kVip);
  world.withdraw(kFoo, kShared);
  EXPECT_TRUE(world.take().empty());
  EXPECT_TRUE(world.answers(kVip));
}

TEST(Instance, AnswersOnTheUnionOfAllServicesInterfaces) {
  World world({eth0(), eth1()});
  world.announce(kFoo, kShared, only({"eth0"}));
  world.announce(kBar, kShared, only({"eth1"}));
  EXPECT_TRUE(world.answers(kShared, kEth0));
  EXPECT_TRUE(world.answers(kShared, kEth1));
  world.withdraw(kFoo, kShared);
  EXPECT_FALSE(world.answers(kShared, kEth0));
  EXPECT_TRUE(world.answers(kShared, kEth1));
}

TEST(Instance, ReplacesTheInterfaceSetAtOnce) {
  World world({eth0(), eth1()});
  world.announce(kFoo, kVip, only({"eth0"}));
  world.announce(kFoo, kVip, only({"eth1"}));
  EXPECT_FALSE(world.answers(kVip, kEth0));
  EXPECT_TRUE(world.answers(kVip, kEth1));
}

TEST(Instance, AnswersWithTheMacOfTheInterfaceTheRequestCameInOn) {
  World world({eth0(), eth1()});
  world.announce(kFoo, kVip);
  const auto frames = world.receive(arp_frame({}), kEth1);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].interface, kEth1);
  EXPECT_EQ(to_hex(ByteView(frames[0].frame).subspan(22, 6)), "020000000002");
}

TEST(Instance, AnswersOnAnInterfaceThatAppearsLater) {
  World world({});
  world.announce(kFoo, kVip);
  world.announce(kFoo, kVip6);
  world.input(eth0());
  EXPECT_TRUE(world.answers(kVip));
  EXPECT_TRUE(world.answers(kVip6));
}

TEST(Instance, FollowsAChangedMacAndLinkLocalAddress) {
  World world;
  world.announce(kFoo, kVip);
  world.announce(kFoo, kVip6);
  auto changed = eth0();
  changed.mac = mac("02:00:00:00:00:0a");
  changed.link_local = ip("fe80::a");
  world.input(changed);
  const auto arp = world.receive(arp_frame({}));
  ASSERT_EQ(arp.size(), 1U);
  EXPECT_EQ(to_hex(ByteView(arp[0].frame).subspan(6, 6)), "02000000000a");
  const auto ndp = world.receive(solicitation_frame({}));
  ASSERT_EQ(ndp.size(), 1U);
  EXPECT_EQ(to_hex(ByteView(ndp[0].frame).subspan(22, 16)), "fe80000000000000000000000000000a");
  EXPECT_EQ(to_hex(ByteView(ndp[0].frame).subspan(80, 6)), "02000000000a");
}

TEST(Instance, FollowsARename) {
  World world;
  world.announce(kFoo, kVip, only({"lan0"}));
  EXPECT_FALSE(world.answers(kVip));
  auto renamed = eth0();
  renamed.name = "lan0";
  world.input(renamed);
  EXPECT_TRUE(world.answers(kVip));
  world.input(eth0());
  EXPECT_FALSE(world.answers(kVip));
}

TEST(Instance, AnswersEachFamilyOnlyWhereItsInterfaceIsEligible) {
  auto v4_only = eth0();
  v4_only.link_local.reset();
  auto v6_only = eth1();
  v6_only.arp = false;
  World world({v4_only, v6_only});
  world.announce(kFoo, kVip);
  world.announce(kFoo, kVip6);
  EXPECT_TRUE(world.answers(kVip, kEth0));
  EXPECT_FALSE(world.answers(kVip, kEth1));
  EXPECT_FALSE(world.answers(kVip6, kEth0));
  EXPECT_TRUE(world.answers(kVip6, kEth1));
}

TEST(Instance, ForgetsAnInterfaceThatIsGone) {
  World world;
  world.announce(kFoo, kVip);
  world.announce(kFoo, kVip6);
  world.take();
  world.input(InterfaceGone{kEth0});
  const auto actions = world.take();
  EXPECT_EQ(world.of<LeaveGroup>(actions).size(), 1U);
  const auto capture = world.capture(actions);
  ASSERT_TRUE(capture.has_value());
  EXPECT_FALSE(capture->arp);
  EXPECT_FALSE(capture->ndp);
  EXPECT_TRUE(capture->addresses.empty());
  world.run(2min);
  EXPECT_TRUE(world.take().empty());
  world.input(InterfaceGone{kEth0});
  EXPECT_TRUE(world.take().empty());
  world.input(eth0());
  EXPECT_TRUE(world.answers(kVip));
}

TEST(Instance, JoinsTheGroupOfEachAddressOnceAndLeavesItWithTheLast) {
  World world;
  world.announce(kFoo, ip("2001:db8::240"));
  auto joins = world.of<JoinGroup>(world.take());
  ASSERT_EQ(joins.size(), 1U);
  EXPECT_EQ(joins[0].interface, kEth0);
  EXPECT_EQ(joins[0].group, ip("ff02::1:ff00:240"));
  world.announce(kBar, ip("2001:db8::240"));
  world.announce(kFoo, ip("fd00::240"));  // the same low 24 bits
  EXPECT_TRUE(world.of<JoinGroup>(world.take()).empty());
  world.withdraw(kFoo, ip("2001:db8::240"));
  world.withdraw(kFoo, ip("fd00::240"));
  EXPECT_TRUE(world.of<LeaveGroup>(world.take()).empty());
  world.withdraw(kBar, ip("2001:db8::240"));
  const auto leaves = world.of<LeaveGroup>(world.take());
  ASSERT_EQ(leaves.size(), 1U);
  EXPECT_EQ(leaves[0].group, ip("ff02::1:ff00:240"));
}

TEST(Instance, JoinsNoGroupForIpv4) {
  World world;
  world.announce(kFoo, kVip);
  EXPECT_TRUE(world.of<JoinGroup>(world.take()).empty());
}

TEST(Instance, JoinsGroupsWhenTheInterfaceGetsItsLinkLocalAddressLater) {
  auto early = eth0();
  early.link_local.reset();
  World world({early});
  world.announce(kFoo, kVip6);
  EXPECT_TRUE(world.of<JoinGroup>(world.take()).empty());
  world.input(eth0());
  EXPECT_EQ(world.of<JoinGroup>(world.take()).size(), 1U);
  world.input(early);
  EXPECT_EQ(world.of<LeaveGroup>(world.take()).size(), 1U);
  world.input(eth0());
  EXPECT_EQ(world.of<JoinGroup>(world.take()).size(), 1U);
}

TEST(Instance, TellsWhatToCaptureWhenAnInterfaceBecomesEligible) {
  World world({});
  auto down = eth0();
  down.arp = false;
  down.link_local.reset();
  world.input(down);
  EXPECT_TRUE(world.take().empty());
  world.announce(kFoo, kVip6);
  world.announce(kFoo, kVip);
  EXPECT_TRUE(world.take().empty());
  world.input(eth0());
  const auto actions = world.take();
  const auto captures = world.of<CaptureChanged>(actions);
  ASSERT_EQ(captures.size(), 1U);
  EXPECT_TRUE(captures[0].arp);
  EXPECT_TRUE(captures[0].ndp);
  EXPECT_EQ(captures[0].addresses, (std::vector<IpAddress>{kVip, kVip6}));
  // Sockets must be open before there is something to send.
  const auto first = [&](auto is) { return std::find_if(actions.begin(), actions.end(), is) - actions.begin(); };
  EXPECT_LT(first([](const Action& a) { return std::holds_alternative<CaptureChanged>(a); }),
            first([](const Action& a) { return std::holds_alternative<SendFrame>(a); }));
}

TEST(Instance, OpensTheSocketsOfAnInterfaceBeforeAnythingIsAnnounced) {
  World world({});
  world.input(eth0());
  const auto capture = world.capture(world.take());
  ASSERT_TRUE(capture.has_value());
  EXPECT_TRUE(capture->arp && capture->ndp && capture->addresses.empty());
}

TEST(Instance, TellsWhatToCaptureWhenAddressesComeAndGo) {
  World world;
  world.run(1s);
  world.announce(kFoo, kVip);
  EXPECT_EQ(world.capture(world.take()).value().addresses, std::vector<IpAddress>{kVip});
  world.run(1s);
  world.take();
  world.announce(kBar, kVip);  // the same address again: nothing new to capture
  EXPECT_FALSE(world.capture(world.take()).has_value());
  world.withdraw(kFoo, kVip);
  EXPECT_FALSE(world.capture(world.take()).has_value());
  world.withdraw(kBar, kVip);
  EXPECT_TRUE(world.capture(world.take()).value().addresses.empty());
}

TEST(Instance, FoldsManyAddressesIntoFewCaptureChanges) {
  World world;
  world.run(1s);
  std::vector<IpAddress> addresses;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    addresses.push_back(IpAddress::v4(0x0A000000 + i));
    world.announce(kFoo, addresses.back());
  }
  world.run(20ms);
  const auto actions = world.take();
  EXPECT_LE(world.of<CaptureChanged>(actions).size(), 3U);
  EXPECT_EQ(world.capture(actions).value().addresses, addresses);
}

TEST(Instance, RepeatedInterfaceReportsChangeNothing) {
  World world;
  world.announce(kFoo, kVip);
  world.announce(kFoo, kVip6);
  world.settle();
  world.input(eth0());
  world.run(10s);
  EXPECT_TRUE(world.take().empty());
}

TEST(Instance, LogsRespondersComingAndGoing) {
  World world({});
  world.input(eth0());
  auto down = eth0();
  down.link_local.reset();
  world.input(down);
  world.input(InterfaceGone{kEth0});
  EXPECT_EQ(world.log.lines, (std::vector<std::string>{
                                 "event=createARPResponder interface=eth0", "event=createNDPResponder interface=eth0",
                                 "event=deleteNDPResponder interface=eth0", "event=deleteARPResponder interface=eth0"}));
}

/// What must hold after any history: the rules of layer2 spec 3.2 applied to what is registered now, written down the
/// slow way.
RC_GTEST_PROP(Instance, AgreesWithTheRulesAfterAnyHistory, ()) {
  World world({});
  std::map<std::pair<ServiceKey, IpAddress>, InterfaceSet> registered;
  std::map<InterfaceIndex, InterfaceState> interfaces;
  std::set<std::pair<InterfaceIndex, IpAddress>> groups;
  std::map<InterfaceIndex, CaptureChanged> captures;
  std::map<std::pair<InterfaceIndex, IpAddress>, MacAddress> copy;
  const std::vector<IpAddress> addresses{kVip, kShared, kVip6, ip("fd00::240"), kOther6};
  const auto steps = *rc::gen::inRange(1, 60);
  for (int step = 0; step < steps; ++step) {
    const auto service = *rc::gen::element(kFoo, kBar);
    const auto address = *rc::gen::elementOf(addresses);
    switch (*rc::gen::inRange(0, 5)) {
      case 0:
      case 1: {
        const auto set = *rc::gen::element(all(), only({"eth0"}), only({"eth1"}), only({"eth0", "eth1"}), only({}));
        world.announce(service, address, set);
        registered[{service, address}] = set;
        break;
      }
      case 2:
        world.withdraw(service, address);
        registered.erase({service, address});
        break;
      case 3: {
        auto state = *rc::gen::element(eth0(), eth1());
        if (*rc::gen::arbitrary<bool>()) state.arp = false;
        if (*rc::gen::arbitrary<bool>()) state.link_local.reset();
        if (*rc::gen::arbitrary<bool>()) state.mac = mac("02:00:00:00:00:0a");
        if (*rc::gen::arbitrary<bool>()) state.name = "eth0";
        world.input(state);
        interfaces[state.index] = state;
        break;
      }
      default: {
        const auto index = *rc::gen::element(kEth0, kEth1);
        world.input(InterfaceGone{index});
        interfaces.erase(index);
      }
    }
    world.run(std::chrono::milliseconds(*rc::gen::inRange(0, 1500)));
    for (const auto& action : world.take()) {
      if (const auto* join = std::get_if<JoinGroup>(&action)) {
        RC_ASSERT(groups.emplace(join->interface, join->group).second);
      } else if (const auto* leave = std::get_if<LeaveGroup>(&action)) {
        RC_ASSERT(groups.erase({leave->interface, leave->group}) == 1U);
      } else if (const auto* capture = std::get_if<CaptureChanged>(&action)) {
        captures[capture->interface] = *capture;
      } else if (const auto* changed = std::get_if<AnswerChanged>(&action)) {
        copy.erase({changed->interface, changed->address});
        if (changed->mac) copy.emplace(std::pair(changed->interface, changed->address), *changed->mac);
      } else {
        // Only eligible interfaces send, and each with its own address.
        const auto& sent = std::get<SendFrame>(action);
        RC_ASSERT(interfaces.contains(sent.interface));
        RC_ASSERT(to_hex(ByteView(sent.frame).subspan(6, 6)) == to_hex(interfaces[sent.interface].mac.bytes()));
      }
    }
  }
  world.run(1min);
  for (const auto& action : world.take()) {
    if (const auto* capture = std::get_if<CaptureChanged>(&action)) captures[capture->interface] = *capture;
  }
  std::set<std::pair<InterfaceIndex, IpAddress>> expected_groups;
  for (const auto& [index, state] : interfaces) {
    std::vector<IpAddress> expected;
    for (const auto& address : addresses) {
      auto wanted = false;
      for (const auto& [key, set] : registered) wanted |= key.second == address && set.covers(state.name);
      wanted = wanted && (address.is_v4() ? state.arp : state.link_local.has_value());
      if (wanted) expected.push_back(address);
      const auto copied = copy.find({index, address});
      RC_ASSERT((copied != copy.end()) == wanted);
      if (wanted) RC_ASSERT(copied->second == state.mac);
      if (wanted && address.is_v6()) expected_groups.emplace(index, solicited_node_group(address));
      RC_ASSERT(world.answers(address, index) == wanted);
    }
    std::sort(expected.begin(), expected.end());
    if (captures.contains(index)) {
      RC_ASSERT(captures[index].addresses == expected);
      RC_ASSERT(captures[index].arp == state.arp);
      RC_ASSERT(captures[index].ndp == state.link_local.has_value());
    } else {
      RC_ASSERT(!state.arp && !state.link_local);
    }
  }
  RC_ASSERT(groups == expected_groups);
}

}  // namespace
}  // namespace metallb::layer2
