// ARP answered in the kernel, on a cable of its own: by a whole packets thread, and by the bare program.
#include "io/kernel_answers/kernel_answers.hpp"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "io/clock.hpp"
#include "unit/io/packets_network.hpp"

namespace metallb::io::test {
namespace {

const IpAddress kVip = IpAddress::v4(192, 168, 1, 240);
constexpr const char* kVipText = "192.168.1.240";

/// Why it cannot be tried here.
std::optional<std::string> cannot() {
  const auto program = ArpProgram::load();
  if (!program) return program.error().to_string();
  const auto link = (*program)->attach(InterfaceIndex(1));
  return link ? std::nullopt : std::optional(link.error().to_string());
}

#define ON_A_CABLE(...)                                                           \
  do {                                                                            \
    std::optional<std::string> lacking;                                           \
    IN_OWN_NETWORK([&] {                                                          \
      lacking = cannot();                                                         \
      if (lacking) return;                                                        \
      lay_cable();                                                                \
      __VA_ARGS__();                                                              \
    });                                                                           \
    if (lacking) GTEST_SKIP() << "no ARP program is possible here: " << *lacking; \
  } while (false)

bool in_kernel(Announcer& announcer, bool expected = true) {
  return announcer.eventually([&] {
    const auto interfaces = announcer.report().arp_in_kernel;
    return interfaces == std::map<std::string, bool>{{"lan0", expected}};
  });
}

std::uint64_t counted(const Announcer& announcer) {
  return announcer.report().addresses[kVip].responses_sent;
}

TEST(KernelAnswers, ComeWithTheInterfacesMacAndAreCounted) {
  ON_A_CABLE([] {
    const Tap tap;
    Announcer announcer("^peer", true);
    announcer.announce(kVipText);
    ASSERT_TRUE(in_kernel(announcer));
    for (int i = 0; i < 20; ++i) {
      const auto answer = tap.resolve(kVip);
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer->sender_mac, mac_of("lan0"));
      EXPECT_EQ(answer->target_mac, tap.mac());
    }
    EXPECT_TRUE(announcer.eventually([&] { return counted(announcer) >= 20; }));
    EXPECT_EQ(announcer.report().addresses[kVip].requests_received, counted(announcer));
    EXPECT_EQ(announcer.report().take_overs.heard, 1U);
  });
}

TEST(KernelAnswers, GiveOneAnswerToOneQuestion) {
  ON_A_CABLE([] {
    const Tap tap;
    Announcer announcer("^peer", true);
    announcer.announce(kVipText);
    ASSERT_TRUE(in_kernel(announcer));
    const auto is_answer = [&](ByteView frame) {
      const auto packet = layer2::decode_arp(frame);
      return packet && packet->operation == layer2::ArpOperation::kReply && packet->ethernet_destination == tap.mac();
    };
    int answered = 0;
    for (int i = 0; i < 20; ++i) {
      tap.send(tap.arp_request(kVip));
      if (!tap.await(is_answer, 500)) continue;  // a busy machine: the thread took its lateness for a pause
      ++answered;
      EXPECT_FALSE(tap.await(is_answer, 20));
    }
    EXPECT_GT(answered, 0);
  });
}

TEST(KernelAnswers, EndAtTheWithdrawalAndBeginAnewWithTheNextAddress) {
  ON_A_CABLE([] {
    const Tap tap;
    Announcer announcer("^peer", true);
    for (int i = 0; i < 3; ++i) {
      announcer.announce(kVipText);
      ASSERT_TRUE(in_kernel(announcer));
      ASSERT_TRUE(tap.resolve(kVip));
      announcer.withdraw(kVipText);
      EXPECT_TRUE(announcer.eventually([&] { return announcer.report().arp_in_kernel.empty(); }));
      EXPECT_TRUE(tap.unanswered(kVip));
    }
  });
}

TEST(KernelAnswers, LeaveClaimsProbesAndMalformedPacketsToTheThread) {
  ON_A_CABLE([] {
    const Tap tap;
    Announcer announcer("^peer", true);
    announcer.announce(kVipText);
    ASSERT_TRUE(in_kernel(announcer));
    auto claim = tap.arp_request(kVip);
    std::copy_n(claim.begin() + 38, 4, claim.begin() + 28);  // sender address
    auto malformed = tap.arp_request(kVip);
    malformed.resize(40);
    tap.send(malformed);
    EXPECT_TRUE(announcer.eventually([&] { return announcer.report().drops.malformed == 1; }));
    // A stranger is one that claims again two seconds later: 50 ms apart it is asked for long enough.
    EXPECT_TRUE(announcer.eventually([&] {
      tap.send(claim);
      return announcer.report().conflicts.foreign > 0;
    }));
    auto probe = tap.arp_request(kVip);
    std::fill_n(probe.begin() + 28, 4, std::uint8_t{0});
    const auto is_answer = [](ByteView frame) {
      const auto packet = layer2::decode_arp(frame);
      return packet && packet->target_ip == IpAddress::v4(0, 0, 0, 0) && packet->sender_ip == kVip;
    };
    EXPECT_TRUE(announcer.eventually([&] {
      tap.send(probe);
      return tap.await(is_answer, 50).has_value();
    }));
  });
}

TEST(KernelAnswers, FollowTheInterfaceThroughANewMacAndDownAndUp) {
  ON_A_CABLE([] {
    const Tap tap;
    Announcer announcer("^peer", true);
    announcer.announce(kVipText);
    ASSERT_TRUE(in_kernel(announcer));
    ip("link set lan0 address 02:00:00:00:00:77");
    EXPECT_TRUE(announcer.eventually([&] {
      const auto answer = tap.resolve(kVip);
      return answer && answer->sender_mac.to_string() == "02:00:00:00:00:77";
    }));
    ip("link set lan0 down");
    EXPECT_TRUE(announcer.eventually([&] { return announcer.report().arp_in_kernel.empty(); }));
    ip("link set lan0 up");
    ASSERT_TRUE(in_kernel(announcer));
    EXPECT_TRUE(tap.resolve(kVip));
    ip("link set lan0 down");
    ip("link set lan0 name lan7");
    ip("link set lan7 up");
    EXPECT_TRUE(announcer.eventually(
        [&] { return announcer.report().arp_in_kernel == std::map<std::string, bool>{{"lan7", true}}; }));
    EXPECT_TRUE(tap.resolve(kVip));
  });
}

TEST(KernelAnswers, SurviveTheInterfacesEndAndServeItsSuccessor) {
  ON_A_CABLE([] {
    Announcer announcer("^peer", true);
    announcer.announce(kVipText);
    ASSERT_TRUE(in_kernel(announcer));
    ip("link del lan0");
    EXPECT_TRUE(announcer.eventually([&] { return announcer.report().arp_in_kernel.empty(); }));
    lay_cable();
    const Tap tap;
    ASSERT_TRUE(in_kernel(announcer));
    EXPECT_TRUE(tap.resolve(kVip));
  });
}

TEST(KernelAnswers, EndWithTheThread) {
  ON_A_CABLE([] {
    const Tap tap;
    {
      Announcer announcer("^peer", true);
      announcer.announce(kVipText);
      ASSERT_TRUE(in_kernel(announcer));
      ASSERT_TRUE(tap.resolve(kVip));
    }
    EXPECT_TRUE(tap.unanswered(kVip));
  });
}

TEST(KernelAnswers, EndWithTheLeaseAndWithTheLink) {
  ON_A_CABLE([] {
    const Tap tap;
    auto program = ArpProgram::load().value();
    const auto lan0 = index_of("lan0");
    ASSERT_TRUE(program->put(lan0, kVip, mac_of("lan0")));
    const auto renew = [&] { program->lease(now().steady + std::chrono::milliseconds(900)); };
    std::optional<ProgramLink> link = program->attach(lan0).value();
    EXPECT_TRUE(tap.unanswered(kVip)) << "no lease yet";
    renew();
    EXPECT_TRUE(tap.resolve(kVip));
    program->lease(now().steady);
    EXPECT_TRUE(tap.unanswered(kVip)) << "not renewed";
    renew();
    EXPECT_TRUE(tap.resolve(kVip));
    renew();
    link.reset();
    renew();
    EXPECT_TRUE(tap.unanswered(kVip));
  });
}

bool keep_only(std::initializer_list<int> capabilities) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> kept{};
  for (const auto capability : capabilities) {
    auto& word = kept[static_cast<std::size_t>(capability) / 32];
    word.effective |= 1U << (static_cast<unsigned>(capability) % 32);
    word.permitted = word.effective;
  }
  return ::syscall(SYS_capset, &header, kept.data()) == 0;
}

TEST(KernelAnswers, NeedTwoCapabilitiesAndNoMore) {
  ON_A_CABLE([] {
    const Tap tap;
    ASSERT_TRUE(keep_only({CAP_NET_RAW, CAP_NET_ADMIN, CAP_BPF}));
    Announcer announcer("^peer", true);
    announcer.announce(kVipText);
    EXPECT_TRUE(in_kernel(announcer));
    EXPECT_TRUE(tap.resolve(kVip));
  });
}

TEST(KernelAnswers, WithoutThePrivilegeGiveWayToTheThreadWithOneLineThatNamesTheRemedy) {
  ON_A_CABLE([] {
    ip("link add lan1 type veth peer name peer1");
    ip("link set lan1 up");
    const Tap tap;
    ASSERT_TRUE(keep_only({CAP_NET_RAW}));
    Announcer announcer("^peer", true);
    announcer.announce(kVipText);
    EXPECT_TRUE(tap.resolve(kVip));
    EXPECT_TRUE(announcer.eventually(
        [&] { return announcer.report().arp_in_kernel == std::map<std::string, bool>{{"lan0", false}, {"lan1", false}}; }));
    EXPECT_EQ(announcer.log().count("op=arpInKernel"), 1U);
    EXPECT_TRUE(announcer.log().contains("grant the capabilities BPF and NET_ADMIN"));
  });
}

TEST(KernelAnswers, AreNotGivenWhenNobodyWantsThem) {
  ON_A_CABLE([] {
    const Tap tap;
    Announcer announcer("^peer", false);
    announcer.announce(kVipText);
    EXPECT_TRUE(tap.resolve(kVip));
    EXPECT_TRUE(in_kernel(announcer, false));
    EXPECT_FALSE(announcer.log().contains("arpInKernel"));
  });
}

}  // namespace
}  // namespace metallb::io::test
