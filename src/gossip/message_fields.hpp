// The keys of every map, once, in the order in which they are written: sorted bytewise (gossip spec 3.1, 3.2, 5). Writing,
// reading and counting go through the same list.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "gossip/message.hpp"
#include "gossip/message_codec.hpp"

namespace metallb::gossip {

/// The body of the compression layer.
struct Compressed {
  std::uint8_t algorithm = 0;
  std::optional<Bytes> buffer;
};
/// The body of a user message in a stream; the data follows.
struct UserHead {
  std::int64_t length = 0;
};

template <class M, class Message>
concept Is = std::same_as<std::remove_const_t<M>, Message>;

// `each` is called with a key and a member; `each.unless_empty` likewise for members that are left out when they are empty.

template <class Each, Is<Ping> M>
void fields(Each& each, M& m) {
  each("Node", m.node);
  each("SeqNo", m.seq_no);
  each.unless_empty("SourceAddr", m.source.address);
  each.unless_empty("SourceNode", m.source.node);
  each.unless_empty("SourcePort", m.source.port);
}
template <class Each, Is<IndirectPing> M>
void fields(Each& each, M& m) {
  each("Nack", m.nack);
  each("Node", m.node);
  each("Port", m.port);
  each("SeqNo", m.seq_no);
  each.unless_empty("SourceAddr", m.source.address);
  each.unless_empty("SourceNode", m.source.node);
  each.unless_empty("SourcePort", m.source.port);
  each("Target", m.target);
}
template <class Each, Is<Ack> M>
void fields(Each& each, M& m) {
  each("Payload", m.payload);
  each("SeqNo", m.seq_no);
}
template <class Each, Is<Nack> M>
void fields(Each& each, M& m) {
  each("SeqNo", m.seq_no);
}
template <class Each, Is<Suspect> M>
void fields(Each& each, M& m) {
  each("From", m.from);
  each("Incarnation", m.incarnation);
  each("Node", m.node);
}
template <class Each, Is<Dead> M>
void fields(Each& each, M& m) {
  each("From", m.from);
  each("Incarnation", m.incarnation);
  each("Node", m.node);
}
template <class Each, Is<Alive> M>
void fields(Each& each, M& m) {
  each("Addr", m.address);
  each("Incarnation", m.incarnation);
  each("Meta", m.meta);
  each("Node", m.node);
  each("Port", m.port);
  each("Vsn", m.versions);
}
template <class Each, Is<ErrorReply> M>
void fields(Each& each, M& m) {
  each("Error", m.text);
}
template <class Each, Is<PushPullHead> M>
void fields(Each& each, M& m) {
  each("Join", m.join);
  each("Nodes", m.nodes);
  each("UserStateLen", m.user_state_length);
}
template <class Each, Is<PushPullEntry> M>
void fields(Each& each, M& m) {
  each("Addr", m.address);
  each("Incarnation", m.incarnation);
  each("Meta", m.meta);
  each("Name", m.name);
  each("Port", m.port);
  each("State", m.state);
  each("Vsn", m.versions);
}
template <class Each, Is<UserHead> M>
void fields(Each& each, M& m) {
  each("UserMsgLen", m.length);
}
template <class Each, Is<Compressed> M>
void fields(Each& each, M& m) {
  each("Algo", m.algorithm);
  each("Buf", m.buffer);
}

}  // namespace metallb::gossip
