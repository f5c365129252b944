// What reaches a simulated speaker: datagrams, frames, streams, and news of its kernel.
#include <utility>

#include "sim/packet_filter.hpp"
#include "sim/speaker_process.hpp"

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;

/// Socket buffers, counted in packets: 2 MiB for UDP (gossip spec 3.9), the kernel's default for packet sockets.
constexpr std::size_t kUdpBuffer = 1600;
constexpr std::size_t kPacketBuffer = 160;

constexpr Duration kNetlinkDelay = 1ms;

}  // namespace

void SpeakerProcess::on_datagram(const std::shared_ptr<const Datagram>& datagram) {
  if (liveness_.waiting() >= kUdpBuffer) return;
  liveness_.run([this, datagram] {
    membership_driven_.feed(gossip::PacketReceived{.from = datagram->from, .packet = datagram->payload});
  });
}

void SpeakerProcess::on_unreachable(const gossip::Endpoint& to) {
  liveness_.run([this, to] { membership_driven_.feed(gossip::Unreachable{to}); });
}

void SpeakerProcess::on_stream(StreamNews news) {
  liveness_.run([this, news = std::move(news)] {
    switch (news.what) {
      case StreamNews::What::kAccepted:
        return membership_driven_.feed(gossip::StreamAccepted{.stream = news.stream, .from = news.from});
      case StreamNews::What::kConnected:
        return membership_driven_.feed(gossip::StreamConnected{news.stream});
      case StreamNews::What::kReceived:
        return membership_driven_.feed(gossip::StreamReceived{.stream = news.stream, .data = news.data});
      case StreamNews::What::kEnded:
        return membership_driven_.feed(gossip::StreamEnded{.stream = news.stream, .error = news.error});
    }
  });
}

void SpeakerProcess::on_frame(const Frame& frame) {
  if (options_.membership_only || packets_.waiting() >= kPacketBuffer) return;
  packets_.run([this, frame] {
    observer_.frame_seen(*this, *frame);
    if (!passes(arp_filter_, *frame) && !passes(ndp_filter_, *frame)) return;
    layer2_driven_.feed(layer2::FrameReceived{.interface = kInterface, .frame = *frame});
    look_at_answers();
  });
}

layer2::InterfaceState SpeakerProcess::interface_state() const {
  return {.index = kInterface,
          .name = "eth0",
          .mac = host_.mac(),
          .arp = true,
          .link_local = host_.link_local(),
          .running = network_.lan.carrier(host_.port())};
}

void SpeakerProcess::on_carrier(bool carrier) {
  network_.timeline.after(kNetlinkDelay, [this, carrier] {
    liveness_.run([this, carrier] { membership_driven_.feed(gossip::LinkChanged{carrier}); });
    if (!options_.membership_only) feed_packets(interface_state());
  });
}

void SpeakerProcess::feed_speaker(speaker::Input input) {
  main_.run([this, input = std::move(input)] { speaker_driven_.feed(input); });
}

void SpeakerProcess::feed_packets(layer2::Input input) {
  packets_.run([this, input = std::move(input)] {
    layer2_driven_.feed(input);
    look_at_answers();
  });
}

void SpeakerProcess::on_neighbour(const IpAddress& address, const MacAddress& mac) {
  network_.timeline.after(kNetlinkDelay, [this, address, mac] {
    liveness_.run([this, address, mac] {
      neighbours_[address] = mac;
      tell_neighbours();
    });
  });
}

/// Which MAC is which member's: the member table joined with the kernel's neighbour table; also of those that are gone.
void SpeakerProcess::tell_neighbours() {
  if (!is_ours() || options_.membership_only) return;
  std::map<MacAddress, std::string> known;
  for (const auto& [node, address] : member_addresses_) {
    if (const auto found = neighbours_.find(address); found != neighbours_.end()) known[found->second] = node;
  }
  if (known == told_neighbours_) return;
  told_neighbours_ = known;
  packets_.post([this, known = std::move(known)] { layer2_driven_.feed(layer2::NeighboursKnown{known}); });
}

bool SpeakerProcess::answers(const IpAddress& address) const {
  return layer2_.table().find(kInterface, address).has_value();
}

void SpeakerProcess::look_at_answers() {
  if (!options_.tracked) return;
  const auto& tracked = *options_.tracked;
  answering_.resize(tracked.size());
  for (std::size_t i = 0; i < tracked.size(); ++i) {
    const bool answers_now = answers(tracked[i]);
    if (answering_[i] == answers_now) continue;
    answering_[i] = answers_now;
    observer_.answers_changed(*this, tracked[i], answers_now);
  }
}

}  // namespace metallb::sim
