// One machine on the LAN, as far as its kernel goes: clocks, UDP with ICMP errors, the answers to ARP requests and neighbour
// solicitations for its own addresses, the neighbour table, a packet socket.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "gossip/message.hpp"
#include "net/ip_address.hpp"
#include "net/mac_address.hpp"
#include "sim/lan.hpp"
#include "sim/timeline.hpp"

namespace metallb::sim {

class Network;

struct Datagram {
  gossip::Endpoint from;
  gossip::Endpoint to;
  Bytes payload;
};

/// What a process gets from the kernel of its host.
class Sockets {
 public:
  virtual ~Sockets() = default;
  virtual void on_datagram(const std::shared_ptr<const Datagram>& datagram) = 0;
  virtual void on_unreachable(const gossip::Endpoint& to) = 0;
  /// Every frame; the process has the filter.
  virtual void on_frame(const Frame& frame) = 0;
  virtual void on_carrier(bool carrier) = 0;
  /// The kernel has a neighbour in its table that it had not before.
  virtual void on_neighbour(const IpAddress& address, const MacAddress& mac) = 0;
};

class Host final : public Lan::Station {
 public:
  struct Addresses {
    IpAddress node;        ///< IPv4 or IPv6: what members call it by
    IpAddress link_local;  ///< source of neighbour advertisements
    MacAddress mac;
  };
  Host(Network& network, std::string name, const Addresses& addresses);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const IpAddress& address() const { return addresses_.node; }
  [[nodiscard]] const IpAddress& link_local() const { return addresses_.link_local; }
  [[nodiscard]] const MacAddress& mac() const { return addresses_.mac; }
  [[nodiscard]] Lan::Port port() const { return port_; }

  // Clocks. Each host counts its steady time from another point, and its wall clock may be wrong and be set.
  [[nodiscard]] Now now() const;
  [[nodiscard]] SteadyPoint to_simulation(SteadyPoint of_host) const;
  void step_wall_clock(Duration by) { wall_offset_ += by; }

  /// Without power nothing is sent, received or answered.
  void set_power(bool on) { powered_ = on; }
  [[nodiscard]] bool powered() const { return powered_; }

  /// Who has the member's UDP and TCP port open and a packet socket; null: nobody. The host answers with ICMP errors then.
  void bind(Sockets* sockets, std::uint16_t port);
  [[nodiscard]] Sockets* sockets() const { return sockets_; }
  [[nodiscard]] std::uint16_t bound_port() const { return bound_port_; }

  void send_datagram(const gossip::Endpoint& to, Bytes payload);
  void send_frame(Bytes frame);

  void frame_arrived(const Frame& frame) override;
  void carrier_changed(bool carrier) override;
  void datagram_arrived(Host& from, std::shared_ptr<const Datagram> datagram);

  /// Hosts that were heard within `age`, except `except`; as the kernel's neighbour table has them.
  struct Neighbour {
    IpAddress address;
    MacAddress mac;
    SteadyPoint heard;
  };
  [[nodiscard]] std::vector<Neighbour> neighbours(Duration age) const;
  /// Asks the gateway, else the neighbour heard last (within a minute), for a sign of life; `answer` gets true when one came
  /// within 100 ms, nothing when there is none to ask.
  void ask_witness(const IpAddress& accused, std::function<void(std::optional<bool>)> answer);

  /// A packet of the neighbour on that port has come in: the kernel knows it, and that it lives.
  void hear(Lan::Port port);

 private:
  void answer_for_own_address(ByteView frame);
  void heard_from(ByteView frame);
  void icmp_unreachable(Host& to_host, const gossip::Endpoint& port);
  void request_neighbour(const IpAddress& address);
  /// True while the kernel has given the neighbour up: then it reports so, once a second.
  void report_if_lost(Host& peer, const gossip::Endpoint& to);

  Network& network_;
  std::string name_;
  Addresses addresses_;
  Lan::Port port_;
  Duration steady_offset_;
  Duration wall_offset_{0};
  bool powered_ = true;
  Sockets* sockets_ = nullptr;
  std::uint16_t bound_port_ = 0;
  /// Of another machine, as this kernel knows it.
  struct Peer {
    SteadyPoint heard = SteadyPoint::min();
    SteadyPoint first_sent = SteadyPoint::min();  ///< since it was heard last
    SteadyPoint reported = SteadyPoint::min();    ///< as unreachable
    /// Linux limits its ICMP errors per peer: six at once, then one a second (icmp_ratelimit).
    double icmp_allowance = 6;
    SteadyPoint icmp_at = SteadyPoint::min();
  };
  Peer& peer_on(Lan::Port port);

  std::vector<Peer> peers_;  ///< by port
};

}  // namespace metallb::sim
