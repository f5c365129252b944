#include "sim/client.hpp"

#include <algorithm>

#include "layer2/arp_packet.hpp"
#include "layer2/ethernet.hpp"
#include "layer2/ndp_packet.hpp"
#include "sim/neighbour_frames.hpp"

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;

/// Whatever addresses the members have.
const IpAddress kClientAddress = IpAddress::v4(192, 168, 1, 35);

bool is_arp(ByteView frame) {
  return frame.size() > 14 && frame[12] == 0x08 && frame[13] == 0x06;
}

}  // namespace

Client::Client(Network& network, Host& host, std::shared_ptr<const std::vector<IpAddress>> addresses)
    : network_(network), host_(host), addresses_(std::move(addresses)) {
  host_.bind(this, 0);
}

void Client::probe() {
  if (probing_) {
    for (const auto& address : *addresses_) ask(address);
  }
  network_.timeline.after(kProbeInterval, [this] { probe(); });
}

void Client::ask(const IpAddress& address) {
  ++cache_[address].probes;
  if (address.is_v6()) return host_.send_frame(solicitation(host_.mac(), host_.link_local(), address));
  host_.send_frame(layer2::encode_arp({.ethernet_destination = MacAddress::broadcast(),
                                       .ethernet_source = host_.mac(),
                                       .operation = layer2::ArpOperation::kRequest,
                                       .sender_mac = host_.mac(),
                                       .sender_ip = kClientAddress,
                                       .target_mac = MacAddress(),
                                       .target_ip = address}));
}

void Client::on_frame(const Frame& frame) {
  if (is_arp(*frame)) {
    const auto packet = layer2::decode_arp(*frame);
    if (!packet || std::ranges::find(*addresses_, packet->sender_ip) == addresses_->end()) return;
    cache_[packet->sender_ip].mac = packet->sender_mac;
    const bool gratuitous = packet->sender_ip == packet->target_ip;
    if (packet->operation == layer2::ArpOperation::kReply && !gratuitous) answered(packet->sender_ip, packet->sender_mac);
  } else if (const auto seen = read_advertisement(*frame)) {
    if (std::ranges::find(*addresses_, seen->target) == addresses_->end()) return;
    auto& entry = cache_[seen->target];
    // RFC 4861, Section 7.2.5: without the override flag a known address is not replaced.
    if (seen->override_ || entry.mac == MacAddress()) entry.mac = seen->mac;
    if (seen->solicited) answered(seen->target, seen->mac);
  }
}

void Client::answered(const IpAddress& address, const MacAddress& mac) {
  auto& entry = cache_[address];
  const auto now = network_.timeline.now();
  if (entry.answered != SteadyPoint::min()) entry.longest_silence = std::max(entry.longest_silence, now - entry.answered);
  entry.answered = now;
  entry.answered_by = mac;
  ++entry.answers;
  if (on_answer) on_answer(address, mac);
}

void Stranger::take(const IpAddress& address) {
  host_.bind(this, 0);
  taken_ = address;
  announce();
}

void Stranger::announce() {
  if (!taken_) return;
  if (taken_->is_v4()) {
    host_.send_frame(layer2::encode_arp({.ethernet_destination = MacAddress::broadcast(),
                                         .ethernet_source = host_.mac(),
                                         .operation = layer2::ArpOperation::kRequest,
                                         .sender_mac = host_.mac(),
                                         .sender_ip = *taken_,
                                         .target_mac = MacAddress(),
                                         .target_ip = *taken_}));
  } else {
    const auto all_nodes = *IpAddress::parse("ff02::1");
    host_.send_frame(layer2::encode_advertisement({.ethernet_destination = MacAddress::multicast(all_nodes),
                                                   .ethernet_source = host_.mac(),
                                                   .source = host_.link_local(),
                                                   .destination = all_nodes,
                                                   .target = *taken_,
                                                   .target_link_layer = host_.mac(),
                                                   .override_ = true}));
  }
  network_.timeline.after(700ms, [this] { announce(); });
}

void Stranger::on_frame(const Frame& frame) {
  if (!taken_ || !taken_->is_v4() || !is_arp(*frame)) return;
  const auto request = layer2::decode_arp(*frame);
  if (!request || request->operation != layer2::ArpOperation::kRequest || request->target_ip != *taken_) return;
  if (request->sender_ip == *taken_) return;
  host_.send_frame(layer2::encode_arp({.ethernet_destination = request->sender_mac,
                                       .ethernet_source = host_.mac(),
                                       .operation = layer2::ArpOperation::kReply,
                                       .sender_mac = host_.mac(),
                                       .sender_ip = *taken_,
                                       .target_mac = request->sender_mac,
                                       .target_ip = request->sender_ip}));
}

}  // namespace metallb::sim
