// Any message, for properties of the wire formats.
#pragma once

#include <rapidcheck.h>

#include <string>
#include <vector>

#include "gossip/message.hpp"

namespace metallb::gossip::test {

/// Bytes or text around the lengths where their form on the wire changes.
template <class T>
T any_sequence() {
  const auto size = *rc::gen::element<std::size_t>(0, 1, 4, 6, 16, 31, 32, 253, 300);
  return T(size, *rc::gen::arbitrary<typename T::value_type>());
}
/// Of any size in bits.
template <class T>
T any_number() {
  return static_cast<T>(*rc::gen::arbitrary<T>() >> *rc::gen::inRange(0, std::numeric_limits<T>::digits));
}
inline std::optional<Bytes> maybe_bytes() {
  return *rc::gen::arbitrary<bool>() ? std::optional(any_sequence<Bytes>()) : std::nullopt;
}
inline Source any_source() {
  return {any_sequence<Bytes>(), any_number<std::uint16_t>(), any_sequence<std::string>()};
}

inline Ping any_ping() {
  return {any_number<std::uint32_t>(), any_sequence<std::string>(), any_source()};
}
inline Ack any_ack() {
  return {any_number<std::uint32_t>(), maybe_bytes()};
}
inline PushPullEntry any_entry() {
  return {.name = "n" + any_sequence<std::string>(),
          .address = any_sequence<Bytes>(),
          .port = any_number<std::uint16_t>(),
          .incarnation = any_number<std::uint32_t>(),
          .meta = maybe_bytes(),
          .state = static_cast<MemberState>(*rc::gen::inRange(0, 4)),
          .versions = any_sequence<Bytes>()};
}

inline PacketMessage any_packet_message() {
  const auto number = any_number<std::uint32_t>();
  switch (*rc::gen::inRange(0, 8)) {
    case 0:
      return any_ping();
    case 1:
      return IndirectPing{number,
                          any_sequence<std::string>(),
                          any_sequence<Bytes>(),
                          any_number<std::uint16_t>(),
                          *rc::gen::arbitrary<bool>(),
                          any_source()};
    case 2:
      return any_ack();
    case 3:
      return Nack{number};
    case 4:
      return Suspect{number, any_sequence<std::string>(), any_sequence<std::string>()};
    case 5:
      return Dead{number, any_sequence<std::string>(), any_sequence<std::string>()};
    case 6:
      return Alive{number,        any_sequence<std::string>(), any_sequence<Bytes>(), any_number<std::uint16_t>(),
                   maybe_bytes(), any_sequence<Bytes>()};
    default:
      return User{any_sequence<Bytes>()};
  }
}

inline StreamMessage any_stream_message() {
  switch (*rc::gen::inRange(0, 5)) {
    case 0:
      return any_ping();
    case 1:
      return any_ack();
    case 2:
      return User{any_sequence<Bytes>()};
    case 3:
      return ErrorReply{any_sequence<std::string>()};
    default:
      break;
  }
  PushPull out{.join = *rc::gen::arbitrary<bool>(), .user_state = any_sequence<Bytes>()};
  for (auto left = *rc::gen::element(0, 1, 3, 130); left > 0; --left) out.entries.push_back(any_entry());
  return out;
}

}  // namespace metallb::gossip::test
