// A machine on the LAN that uses the addresses: it asks for each of them every 10 ms, keeps what it hears in its ARP cache,
// and notes who answered when. It is the members' gateway, too.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "net/ip_address.hpp"
#include "net/mac_address.hpp"
#include "sim/network.hpp"

namespace metallb::sim {

class Client final : public Sockets {
 public:
  static constexpr Duration kProbeInterval = std::chrono::milliseconds(10);

  struct Entry {
    MacAddress mac;  ///< as the cache has it: where packets for the address go
    SteadyPoint answered = SteadyPoint::min();
    MacAddress answered_by;
    std::uint64_t probes = 0;
    std::uint64_t answers = 0;
    Duration longest_silence{0};  ///< between two answers
  };

  Client(Network& network, Host& host, std::shared_ptr<const std::vector<IpAddress>> addresses);

  void start() { probe(); }
  void set_probing(bool on) { probing_ = on; }
  [[nodiscard]] Host& host() const { return host_; }
  [[nodiscard]] const std::map<IpAddress, Entry>& cache() const { return cache_; }
  /// Called for each answer to a probe.
  std::function<void(const IpAddress&, const MacAddress&)> on_answer;

  void on_frame(const Frame& frame) override;
  void on_datagram(const std::shared_ptr<const Datagram>& /*datagram*/) override {}
  void on_unreachable(const gossip::Endpoint& /*to*/) override {}
  void on_carrier(bool /*carrier*/) override {}
  void on_neighbour(const IpAddress& /*address*/, const MacAddress& /*mac*/) override {}

 private:
  void probe();
  void ask(const IpAddress& address);
  void answered(const IpAddress& address, const MacAddress& mac);

  Network& network_;
  Host& host_;
  std::shared_ptr<const std::vector<IpAddress>> addresses_;
  std::map<IpAddress, Entry> cache_;
  bool probing_ = true;
};

/// A device that is no member and takes an address: it announces it and answers for it.
class Stranger final : public Sockets {
 public:
  Stranger(Network& network, Host& host) : network_(network), host_(host) {}

  void take(const IpAddress& address);
  void release() { taken_.reset(); }
  [[nodiscard]] const std::optional<IpAddress>& taken() const { return taken_; }
  [[nodiscard]] Host& host() const { return host_; }

  void on_frame(const Frame& frame) override;
  void on_datagram(const std::shared_ptr<const Datagram>& /*datagram*/) override {}
  void on_unreachable(const gossip::Endpoint& /*to*/) override {}
  void on_carrier(bool /*carrier*/) override {}
  void on_neighbour(const IpAddress& /*address*/, const MacAddress& /*mac*/) override {}

 private:
  void announce();

  Network& network_;
  Host& host_;
  std::optional<IpAddress> taken_;
};

}  // namespace metallb::sim
