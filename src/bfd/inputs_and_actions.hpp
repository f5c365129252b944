// What the BFD core is told and what it wants done; the values that cross its border (see instance.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/names.hpp"
#include "base/strong.hpp"
#include "bfd/packet.hpp"
#include "bfd/parameters.hpp"
#include "bfd/session.hpp"
#include "net/ip_address.hpp"

namespace metallb::bfd {

/// One session from SessionOpened to SessionClosed; not used again.
using SessionId = Strong<std::uint64_t, struct SessionIdTag>;

// ---- inputs ----

/// `client` (a BGP session, by a name of its own) wants to know whether this path works. Again with other parameters: they
/// replace those of before without taking the session down. Several clients of one key share the session: it runs with the
/// parameters of the client that has the least patience.
struct Watch {
  std::string client;
  SessionKey key;
  Parameters parameters;
};
/// The client no longer does. Without clients a session tells its peer that it goes, and ends.
struct Unwatch {
  std::string client;
  SessionKey key;
};
/// How a packet arrived.
struct Arrival {
  std::string vrf;  ///< of the socket
  InterfaceIndex interface;
  IpAddress from;
  IpAddress to;
  std::uint8_t ttl = 0;  ///< or hop limit
};
/// The payload of a datagram to port 3784 (single hop) or 4784 (multihop); valid during the call only.
struct ControlReceived {
  Arrival arrival;
  Hops hops = Hops::kSingle;
  ByteView payload;
};
/// The payload of a datagram to port 3785; valid during the call only.
struct EchoReceived {
  Arrival arrival;
  ByteView payload;
};
/// A SendControl or SendEcho did not leave this node: it must not count as sent.
struct NotSent {
  SessionId session;
  bool echo = false;
};
/// End all sessions, as Unwatch does, and begin no more. Ends with Stopped.
struct Stop {};
using Input = std::variant<Watch, Unwatch, ControlReceived, EchoReceived, NotSent, Stop>;

// ---- actions ----

/// A session needs a socket to send from: UDP, TTL 255, TOS 0xC0, a source port of its own from 49152 to 65535, bound to
/// local address, interface and VRF.
struct SessionOpened {
  SessionId session;
  SessionKey key;
};
struct SessionClosed {
  SessionId session;
};
/// To the remote address of the session, port 3784 or 4784.
struct SendControl {
  SessionId session;
  ControlBytes payload;
};
/// From and to port 3785 (FRR answers to the source port) with TTL 255, by way of the peer. IPv6: to the peer, which returns
/// it. IPv4: `to` is our own address, and the frame goes to the MAC of the peer, which forwards it.
struct SendEcho {
  SessionId session;
  IpAddress from;
  IpAddress to;
  EchoBytes payload;
};
/// A peer's echo packet on its way back, from and to port 3785 with TTL 254. Where `from` and `to` are both the peer's, the
/// frame is the one that came, sent back to the peer's MAC.
struct ReturnEcho {
  SessionId session;
  IpAddress from;
  IpAddress to;
  Bytes payload;
};
/// For each client of the session, ahead of the packets of the same call. A client that comes later is told the state once,
/// with `from` and `to` the same, unless it is Down. `failures` tells also who sees only the latest state whether the path
/// has failed meanwhile.
struct StateChanged {
  std::string client;
  SessionKey key;
  State from = State::kDown;
  State to = State::kDown;
  Reason reason = Reason::kHandshake;
  Diagnostic peer_diagnostic = Diagnostic::kNone;  ///< what the peer said last
  std::uint64_t failures = 0;                      ///< how often the session went down because the path failed
  friend bool operator==(const StateChanged&, const StateChanged&) = default;
};
/// A Watch that cannot be served; nothing else has changed.
struct Refused {
  std::string client;
  SessionKey key;
  std::string problem;  ///< what is wrong, and what to mend
};
struct Stopped {};
using Action = std::variant<SessionOpened, SessionClosed, SendControl, SendEcho, ReturnEcho, StateChanged, Refused, Stopped>;
using Output = std::vector<Action>;

}  // namespace metallb::bfd
