// The BGP sessions that this node is to keep: BGPPeers whose node selectors match, each with a number of its own
// (bgp spec 1.12).
//
// A number belongs to what makes the session on the wire another one: VRF, interface or address, port, source. So a peer
// that is renamed or edited otherwise keeps it; what of that resets the session is the engine's to know. A BGPPeer of which
// only the port is edited keeps it as well: the router knows a session by its pair of addresses, and for it this one is
// reset, not taken away.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/log.hpp"
#include "config/bgp.hpp"
#include "net/ip_address.hpp"
#include "speaker/actions.hpp"
#include "speaker/nodes.hpp"

namespace metallb::speaker {

/// The sessions of this node as announcements see them.
struct BgpSessions {
  struct Session {
    std::string name;  ///< of the BGPPeer
    bool ipv4 = false;
    bool ipv6 = false;
    friend bool operator==(const Session&, const Session&) = default;
    [[nodiscard]] bool carries(IpFamily family) const { return family == IpFamily::kIpv4 ? ipv4 : ipv6; }
  };
  std::map<bgp::PeerId, Session> all;
  /// BGPPeer -> session. Two BGPPeers that describe the same session both lead to it.
  std::map<std::string, bgp::PeerId> by_name;
  friend bool operator==(const BgpSessions&, const BgpSessions&) = default;
};

class BgpPeers {
 public:
  BgpPeers(std::string node, Log log) : node_(std::move(node)), log_(log) {}

  /// Brings the engine's peers in line with what is configured; old sessions end before new ones begin. `held`: why none may
  /// run now. Returns true when sessions() changed.
  bool apply(const std::vector<config::BgpPeer>& configured, const OwnNode& node, const std::string& held, Output& out);

  [[nodiscard]] const BgpSessions& sessions() const { return sessions_; }

 private:
  /// VRF, interface, address, port, source
  using Identity = std::tuple<std::string, std::string, std::optional<IpAddress>, std::uint16_t, std::optional<IpAddress>>;
  struct Peer {
    bgp::PeerId id;
    peering::Peer wanted;
  };
  /// Who of several BGPPeers describes the session, and who else does.
  struct Claim {
    const config::BgpPeer* holder = nullptr;
    std::vector<const config::BgpPeer*> others;
  };
  using Claims = std::map<Identity, Claim>;

  static Identity identity_of(const config::BgpPeer& peer);
  [[nodiscard]] Claims claims(const std::vector<config::BgpPeer>& configured, const OwnNode& node) const;
  void follow_ports(const Claims& wanted);
  void remove_others(const std::vector<config::BgpPeer>& configured, const Claims& wanted, Output& out);
  void report(const Claims& wanted);

  std::string node_;
  Log log_;
  std::map<Identity, Peer> peers_;
  BgpSessions sessions_;
  std::set<std::string> reported_;  ///< BGPPeers that describe a session which another one has
  std::uint32_t last_id_ = 0;
};

}  // namespace metallb::speaker
