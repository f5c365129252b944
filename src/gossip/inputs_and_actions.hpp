// What the membership core is told and what it wants done; the values that cross its border (see instance.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/strong.hpp"
#include "gossip/keys.hpp"
#include "gossip/message.hpp"

namespace metallb::gossip {

/// One TCP connection. Dialled ones are numbered by the core, accepted ones by the driver: the ranges do not meet (the
/// driver's have the highest bit set).
using StreamId = Strong<std::uint64_t, struct StreamIdTag>;
inline constexpr std::uint64_t kAcceptedStream = std::uint64_t{1} << 63;

// ---- inputs ----

/// One UDP packet as received; valid during the call only.
struct PacketReceived {
  Endpoint from;
  ByteView packet;
};
/// A packet could not be sent, or an ICMP error came back for one (port or host unreachable).
struct Unreachable {
  Endpoint to;
};
struct StreamAccepted {
  StreamId stream;
  Endpoint from;
};
struct StreamConnected {
  StreamId stream;
};
struct StreamReceived {
  StreamId stream;
  ByteView data;  ///< valid during the call only
};
/// The connection could not be made, or broke, or the peer closed it (`error` empty). The stream's number is not used again.
struct StreamEnded {
  StreamId stream;
  std::string error;
};
/// Exchange the whole state with each of these, one after the other (gossip spec 1.5). Addresses that belong to members that
/// are not dead are left out. Ends with one JoinFinished, also when there is nothing to do.
struct Join {
  std::vector<IpAddress> addresses;
};
/// Tell everybody that this node goes, and stop judging others. Ends with LeaveFinished, after one second at the latest.
struct Leave {};
struct KeysChanged {
  KeyRing ring;
};
/// The interface that carries the bound address: false when it is known to have no carrier.
struct LinkChanged {
  bool carrier = true;
};
/// The outcome of AskWitness: whether any neighbour other than the accused answered, or whether none is known to ask.
enum class WitnessAnswer : std::uint8_t { kHeard, kSilent, kNobodyToAsk };
struct WitnessAnswered {
  std::uint64_t request = 0;
  WitnessAnswer answer = WitnessAnswer::kSilent;
};
using Input = std::variant<PacketReceived, Unreachable, StreamAccepted, StreamConnected, StreamReceived, StreamEnded, Join,
                           Leave, KeysChanged, LinkChanged, WitnessAnswered>;

// ---- actions ----

struct SendPacket {
  Endpoint to;
  Bytes packet;
};
struct Dial {
  StreamId stream;
  Endpoint to;
};
/// `last`: nothing more will be sent; the driver closes its direction when all has left.
struct SendStream {
  StreamId stream;
  Bytes data;
  bool last = false;
};
/// Forget the connection, whatever is under way on it.
struct CloseStream {
  StreamId stream;
};
/// Ask the default gateway, else another neighbour heard within the last minute, but not `accused`, for a sign of life by
/// an ARP or neighbour request (failover spec 4); the answer is a WitnessAnswered within RingSettings::witness_timeout.
struct AskWitness {
  std::uint64_t request = 0;
  IpAddress accused;
};
/// Whom elections may count on, from now on. With `hold` nothing new may be taken over: the node has not joined yet, or has
/// just lost everybody at once (failover spec 4).
struct ElectorateChanged {
  std::set<std::string> members;
  bool hold = false;
  std::set<std::string> left;  ///< who said good-bye and has not come back; other former members died
  friend bool operator==(const ElectorateChanged&, const ElectorateChanged&) = default;
};
/// Address and state of a member, whenever one of them changed; also of dead and left ones. For the neighbour table that
/// tells members from strangers (failover spec 6).
struct MemberSeen {
  std::string node;
  IpAddress address;
  MemberState state = MemberState::kAlive;
  friend bool operator==(const MemberSeen&, const MemberSeen&) = default;
};
struct JoinFinished {
  std::size_t joined = 0;
  std::size_t expected = 0;
  std::string error;  ///< of those that failed
};
struct LeaveFinished {};
using Action = std::variant<SendPacket, Dial, SendStream, CloseStream, AskWitness, ElectorateChanged, MemberSeen,
                            JoinFinished, LeaveFinished>;
using Output = std::vector<Action>;

}  // namespace metallb::gossip
