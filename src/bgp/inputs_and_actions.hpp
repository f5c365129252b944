// What the BGP core is told and what it wants done; the values that cross its border (see instance.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "bgp/names.hpp"
#include "bgp/next_hops.hpp"
#include "bgp/routes.hpp"
#include "bgp/settings.hpp"

namespace metallb::bgp {

/// RFC 4271, Section 8.2.2.
enum class State : std::uint8_t { kIdle, kConnect, kActive, kOpenSent, kOpenConfirm, kEstablished };
/// As RFC 4271 writes it: "Idle", "OpenSent" ...
[[nodiscard]] std::string_view to_string(State state);

// ---- inputs about one connection ----

/// The outcome of a Dial. A failure that comes at its limit or later is taken for one for want of an answer.
struct Connected {
  ConnectionId connection;
  LocalAddresses addresses;
};
struct DialFailed {
  ConnectionId connection;
  std::string error;
};
struct Received {
  ConnectionId connection;
  ByteView bytes;  ///< valid during the call only; at most a few times 64 KiB, since they are handled in this call
};
/// So many more bytes of what was sent have been taken by the socket.
struct BytesTaken {
  ConnectionId connection;
  std::size_t count = 0;
};
/// The connection broke, or the peer closed it (`error` empty). Not told after a Close.
struct Disconnected {
  ConnectionId connection;
  std::string error;
};
/// Addresses of this node changed while the connection is up.
struct AddressesChanged {
  ConnectionId connection;
  LocalAddresses addresses;
};

// ---- inputs about one peer ----

/// What stood in the way of a connection is gone (its source address has come, say): no waiting for the next attempt.
struct ConnectNow {};
/// BFD's verdict. Not told when the peer's administrator took BFD down (RFC 5882, Section 3.2).
struct Liveness {
  bool up = false;
};
/// Shutdown follows soon: peers that would not keep our routes are told that they are gone, so that traffic has moved before
/// the session ends.
struct Drain {};
/// The last word to a peer; the session stays down.
struct Shutdown {
  enum class Reason : std::uint8_t {
    kRemoved,  ///< from the configuration, or for this node (Cease 6/3)
    kRestart,  ///< this process ends and will be back: silent where graceful restart was negotiated, else Cease 6/2
    kForGood,  ///< this node will not be back: Cease 6/2 as hard reset
  };
  Reason reason = Reason::kRemoved;
};
struct Configured {
  PeerSettings settings;
};
struct AcceptedFor {
  ConnectionId connection;
  LocalAddresses addresses;
};
/// What one session is told.
using SessionInput = std::variant<Connected, DialFailed, Received, BytesTaken, Disconnected, AddressesChanged, ConnectNow,
                                  Liveness, Drain, Shutdown, Configured, AcceptedFor>;

// ---- inputs to all ----

/// A new peer, or one whose settings changed. Only what alters the session on the wire resets it.
struct SetPeer {
  PeerId peer;
  PeerSettings settings;
};
struct RemovePeer {
  PeerId peer;
};
struct ConnectPeer {
  PeerId peer;
};
struct PeerLiveness {
  PeerId peer;
  bool up = false;
};
/// A connection came in.
struct Accepted {
  ConnectionId connection;
  IpAddress from;
  std::string interface;  ///< of a link-local `from`
  std::string vrf;
  LocalAddresses addresses;
};
/// One set of changes. With `more` the publisher has not finished: peers are told nothing until it has.
struct Publish {
  std::vector<RouteChange> changes;
  bool more = false;
};
/// All Services have been listed and processed once: what is published is everything there is. Nothing is told before that,
/// since a peer that waits for our End-of-RIB would lose routes it still needs.
struct ServicesKnown {};
/// This process ends; Drain may come some time before.
struct Stop {
  bool for_good = false;  ///< the node will not be back
};
using Input = std::variant<Connected, DialFailed, Received, BytesTaken, Disconnected, AddressesChanged, SetPeer, RemovePeer,
                           ConnectPeer, PeerLiveness, Accepted, Publish, ServicesKnown, Drain, Stop>;

// ---- actions ----

/// Connect; ends with Connected or DialFailed, unless a Close comes first.
struct Dial {
  ConnectionId connection;
  PeerId peer;
  Transport transport;
  Duration limit{};  ///< without an answer for so long it has failed; above 0, at most 10 s
};
/// Whole messages, to be written in the order of the actions; BytesTaken tells how far that got.
struct Send {
  ConnectionId connection;
  Bytes bytes;
};
/// Forget the connection, or the attempt to make one. Where it lingers: write what was sent, close that direction, read and
/// discard until the peer closes too or the time is over. A close with unread input would send a RST, which can destroy the
/// last message before the peer reads it (bgp spec 4.3).
struct Close {
  ConnectionId connection;
  Duration linger{};
};
/// Also when nothing but the problem changed; then `from` is `to`, and not Established.
struct StateChanged {
  PeerId peer;
  State from = State::kIdle;
  State to = State::kIdle;
  std::string reason;  ///< what ended or holds the session; may be empty on the way up
};
using Action = std::variant<Dial, Send, Close, StateChanged>;
using Output = std::vector<Action>;

}  // namespace metallb::bgp
