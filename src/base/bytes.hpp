// Bounds-checked reading and writing of wire formats, big-endian (network order) unless the name says otherwise.
//
// A reader that failed stays failed and yields zeros: read straight through, check ok() once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace metallb {

using ByteView = std::span<const std::uint8_t>;
using Bytes = std::vector<std::uint8_t>;

class ByteReader {
 public:
  explicit ByteReader(ByteView data) : data_(data) {}

  [[nodiscard]] bool ok() const { return ok_; }
  /// Bytes not yet read; 0 after a failure.
  [[nodiscard]] std::size_t remaining() const { return ok_ ? data_.size() - position_ : 0; }
  [[nodiscard]] std::size_t position() const { return position_; }

  std::uint8_t u8() {
    const auto b = take(1);
    return b.empty() ? std::uint8_t{0} : b[0];
  }
  std::uint16_t u16() {
    const auto b = take(2);
    return b.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>((b[0] << 8) | b[1]);
  }
  std::uint32_t u32() {
    const auto b = take(4);
    return b.empty() ? 0U
                     : (static_cast<std::uint32_t>(b[0]) << 24) | (static_cast<std::uint32_t>(b[1]) << 16) |
                           (static_cast<std::uint32_t>(b[2]) << 8) | b[3];
  }
  /// The next `count` bytes, a view into the input; empty after a failure.
  ByteView take(std::size_t count) {
    if (!ok_ || data_.size() - position_ < count) {
      ok_ = false;
      return {};
    }
    const auto view = data_.subspan(position_, count);
    position_ += count;
    return view;
  }
  template <std::size_t N>
  std::array<std::uint8_t, N> array() {
    std::array<std::uint8_t, N> out{};
    const auto b = take(N);
    for (std::size_t i = 0; i < b.size(); ++i) out[i] = b[i];
    return out;
  }
  void skip(std::size_t count) { (void)take(count); }
  /// Marks the input as bad for a reason that only the caller can see.
  void fail() { ok_ = false; }

 private:
  ByteView data_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}

  ByteWriter& u8(std::uint8_t v) {
    out_.push_back(v);
    return *this;
  }
  ByteWriter& u16(std::uint16_t v) { return u8(static_cast<std::uint8_t>(v >> 8)).u8(static_cast<std::uint8_t>(v)); }
  ByteWriter& u32(std::uint32_t v) { return u16(static_cast<std::uint16_t>(v >> 16)).u16(static_cast<std::uint16_t>(v)); }
  ByteWriter& bytes(ByteView v) {
    out_.insert(out_.end(), v.begin(), v.end());
    return *this;
  }
  /// Appends zeros until `size` bytes have been written in all.
  ByteWriter& pad_to(std::size_t size) {
    if (out_.size() < size) out_.resize(size, 0);
    return *this;
  }
  [[nodiscard]] std::size_t size() const { return out_.size(); }

 private:
  Bytes& out_;
};

}  // namespace metallb
