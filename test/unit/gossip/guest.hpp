// A member that the test plays: it keeps what it gets, answers pings if it is told to, and says what the test wants.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "virtual_network.hpp"

namespace metallb::gossip::test {

struct Guest {
  Guest(VirtualNetwork& network, std::string its_name, const IpAddress& its_address)
      : net(network), name(std::move(its_name)), address(its_address) {
    net.guests[address] = [this](const VirtualNetwork::Sent& sent) { receive(sent); };
  }
  ~Guest() { net.guests.erase(address); }
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  void receive(const VirtualNetwork::Sent& sent) {
    got.push_back({net.now(), sent.from, sent.to, sent.packet});
    const auto ping = find_message<Ping>(sent.packet, ring);
    if (answers && ping) {
      net.at(net.now() + VirtualNetwork::kLatency, [this, from = sent.from, number = ping->seq_no] {
        if (auto& node = net.node(from); node.core) say(node, {Ack{number, std::nullopt}});
      });
    }
  }
  void say(VirtualNetwork::Node& to, const std::vector<PacketMessage>& messages) {
    net.packet({address, 7946}, to, messages, ring);
  }
  /// Becomes a member.
  void introduce(VirtualNetwork::Node& to, std::uint32_t incarnation = 1) {
    say(to, {alive_message(name, address, incarnation)});
  }

  /// The messages of this kind that it got, with the time since the start of the network.
  template <class T>
  [[nodiscard]] std::vector<std::pair<Duration, T>> all() const {
    std::vector<std::pair<Duration, T>> found;
    for (const auto& sent : got) {
      for (const auto& message : messages_of(sent.packet, ring)) {
        if (const auto* one = std::get_if<T>(&message)) found.emplace_back(sent.when - VirtualNetwork::kStart, *one);
      }
    }
    return found;
  }

  /// The messages of this kind since `from`.
  template <class T>
  [[nodiscard]] std::size_t count(SteadyPoint from = VirtualNetwork::kStart) const {
    const auto found = all<T>();
    const auto since = [&](const auto& one) { return VirtualNetwork::kStart + one.first >= from; };
    return static_cast<std::size_t>(std::count_if(found.begin(), found.end(), since));
  }

  VirtualNetwork& net;
  std::string name;
  IpAddress address;
  KeyRing ring;
  bool answers = true;
  std::vector<VirtualNetwork::Sent> got;
};

}  // namespace metallb::gossip::test
