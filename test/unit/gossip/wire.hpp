// Hexadecimal text, keys and the vectors of gossip spec 12.1 to 12.3 for the tests of the wire formats.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "gossip/keys.hpp"
#include "gossip/message.hpp"
#include "unit/hex.hpp"

namespace metallb::gossip::test {

using metallb::test::from_hex;
using metallb::test::to_hex;

inline Bytes bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

inline Bytes joined(std::initializer_list<ByteView> parts) {
  Bytes out;
  for (const auto part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

/// gossip spec 12.3: 00 01 .. 1f.
inline Key counting_key() {
  Key key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i);
  return key;
}
/// gossip spec 1.3, 12.3, 12.5: the secret of the captures.
inline Key captured_key() {
  return derive_key(bytes_of("AAECAwQFBgcICQoLDA0ODw"));
}
inline Key other_key() {
  return derive_key(bytes_of("short"));
}
/// gossip spec 12.3: 00 01 .. 0b, always.
inline Nonce counting_nonce() {
  Nonce nonce{};
  for (std::size_t i = 0; i < nonce.size(); ++i) nonce[i] = static_cast<std::uint8_t>(i);
  return nonce;
}
inline NonceSource always(const Nonce& nonce) {
  return [nonce] { return nonce; };
}
/// For what is not sealed: asking for a nonce would be a mistake.
inline NonceSource no_nonces() {
  return {};
}

inline Ping the_ping() {
  return {.seq_no = 7, .node = "worker2", .source = {{10, 0, 0, 1}, 7946, "worker1"}};
}
inline Alive the_alive() {
  return {.incarnation = 1,
          .node = "worker1",
          .address = {10, 0, 0, 1},
          .port = 7946,
          .versions = {kOwnVersions.begin(), kOwnVersions.end()}};
}
inline Ack the_ack() {
  return {.seq_no = 7};
}

struct PacketVector {
  PacketMessage message;
  std::string_view hex;
};

/// gossip spec 12.1, but for the compound and the error, which stands in streams only.
inline std::vector<PacketVector> packet_vectors() {
  return {
      {the_ping(),
       "0085a44e6f6465a7776f726b657232a55365714e6f07aa536f7572636541646472a40a000001aa536f757263654e6f6465a7776f726b657231aa"
       "536f75726365506f7274cd1f0a"},
      {Ping{.seq_no = 200, .node = "worker2"}, "0082a44e6f6465a7776f726b657232a55365714e6fccc8"},
      {Ping{.seq_no = 70000,
            .node = std::string(40, 'n'),
            .source = {{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 80, "worker1"}},
       "0085a44e6f6465da00286e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6ea55365714e6fce00"
       "011170aa536f7572636541646472b020010db8000000000000000000000001aa536f757263654e6f6465a7776f726b657231aa536f7572636550"
       "6f727450"},
      {IndirectPing{.seq_no = 8,
                    .node = "worker3",
                    .target = {10, 0, 0, 3},
                    .port = 7946,
                    .nack = true,
                    .source = {{10, 0, 0, 1}, 7946, "worker1"}},
       "0188a44e61636bc3a44e6f6465a7776f726b657233a4506f7274cd1f0aa55365714e6f08aa536f7572636541646472a40a000001aa536f757263"
       "654e6f6465a7776f726b657231aa536f75726365506f7274cd1f0aa6546172676574a40a000003"},
      {the_ack(), "0282a75061796c6f6164c0a55365714e6f07"},
      {Ack{.seq_no = 300, .payload = bytes_of("hi")}, "0282a75061796c6f6164a26869a55365714e6fcd012c"},
      {Nack{.seq_no = 8}, "0b81a55365714e6f08"},
      {Suspect{.incarnation = 1, .node = "worker3", .from = "worker1"},
       "0383a446726f6da7776f726b657231ab496e6361726e6174696f6e01a44e6f6465a7776f726b657233"},
      {the_alive(),
       "0486a441646472a40a000001ab496e6361726e6174696f6e01a44d657461c0a44e6f6465a7776f726b657231a4506f7274cd1f0aa356736ea601"
       "0502000000"},
      {Alive{.incarnation = 4'000'000'000,
             .node = "worker1",
             .address = {0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0a},
             .port = 300,
             .meta = Bytes(),
             .versions = {kOwnVersions.begin(), kOwnVersions.end()}},
       "0486a441646472b0fd00000000000000000000000000000aab496e6361726e6174696f6eceee6b2800a44d657461a0a44e6f6465a7776f726b65"
       "7231a4506f7274cd012ca356736ea6010502000000"},
      {Dead{.incarnation = 1, .node = "worker3", .from = "worker1"},
       "0583a446726f6da7776f726b657231ab496e6361726e6174696f6e01a44e6f6465a7776f726b657233"},
      {Dead{.incarnation = 2, .node = "worker1", .from = "worker1"},
       "0583a446726f6da7776f726b657231ab496e6361726e6174696f6e02a44e6f6465a7776f726b657231"},
  };
}

inline constexpr std::string_view kCompoundHex =
    "0702004700290085a44e6f6465a7776f726b657232a55365714e6f07aa536f7572636541646472a40a000001aa536f757263654e6f6465a7776f726"
    "b657231aa536f75726365506f7274cd1f0a0383a446726f6da7776f726b657231ab496e6361726e6174696f6e01a44e6f6465a7776f726b657232";
/// Its parts.
inline std::vector<PacketMessage> compound_messages() {
  return {the_ping(), Suspect{.incarnation = 1, .node = "worker2", .from = "worker1"}};
}

inline constexpr std::string_view kErrorHex = "0d81a54572726f72a4626f6f6d";

struct StreamVector {
  StreamMessage message;
  std::string_view plain;   ///< compressed
  std::string_view sealed;  ///< likewise, with the captured key and the counting nonce
};
/// gossip spec 12.3.
inline std::vector<StreamVector> stream_vectors() {
  return {
      {the_ping(),
       "0982a4416c676f00a3427566da004300011422e5e40d9932a7eebc91b3a68c1c19a5a6948953f080aa296feac8195326081932724829000020c0"
       "c58c1bcb143c9870614339314e6ae40865219d661f140404",
       "0a0000006f01000102030405060708090a0b950943351cb8c0fadfce7dc477e843f16ac7309096a5eb2d0b8633c335edd414718063f220ca5145"
       "69124a4924ed3fcda0cccb83cc3795de8c6fb1ba2cd2611997f3abc416ac3cf7bd858929014d11515cb26f51f72314bc4987fa221a3cb25510e"
       "6"},
      {the_ack(), "0982a4416c676f00a3427566b70005083a05254c1e366fc29001566a4a99384ede1c0808",
       "0a0000004101000102030405060708090a0b950943351cb8c0fadfce7dc41ae805f951d637396c9e1ddd3c69d938ccd26046b639cd6e75aef42c"
       "8a8f4d543937ef8cf67b4fb3"},
      {ErrorReply{"boom"}, "0982a4416c676f00a3427566b1001b042a55448e9c3772488979f3a64d40",
       "0a0000003b01000102030405060708090a0b950943351cb8c0fadfce7dc41ce81bf5418656fbee9f005725117cf4cb0bea564baa1665b963cbd8"
       "2306fbe552a3"},
  };
}

}  // namespace metallb::gossip::test
