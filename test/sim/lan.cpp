#include "sim/lan.hpp"

#include <algorithm>

#include "layer2/ethernet.hpp"

namespace metallb::sim {

Lan::Port Lan::attach(const MacAddress& mac, Station& station) {
  ports_.push_back({.mac = mac, .station = &station});
  return static_cast<Port>(ports_.size() - 1);
}

void Lan::set_carrier(Port port, bool carrier) {
  if (ports_[port].carrier == carrier) return;
  ports_[port].carrier = carrier;
  // IEEE 802.1D: what was learned on a port ends with its link.
  std::erase_if(learned_, [port](const auto& entry) { return entry.second == port; });
  ports_[port].station->carrier_changed(carrier);
}

void Lan::block(Port from, Port to, bool blocked) {
  if (blocked) {
    blocked_.emplace(from, to);
  } else {
    blocked_.erase({from, to});
  }
}

bool Lan::connected(Port from, Port to) const {
  const auto& a = ports_[from];
  const auto& b = ports_[to];
  return timeline_.now() >= stopped_until_ && a.carrier && b.carrier && !a.mute && !b.deaf && a.group == b.group &&
         (blocked_.empty() || !blocked_.contains({from, to}));
}

std::optional<Duration> Lan::draw(Port from, Port to) {
  auto& port = ports_[from];
  const auto lost = [&](double share) { return share > 0 && random_.unit() < share; };
  if (!connected(from, to) || lost(quality_.loss) || lost(port.loss) || lost(ports_[to].loss)) {
    ++port.counters.lost;
    return std::nullopt;
  }
  auto delay = quality_.latency;
  if (quality_.jitter > Duration::zero())
    delay += Duration(static_cast<Duration::rep>(random_.below(quality_.jitter.count())));
  if (port.last_arrival.size() < ports_.size()) port.last_arrival.resize(ports_.size(), SteadyPoint::min());
  auto& last = port.last_arrival[to];
  // Who overtakes does not wait for the others; they wait for it as for any other.
  const bool overtakes = quality_.reorder > 0 && random_.unit() < quality_.reorder;
  last = std::max(last, timeline_.now() + delay);
  return overtakes ? delay : last - timeline_.now();
}

std::optional<Duration> Lan::carry(Port from, Port to, std::size_t bytes) {
  auto& counters = ports_[from].counters;
  ++counters.packets_sent;
  counters.bytes_sent += bytes;
  return draw(from, to);
}

void Lan::deliver(Port from, Port to, const Frame& frame) {
  const auto delay = draw(from, to);
  if (!delay) return;
  const int copies = duplicates() ? 2 : 1;
  for (int copy = 0; copy < copies; ++copy) {
    timeline_.after(*delay, [this, to, frame] {
      if (ports_[to].carrier) ports_[to].station->frame_arrived(frame);
    });
  }
}

void Lan::send_frame(Port from, Bytes bytes) {
  ++ports_[from].counters.frames_sent;
  ByteReader reader(bytes);
  const auto header = layer2::read_ethernet(reader);
  if (!reader.ok()) return;
  if (ports_[from].carrier && !ports_[from].mute) learned_[header.source] = from;
  const auto frame = std::make_shared<const Bytes>(std::move(bytes));
  if (!layer2::is_group(header.destination)) {
    if (const auto known = learned_.find(header.destination); known != learned_.end()) {
      if (known->second != from) deliver(from, known->second, frame);
      return;
    }
  }
  for (Port to = 0; to < ports_.size(); ++to) {
    if (to != from) deliver(from, to, frame);
  }
}

}  // namespace metallb::sim
