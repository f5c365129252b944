// One switched Ethernet: ports, a learning switch, and everything that goes wrong on a LAN: loss, delay, jitter,
// duplication, reordering, pulled cables, links that work one way only, partitions, and a switch that stops for a while.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "net/mac_address.hpp"
#include "sim/timeline.hpp"

namespace metallb::sim {

/// Of the path between two ports, each way.
struct Quality {
  double loss = 0;       ///< share of packets lost, each way
  double duplicate = 0;  ///< share that arrives twice
  double reorder = 0;    ///< share that does not wait for those sent before it
  Duration latency = std::chrono::microseconds(100);
  Duration jitter = std::chrono::microseconds(50);  ///< up to so much more
};

using Frame = std::shared_ptr<const Bytes>;

class Lan {
 public:
  using Port = std::uint32_t;
  /// What hangs on a port.
  class Station {
   public:
    virtual ~Station() = default;
    virtual void frame_arrived(const Frame& frame) = 0;
    virtual void carrier_changed(bool carrier) = 0;
  };
  struct Counters {
    std::uint64_t packets_sent = 0;  ///< IP packets of this port, lost ones included
    std::uint64_t bytes_sent = 0;
    std::uint64_t frames_sent = 0;  ///< ARP and neighbour discovery
    std::uint64_t lost = 0;         ///< of both, on their way from this port
  };

  Lan(Timeline& timeline, Random random) : timeline_(timeline), random_(random) {}

  Port attach(const MacAddress& mac, Station& station);

  void set_quality(const Quality& quality) { quality_ = quality; }
  [[nodiscard]] const Quality& quality() const { return quality_; }
  /// A bad cable: in addition to the quality of the whole.
  void set_port_loss(Port port, double loss) { ports_[port].loss = loss; }
  void set_carrier(Port port, bool carrier);
  /// Ports of different groups do not reach each other.
  void set_group(Port port, int group) { ports_[port].group = group; }
  /// A cable with one broken pair.
  void set_deaf(Port port, bool deaf) { ports_[port].deaf = deaf; }
  void set_mute(Port port, bool mute) { ports_[port].mute = mute; }
  /// Only packets from `from` to `to` are lost (a mistaken filter).
  void block(Port from, Port to, bool blocked);
  void stop_switch_until(SteadyPoint when) { stopped_until_ = when; }

  [[nodiscard]] bool carrier(Port port) const { return ports_[port].carrier; }
  [[nodiscard]] int group(Port port) const { return ports_[port].group; }
  /// Whether anything sent from one port arrives at the other, but for bad luck.
  [[nodiscard]] bool connected(Port from, Port to) const;
  /// Also both ways.
  [[nodiscard]] bool both_ways(Port a, Port b) const { return connected(a, b) && connected(b, a); }

  /// Sends one IP packet of so many bytes to a known port. How long it takes; nothing when it is lost.
  std::optional<Duration> carry(Port from, Port to, std::size_t bytes);
  /// Whether a packet that arrives does so once more.
  bool duplicates() { return quality_.duplicate > 0 && random_.unit() < quality_.duplicate; }

  /// One Ethernet frame, to where its destination says: a learned port, or all.
  void send_frame(Port from, Bytes frame);

  [[nodiscard]] const Counters& counters(Port port) const { return ports_[port].counters; }
  [[nodiscard]] std::size_t ports() const { return ports_.size(); }

 private:
  struct PortState {
    MacAddress mac;
    Station* station = nullptr;
    bool carrier = true;
    bool deaf = false;
    bool mute = false;
    int group = 0;
    double loss = 0;
    Counters counters;
    std::vector<SteadyPoint> last_arrival;  ///< by destination: packets of one path do not overtake each other
  };
  std::optional<Duration> draw(Port from, Port to);
  void deliver(Port from, Port to, const Frame& frame);

  Timeline& timeline_;
  Random random_;
  Quality quality_;
  std::vector<PortState> ports_;
  std::map<MacAddress, Port> learned_;
  std::set<std::pair<Port, Port>> blocked_;
  SteadyPoint stopped_until_ = SteadyPoint::min();
};

}  // namespace metallb::sim
