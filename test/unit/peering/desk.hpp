// One node's peering core in virtual time; BGP, BFD and the network are played by the test.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "peering/instance.hpp"
#include "unit/hex.hpp"

namespace metallb::peering::test {

using namespace std::chrono_literals;

inline IpAddress ip(const char* text) {
  return IpAddress::parse(text).value();
}
/// Of hexadecimal text with blanks.
inline Bytes octets(std::string text) {
  std::erase(text, ' ');
  return metallb::test::from_hex(text);
}
inline constexpr bgp::PeerId kPeer{1};
inline const IpAddress kOwn = ip("fe80::1");
inline const IpAddress kRouter = ip("fe80::2");
inline const IpAddress kOtherRouter = ip("fe80::3");
inline constexpr InterfaceIndex kEth0{2};
inline constexpr InterfaceIndex kEth1{3};
inline constexpr MacAddress kMac({2, 0, 0, 0, 0, 1});

/// eth0 is the node's LAN, eth1 the unnumbered link to a router.
inline Links two_links() {
  Link eth0{.index = kEth0, .name = "eth0", .running = true, .mac = kMac};
  eth0.addresses = {{.address = ip("192.0.2.1"), .prefix_length = 24}, {.address = ip("2001:db8::1"), .prefix_length = 64}};
  Link eth1{.index = kEth1, .name = "eth1", .running = true, .mac = kMac};
  eth1.addresses = {{.address = kOwn, .prefix_length = 64}};
  return {{"eth0", eth0}, {"eth1", eth1}};
}

/// An external peer on the LAN.
inline Peer addressed(const char* address = "192.0.2.254") {
  Peer out;
  out.settings.name = "router";
  out.settings.transport.address = ip(address);
  out.settings.my_as = out.settings.local_as = bgp::Asn(64512);
  out.settings.peer_as = {bgp::PeerAs::Kind::kFixed, bgp::Asn(64513)};
  out.settings.families = {bgp::kIpv4Unicast, bgp::kIpv6Unicast};
  return out;
}
inline Peer on_interface(const char* interface = "eth1") {
  auto out = addressed();
  out.settings.transport.address.reset();
  out.settings.transport.interface = interface;
  return out;
}
inline Peer with_bfd(Peer peer) {
  peer.bfd = bfd::Parameters{};
  return peer;
}

/// RFC 4861, Section 4.2: as FRR sends it, lifetime 30 s.
inline Bytes advertisement() {
  return octets("86000000 4000001e 00000000 00000000 0101 020000000002");
}
inline Bytes solicitation() {
  return octets("85000000 00000000 0101 020000000002");
}

struct Lines : LogSink {
  std::vector<std::string> events;  ///< "event peer"
  [[nodiscard]] bool enabled(LogLevel level) const override { return level >= LogLevel::kInfo; }
  void write(const LogRecord& record) override {
    std::string event;
    std::string peer;
    for (const auto& field : record.fields) {
      if (field.key == "event") event = std::get<std::string>(field.value);
      if (field.key == "peer") peer = std::get<std::string>(field.value);
    }
    events.push_back(event + " " + peer);
  }
  [[nodiscard]] auto count(const char* line) const { return std::count(events.begin(), events.end(), line); }
};

struct Desk {
  explicit Desk(Instance::Options options = {}) : core(options, Log(lines)) {}

  Now now{SteadyPoint(1h), {}};
  Lines lines;
  Instance core;
  std::vector<bgp::PeerSettings> told;  ///< to BGP about kPeer
  std::vector<bool> verdicts;           ///< about kPeer
  std::vector<std::string> bfd;         ///< "watch <client> <path>", "unwatch ..."
  std::vector<bfd::Parameters> parameters;
  std::vector<SendNdp> sent;
  std::vector<Duration> advertised;  ///< since the test's start
  std::vector<Duration> solicited;
  std::vector<std::string> groups;  ///< "join 3"
  int removed = 0;

  void input(const Input& in) {
    Output out;
    core.on_input(now, in, out);
    keep(out);
    pump();
  }
  void pump() {
    for (int calls = 0; core.next_deadline() <= now.steady; ++calls) {
      ASSERT_LT(calls, 100) << "work that never ends";
      Output out;
      core.on_time(now, out);
      keep(out);
    }
  }
  void advance(Duration time) {
    const auto until = now.steady + time;
    while (core.next_deadline() <= until && !testing::Test::HasFatalFailure()) {
      now.steady = std::max(now.steady, core.next_deadline());
      pump();
    }
    now.steady = until;
  }
  void set(const Peer& peer, bgp::PeerId id = kPeer) { input(SetPeer{id, peer}); }
  void set_links(const Links& links) { input(LinksChanged{links}); }
  void hear(const IpAddress& source, const Bytes& message = advertisement(), std::uint8_t hop_limit = 255,
            InterfaceIndex interface = kEth1) {
    input(NdpReceived{interface, {source, ip("ff02::1"), hop_limit}, message});
  }
  void session(bgp::State from, bgp::State to) { input(bgp::StateChanged{kPeer, from, to, ""}); }
  void establish() { session(bgp::State::kOpenConfirm, bgp::State::kEstablished); }
  void lose() { session(bgp::State::kEstablished, bgp::State::kIdle); }

  [[nodiscard]] std::string held() const { return told.empty() ? "not told" : told.back().held; }
  [[nodiscard]] std::string neighbour() const {
    const auto& address = told.back().transport.address;
    return address ? address->to_string() : "none";
  }
  [[nodiscard]] PeerStatus status() const { return core.peers().front(); }
  template <class T>
  static T taken(T& from) {
    return std::exchange(from, {});
  }

 private:
  static std::string text_of(const bfd::SessionKey& key) {
    return std::string(key.hops == bfd::Hops::kSingle ? "single " : "multi ") + key.local.to_string() + " " +
           key.remote.to_string() + " " + std::to_string(key.interface.value()) + (key.vrf.empty() ? "" : " " + key.vrf);
  }
  void keep(const Output& out) {
    for (const auto& action : out) {
      if (const auto* to_bgp = std::get_if<bgp::Input>(&action)) keep(*to_bgp);
      if (const auto* to_bfd = std::get_if<bfd::Input>(&action)) keep(*to_bfd);
      if (const auto* send = std::get_if<SendNdp>(&action)) {
        sent.push_back(*send);
        (send->message[0] == 134 ? advertised : solicited).push_back(now.steady - SteadyPoint(1h));
      }
      if (const auto* join = std::get_if<JoinGroups>(&action)) {
        groups.push_back("join " + std::to_string(join->interface.value()));
      }
      if (const auto* leave = std::get_if<LeaveGroups>(&action)) {
        groups.push_back("leave " + std::to_string(leave->interface.value()));
      }
    }
  }
  void keep(const bgp::Input& in) {
    if (const auto* set = std::get_if<bgp::SetPeer>(&in); set != nullptr && set->peer == kPeer)
      told.push_back(set->settings);
    if (const auto* verdict = std::get_if<bgp::PeerLiveness>(&in); verdict != nullptr && verdict->peer == kPeer) {
      verdicts.push_back(verdict->up);
    }
    if (std::holds_alternative<bgp::RemovePeer>(in)) ++removed;
  }
  void keep(const bfd::Input& in) {
    if (const auto* watch = std::get_if<bfd::Watch>(&in)) {
      bfd.push_back("watch " + watch->client + " " + text_of(watch->key));
      parameters.push_back(watch->parameters);
    }
    if (const auto* unwatch = std::get_if<bfd::Unwatch>(&in)) {
      bfd.push_back("unwatch " + unwatch->client + " " + text_of(unwatch->key));
    }
  }
};

}  // namespace metallb::peering::test
