#include "gossip/lzw.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <vector>

namespace metallb::gossip {
namespace {

constexpr std::uint32_t kClear = 256;
constexpr std::uint32_t kEnd = 257;
constexpr unsigned kLiteralBits = 8;
constexpr unsigned kFirstWidth = kLiteralBits + 1;
constexpr unsigned kLastWidth = 12;
constexpr std::uint32_t kCodes = 1U << kLastWidth;
/// The encoder clears its dictionary instead of defining this code.
constexpr std::uint32_t kEncoderFull = kCodes - 1;

class BitWriter {
 public:
  explicit BitWriter(Bytes& out) : out_(out) {}
  void put(std::uint32_t code, unsigned width) {
    bits_ |= code << count_;
    count_ += width;
    for (; count_ >= 8; count_ -= 8, bits_ >>= 8) out_.push_back(static_cast<std::uint8_t>(bits_));
  }
  /// Pads the last byte with zero bits.
  void flush() {
    if (count_ > 0) out_.push_back(static_cast<std::uint8_t>(bits_));
  }

 private:
  Bytes& out_;
  std::uint32_t bits_ = 0;  // at most 7 + 12 in use
  unsigned count_ = 0;
};

class BitReader {
 public:
  explicit BitReader(ByteView data) : data_(data) {}
  /// False at the end of the input.
  bool get(unsigned width, std::uint32_t& code) {
    for (; count_ < width; count_ += 8) {
      if (position_ == data_.size()) return false;
      bits_ |= static_cast<std::uint32_t>(data_[position_++]) << count_;
    }
    code = bits_ & ((1U << width) - 1);
    bits_ >>= width;
    count_ -= width;
    return true;
  }

 private:
  ByteView data_;
  std::size_t position_ = 0;
  std::uint32_t bits_ = 0;
  unsigned count_ = 0;
};

/// (code of a string, next byte) -> code of the longer string. Open addressing; at most half full.
class Dictionary {
 public:
  /// `input`: bytes to come, each of which adds a string at most. Most packets are small, and so is what is cleared for
  /// them.
  explicit Dictionary(std::size_t input)
      : slot_bits_(static_cast<unsigned>(std::bit_width(2 * std::min<std::size_t>(input, kCodes) | 15U))),
        slots_(std::size_t{1} << slot_bits_) {}

  /// 0 when there is none (no string has the code 0 and a predecessor).
  [[nodiscard]] std::uint32_t find(std::uint32_t prefix, std::uint8_t byte) const {
    return slots_[slot_of(key_of(prefix, byte))] & (kCodes - 1);
  }
  void add(std::uint32_t prefix, std::uint8_t byte, std::uint32_t code) {
    const auto key = key_of(prefix, byte);
    slots_[slot_of(key)] = (key << kLastWidth) | code;
  }
  void clear() { std::fill(slots_.begin(), slots_.end(), 0); }

 private:
  static std::uint32_t key_of(std::uint32_t prefix, std::uint8_t byte) { return (prefix << kLiteralBits) | byte; }
  /// The slot that holds the key, else the free one where it belongs.
  [[nodiscard]] std::uint32_t slot_of(std::uint32_t key) const {
    auto slot = (key * 0x9E3779B1U) >> (32 - slot_bits_);
    while (slots_[slot] != 0 && slots_[slot] >> kLastWidth != key) slot = (slot + 1) & (slots_.size() - 1);
    return slot;
  }

  unsigned slot_bits_;
  std::vector<std::uint32_t> slots_;
};

class Encoder {
 public:
  Encoder(std::size_t input, Bytes& out) : bits_(out), dictionary_(input) { bits_.put(kClear, width_); }

  void run(ByteView data) {
    if (!data.empty()) {
      std::uint32_t current = data[0];
      for (const auto byte : data.subspan(1)) {
        if (const auto longer = dictionary_.find(current, byte); longer != 0) {
          current = longer;
          continue;
        }
        if (put(current)) dictionary_.add(current, byte, high_);
        current = byte;
      }
      put(current);
    }
    bits_.put(kEnd, width_);
    bits_.flush();
  }

 private:
  /// True when a new code may be defined for what follows.
  bool put(std::uint32_t code) {
    bits_.put(code, width_);
    ++high_;
    if (high_ == 1U << width_) ++width_;
    if (high_ != kEncoderFull) return true;
    bits_.put(kClear, width_);
    width_ = kFirstWidth;
    high_ = kEnd;
    dictionary_.clear();
    return false;
  }

  BitWriter bits_;
  Dictionary dictionary_;
  unsigned width_ = kFirstWidth;
  std::uint32_t high_ = kEnd;
};

class Decoder {
 public:
  explicit Decoder(std::size_t cap) : cap_(cap) {}

  std::expected<Bytes, LzwError> run(ByteView data) {
    BitReader bits(data);
    std::uint32_t code = 0;
    while (bits.get(width_, code)) {
      if (code == kEnd) return std::move(out_);
      if (code == kClear) {
        width_ = kFirstWidth;
        high_ = kEnd;
        has_last_ = false;
        continue;
      }
      const auto at = out_.size();
      if (const auto error = append(code)) return std::unexpected(*error);
      define(at);
    }
    return std::unexpected(LzwError::kTruncated);
  }

 private:
  /// A string of the dictionary lies where it was first written: that of the previous code and the byte after it.
  struct Place {
    std::size_t at;
    std::size_t size;
  };

  std::optional<LzwError> append(std::uint32_t code) {
    if (code < kClear) return grow(1, [&](std::size_t at) { out_[at] = static_cast<std::uint8_t>(code); });
    if (code > high_) return LzwError::kBadCode;
    // The code that is about to be defined: the previous string and its own first byte, which the copy has written by the
    // time it needs it. (Without a previous one the table is full, and the highest code is an ordinary one.)
    const auto place = code == high_ && has_last_ ? Place{last_.at, last_.size + 1} : places_[code];
    return grow(place.size, [&](std::size_t at) {
      const auto apart = std::min(place.size, at - place.at);
      std::copy_n(out_.begin() + static_cast<std::ptrdiff_t>(place.at), apart,
                  out_.begin() + static_cast<std::ptrdiff_t>(at));
      for (auto i = apart; i < place.size; ++i) out_[at + i] = out_[place.at + i];
    });
  }

  template <class Fill>
  std::optional<LzwError> grow(std::size_t size, Fill fill) {
    const auto at = out_.size();
    if (size > cap_ - at) return LzwError::kTooLarge;
    out_.resize(at + size);
    fill(at);
    return std::nullopt;
  }

  /// After the string of a code has been written at `at`.
  void define(std::size_t at) {
    if (has_last_) places_[high_] = {last_.at, last_.size + 1};
    last_ = {at, out_.size() - at};
    has_last_ = true;
    ++high_;
    if (high_ != 1U << width_) return;
    if (width_ < kLastWidth) {
      ++width_;
    } else {
      has_last_ = false;
      --high_;
    }
  }

  std::size_t cap_;
  Bytes out_;
  std::array<Place, kCodes>
      places_;  // of the codes from 258 to below high_; clearing 64 KiB for a small packet would be waste
  unsigned width_ = kFirstWidth;
  std::uint32_t high_ = kEnd;
  Place last_{};
  bool has_last_ = false;
};

}  // namespace

Bytes lzw_compress(ByteView data) {
  Bytes out;
  out.reserve(data.size() + data.size() / 2 + 4);  // 12 bits a byte at worst
  Encoder(data.size(), out).run(data);
  return out;
}

std::expected<Bytes, LzwError> lzw_decompress(ByteView data, std::size_t cap) {
  return Decoder(cap).run(data);
}

}  // namespace metallb::gossip
