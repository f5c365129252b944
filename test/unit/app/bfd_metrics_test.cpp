// Bgp spec 5.4: names and labels of BFD's series.
#include "app/bfd_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace metallb::app {
namespace {

using testing::HasSubstr;
using testing::Not;

bfd::SessionStatus session(const char* remote, bfd::State state, std::uint64_t received) {
  bfd::SessionStatus out;
  out.key.remote = *IpAddress::parse(remote);
  out.key.local = *IpAddress::parse("fe80::1");
  out.state = state;
  out.counters.control_received = received;
  out.notifications = 3;
  return out;
}

/// An engine with one peer; on an interface unless `interface` is empty.
struct Engine {
  explicit Engine(const std::string& interface) {
    bgp::PeerSettings settings;
    settings.name = "router";
    settings.transport.interface = interface;
    bgp::Output out;
    core.on_input({SteadyPoint(std::chrono::hours(1)), {}}, bgp::SetPeer{bgp::PeerId(1), settings}, out);
  }
  bgp::Instance core{1};
};

std::string page(const io::BfdReport& report, const std::vector<peering::PeerStatus>& peers, const bgp::Instance& engine) {
  return io::metrics_text(bfd_metrics(report, peers, engine));
}

io::BfdReport report_of(std::vector<bfd::SessionStatus> sessions) {
  io::BfdReport out;
  out.sessions = std::move(sessions);
  return out;
}

peering::PeerStatus watched(const bfd::SessionKey& path) {
  peering::PeerStatus out;
  out.peer = bgp::PeerId(1);
  out.path = path;
  return out;
}

TEST(BfdMetrics, NameAPeerByItsAddressAndVrf) {
  const Engine engine("");
  auto up = session("192.0.2.254", bfd::State::kUp, 7);
  auto down = session("192.0.2.253", bfd::State::kDown, 0);
  down.key.vrf = "red";
  const auto text = page(report_of({up, down}), {watched(up.key)}, engine.core);
  EXPECT_THAT(text, HasSubstr("metallb_bfd_session_up{peer=\"192.0.2.254\",vrf=\"default\"} 1"));
  EXPECT_THAT(text, HasSubstr("metallb_bfd_session_up{peer=\"192.0.2.253\",vrf=\"red\"} 0"));
  EXPECT_THAT(text, HasSubstr("metallb_bfd_control_packet_input{peer=\"192.0.2.254\",vrf=\"default\"} 7"));
  EXPECT_THAT(text, HasSubstr("metallb_bfd_zebra_notifications{peer=\"192.0.2.254\",vrf=\"default\"} 3"));
}

TEST(BfdMetrics, NameAnUnnumberedPeerByItsInterfaceWhateverItsAddress) {
  const Engine engine("eth7");
  for (const auto* neighbour : {"fe80::a", "fe80::b"}) {
    const auto found = session(neighbour, bfd::State::kUp, 1);
    const auto text = page(report_of({found}), {watched(found.key)}, engine.core);
    EXPECT_THAT(text, HasSubstr("metallb_bfd_session_up{peer=\"eth7\",vrf=\"default\"} 1"));
    EXPECT_THAT(text, Not(HasSubstr(neighbour)));
  }
}

TEST(BfdMetrics, MakeOneSeriesOfTwoPathsToOnePeerAndShowTheWorse) {
  const Engine engine("");
  auto up = session("192.0.2.254", bfd::State::kUp, 7);
  auto down = session("192.0.2.254", bfd::State::kDown, 2);
  down.key.local = *IpAddress::parse("192.0.2.1");
  const auto text = page(report_of({up, down}), {}, engine.core);
  EXPECT_THAT(text, HasSubstr("metallb_bfd_session_up{peer=\"192.0.2.254\",vrf=\"default\"} 0"));
  EXPECT_THAT(text, HasSubstr("metallb_bfd_control_packet_input{peer=\"192.0.2.254\",vrf=\"default\"} 9"));
}

TEST(BfdMetrics, CountWhatWasDiscardedByReasonWhetherOrNotItFittedASession) {
  const Engine engine("");
  auto known = session("192.0.2.254", bfd::State::kUp, 0);
  const auto fault = static_cast<bfd::Fault>(0);
  known.counters.faults.count(fault);
  auto report = report_of({known});
  report.counters.faults.count(fault);
  report.counters.faults.count(fault);
  EXPECT_THAT(page(report, {}, engine.core),
              HasSubstr("metallb_bfd_packets_discarded_total{reason=\"" + std::string(bfd::label(fault)) + "\"} 3"));
}

}  // namespace
}  // namespace metallb::app
