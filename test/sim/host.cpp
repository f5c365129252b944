#include "sim/host.hpp"

#include <algorithm>

#include "layer2/arp_packet.hpp"
#include "layer2/ethernet.hpp"
#include "layer2/ndp_packet.hpp"
#include "sim/neighbour_frames.hpp"
#include "sim/network.hpp"

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kUdpHeaders = 28;  // IPv4 and UDP
constexpr std::size_t kArpTarget = 38;
constexpr std::size_t kArpSender = 28;
/// Silence after which the kernel doubts a neighbour, asks three times, one second apart, and then reports it unreachable.
constexpr Duration kNeighbourDoubted = 10s;
constexpr Duration kNeighbourReport = 1s;
constexpr Duration kWitnessTimeout = 100ms;
constexpr Duration kWitnessAge = 1min;

std::uint16_t ether_type(ByteView frame) {
  return frame.size() < layer2::kEthernetHeader ? std::uint16_t{0}
                                                : static_cast<std::uint16_t>((frame[12] << 8) | frame[13]);
}

IpAddress ipv4_at(ByteView frame, std::size_t at) {
  return frame.size() < at + 4 ? IpAddress() : IpAddress::v4(frame[at], frame[at + 1], frame[at + 2], frame[at + 3]);
}

}  // namespace

Host::Host(Network& network, std::string name, const Addresses& addresses)
    : network_(network),
      name_(std::move(name)),
      addresses_(addresses),
      port_(network.lan.attach(addresses.mac, *this)),
      steady_offset_(std::chrono::seconds(network.random.below(1000000))) {
  network.add(*this);
}

Now Host::now() const {
  const auto steady = network_.timeline.now();
  const auto wall = WallPoint(std::chrono::seconds(1'790'000'000)) + network_.timeline.elapsed() + wall_offset_;
  return {.steady = steady + steady_offset_, .wall = wall};
}

SteadyPoint Host::to_simulation(SteadyPoint of_host) const {
  if (of_host == kIdle) return kIdle;
  return of_host < SteadyPoint() + steady_offset_ ? SteadyPoint() : of_host - steady_offset_;
}

void Host::bind(Sockets* sockets, std::uint16_t port) {
  sockets_ = sockets;
  bound_port_ = port;
}

void Host::send_datagram(const gossip::Endpoint& to, Bytes payload) {
  if (!powered_) return;
  auto* peer = network_.host_at(to.address);
  if (peer == nullptr) return;  // the router takes it, and it is never heard of again
  if (peer != this) report_if_lost(*peer, to);
  const auto delay =
      peer == this ? std::optional(Duration(10us)) : network_.lan.carry(port_, peer->port_, payload.size() + kUdpHeaders);
  if (network_.trace.packets()) {
    network_.trace.say(
        name_, "packet to " + peer->name() + ", " + std::to_string(payload.size()) + " bytes" + (delay ? "" : ", lost"));
  }
  if (!delay) return;
  auto datagram = std::make_shared<const Datagram>(
      Datagram{.from = {addresses_.node, bound_port_}, .to = to, .payload = std::move(payload)});
  if (peer != this && network_.lan.duplicates()) {
    network_.timeline.after(*delay + 20us, [this, peer, datagram] { peer->datagram_arrived(*this, datagram); });
  }
  network_.timeline.after(*delay, [this, peer, datagram = std::move(datagram)]() mutable {
    peer->datagram_arrived(*this, std::move(datagram));
  });
}

void Host::datagram_arrived(Host& from, std::shared_ptr<const Datagram> datagram) {
  if (!powered_ || !network_.lan.carrier(port_)) return;
  hear(from.port_);
  if (sockets_ != nullptr && bound_port_ == datagram->to.port) return sockets_->on_datagram(datagram);
  icmp_unreachable(from, datagram->to);
}

void Host::icmp_unreachable(Host& to_host, const gossip::Endpoint& port) {
  auto& peer = peer_on(to_host.port_);
  const auto now = network_.timeline.now();
  if (peer.icmp_at != SteadyPoint::min()) {
    peer.icmp_allowance = std::min(6.0, peer.icmp_allowance + std::chrono::duration<double>(now - peer.icmp_at).count());
  }
  peer.icmp_at = now;
  if (peer.icmp_allowance < 1) return;
  peer.icmp_allowance -= 1;
  const auto delay = network_.lan.carry(port_, to_host.port_, 2 * kUdpHeaders);
  if (!delay) return;
  network_.timeline.after(*delay, [&to_host, port] {
    if (to_host.powered_ && to_host.sockets_ != nullptr) to_host.sockets_->on_unreachable(port);
  });
}

void Host::send_frame(Bytes frame) {
  if (powered_) network_.lan.send_frame(port_, std::move(frame));
}

void Host::carrier_changed(bool carrier) {
  if (powered_ && sockets_ != nullptr) sockets_->on_carrier(carrier);
}

void Host::frame_arrived(const Frame& frame) {
  if (!powered_) return;
  heard_from(*frame);
  answer_for_own_address(*frame);
  if (sockets_ != nullptr) sockets_->on_frame(frame);
}

/// A packet of a neighbour about its own address, whoever it is meant for.
void Host::heard_from(ByteView frame) {
  std::optional<IpAddress> sender;
  if (ether_type(frame) == layer2::kEtherTypeArp) {
    sender = ipv4_at(frame, kArpSender);
  } else if (const auto advertisement = read_advertisement(frame)) {
    sender = advertisement->target;
  }
  if (!sender) return;
  const auto* host = network_.host_at(*sender);
  if (host != nullptr && host != this) hear(host->port_);
}

void Host::answer_for_own_address(ByteView frame) {
  if (addresses_.node.is_v4()) {
    if (ether_type(frame) != layer2::kEtherTypeArp || ipv4_at(frame, kArpTarget) != addresses_.node) return;
    const auto request = layer2::decode_arp(frame);
    if (!request || request->operation != layer2::ArpOperation::kRequest) return;
    send_frame(layer2::encode_arp({.ethernet_destination = request->sender_mac,
                                   .ethernet_source = addresses_.mac,
                                   .operation = layer2::ArpOperation::kReply,
                                   .sender_mac = addresses_.mac,
                                   .sender_ip = addresses_.node,
                                   .target_mac = request->sender_mac,
                                   .target_ip = request->sender_ip}));
  } else if (ether_type(frame) == layer2::kEtherTypeIpv6) {
    const auto request = layer2::decode_solicitation(frame);
    if (!request || request->target != addresses_.node || !request->source_link_layer) return;
    send_frame(layer2::encode_advertisement({.ethernet_destination = *request->source_link_layer,
                                             .ethernet_source = addresses_.mac,
                                             .source = addresses_.node,
                                             .destination = request->source,
                                             .target = addresses_.node,
                                             .target_link_layer = addresses_.mac,
                                             .solicited = true,
                                             .override_ = true}));
  }
}

Host::Peer& Host::peer_on(Lan::Port port) {
  if (peers_.size() <= port) peers_.resize(network_.lan.ports());
  return peers_[port];
}

void Host::hear(Lan::Port port) {
  auto& peer = peer_on(port);
  const bool known = peer.heard != SteadyPoint::min();
  peer.heard = network_.timeline.now();
  peer.first_sent = SteadyPoint::min();
  if (known || sockets_ == nullptr) return;
  const auto& host = network_.host_on(port);
  sockets_->on_neighbour(host.address(), host.mac());
}

void Host::report_if_lost(Host& host, const gossip::Endpoint& to) {
  auto& peer = peer_on(host.port_);
  const auto now = network_.timeline.now();
  if (peer.first_sent == SteadyPoint::min()) peer.first_sent = now;
  // RFC 4861, Section 7.3, which Linux follows for IPv4, too: a silent neighbour is doubted, asked, and given up.
  if (now - peer.first_sent < kNeighbourDoubted + 3 * kNeighbourReport) return;
  if (peer.reported != SteadyPoint::min() && now - peer.reported < kNeighbourReport) return;
  peer.reported = now;
  network_.timeline.after(kNeighbourReport, [this, to] {
    if (sockets_ != nullptr && powered_) sockets_->on_unreachable(to);
  });
}

std::vector<Host::Neighbour> Host::neighbours(Duration age) const {
  std::vector<Neighbour> out;
  for (Lan::Port port = 0; port < peers_.size(); ++port) {
    const auto heard = peers_[port].heard;
    if (heard == SteadyPoint::min() || heard + age < network_.timeline.now()) continue;
    const auto& host = network_.host_on(port);
    out.push_back({.address = host.address(), .mac = host.mac(), .heard = heard});
  }
  return out;
}

void Host::ask_witness(const IpAddress& accused, std::function<void(std::optional<bool>)> answer) {
  const Host* witness = nullptr;
  if (!network_.gateway.is_unspecified() && network_.gateway != accused && network_.gateway != addresses_.node) {
    witness = network_.host_at(network_.gateway);
  }
  if (witness == nullptr) {
    SteadyPoint last = SteadyPoint::min();
    for (const auto& neighbour : neighbours(kWitnessAge)) {
      if (neighbour.address == accused || neighbour.heard <= last) continue;
      last = neighbour.heard;
      witness = network_.host_at(neighbour.address);
    }
  }
  if (witness == nullptr) return answer(std::nullopt);
  const auto asked = network_.timeline.now();
  for (const auto at : {0ms, 30ms, 60ms}) {
    network_.timeline.after(at, [this, to = witness->address()] { request_neighbour(to); });
  }
  network_.timeline.after(kWitnessTimeout, [this, port = witness->port(), asked, answer = std::move(answer)] {
    answer(peer_on(port).heard > asked);
  });
}

void Host::request_neighbour(const IpAddress& address) {
  if (address.is_v4()) {
    send_frame(layer2::encode_arp({.ethernet_destination = MacAddress::broadcast(),
                                   .ethernet_source = addresses_.mac,
                                   .operation = layer2::ArpOperation::kRequest,
                                   .sender_mac = addresses_.mac,
                                   .sender_ip = addresses_.node,
                                   .target_mac = MacAddress(),
                                   .target_ip = address}));
  } else {
    send_frame(solicitation(addresses_.mac, addresses_.node, address));
  }
}

}  // namespace metallb::sim
