// The compression of packets and streams: LZW as in GIF, least significant bit first, codes of 9 to 12 bits (gossip
// spec 3.7).
#pragma once

#include <cstdint>
#include <expected>

#include "base/bytes.hpp"

namespace metallb::gossip {

[[nodiscard]] Bytes lzw_compress(ByteView data);

enum class LzwError : std::uint8_t {
  kTruncated,  ///< no end code
  kBadCode,    ///< a code that is not defined yet
  kTooLarge,   ///< the output would exceed the cap
};
/// `cap`: the largest output in bytes. Bytes after the end code are ignored. Time and memory are bounded by the cap and by
/// the size of `data`.
[[nodiscard]] std::expected<Bytes, LzwError> lzw_decompress(ByteView data, std::size_t cap);

}  // namespace metallb::gossip
