// The secret of the cluster and what is sealed with it (gossip spec 1.3, 3.8).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/bytes.hpp"

namespace metallb::gossip {

using Key = std::array<std::uint8_t, 32>;
using Nonce = std::array<std::uint8_t, 12>;
/// Handed in from io/ (random) or from a test (known); never the same value twice for one key.
using NonceSource = std::function<Nonce()>;

/// The first 32 bytes of (secret || SHA-256 of nothing): the original's derivation, which we have to share.
[[nodiscard]] Key derive_key(ByteView secret);

/// Seals with the first key, opens with any: so that a secret is rotated while the cluster runs. Empty: plaintext.
struct KeyRing {
  std::vector<Key> keys;
  /// Packets go out once for each key, for members that know only one of them; answers on a connection are sealed as their
  /// question was.
  bool seal_with_all = false;
  [[nodiscard]] bool enabled() const { return !keys.empty(); }
};

/// What becomes of plaintext that arrives although there is a key (gossip_verify_incoming).
enum class Plaintext : std::uint8_t { kRefused, kAccepted };

/// version 1 | nonce | AES-256-GCM ciphertext | tag: 29 bytes longer than `plain`.
[[nodiscard]] Bytes seal(const Key& key, const Nonce& nonce, ByteView plain, ByteView associated);

enum class SealError : std::uint8_t {
  kTooShort,
  kVersion,   ///< neither 0 nor 1
  kWrongKey,  ///< no key opens it, or it was changed on its way
  kPadding,   ///< opened, but the padding of version 0 is not one
};
/// Versions 0 (PKCS#7 padded) and 1.
struct Opened {
  std::optional<Bytes> plain;
  SealError error{};  ///< when there is no `plain`
};
[[nodiscard]] Opened open(const KeyRing& ring, ByteView sealed, ByteView associated);

inline constexpr std::size_t kSealOverhead = 29;

}  // namespace metallb::gossip
