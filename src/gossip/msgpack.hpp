// MessagePack as the membership protocol speaks it (gossip spec 3.1): written in the old format, which knows strings but no
// byte arrays ("raw"), read liberally.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace metallb::gossip {

/// Appends to `out`. Numbers take the smallest form; the forms of signed and unsigned fields differ from 128 on.
class MsgpackWriter {
 public:
  explicit MsgpackWriter(Bytes& out) : out_(out) {}

  /// The head of a map of up to 15 fields, which the caller writes in the order of their keys.
  void map(std::size_t fields);
  void nil();
  void boolean(bool value);
  void unsigned_number(std::uint64_t value);
  void signed_number(std::int64_t value);
  void raw(ByteView bytes);
  void string(std::string_view text);

 private:
  ByteWriter out_;
};

/// Reads values one after the other. Nil counts as the zero value of whatever is wanted. A reader that failed (an unexpected
/// type, a number out of range, the end of the input) stays failed and yields zeros. What a length promises is not allocated
/// before it is there.
class MsgpackReader {
 public:
  explicit MsgpackReader(ByteView data) : data_(data), in_(data) {}

  [[nodiscard]] bool ok() const { return in_.ok(); }
  /// Bytes consumed so far.
  [[nodiscard]] std::size_t position() const { return in_.position(); }

  /// The number of fields that follow, each a string() and a value.
  std::uint32_t map();
  bool boolean();
  /// Any integer form of a value from 0 to `maximum`.
  std::uint64_t unsigned_number(std::uint64_t maximum);
  std::int64_t signed_number();
  std::string string();
  /// Nil is nothing; an array of integers from 0 to 255 counts as the bytes.
  std::optional<Bytes> bytes();
  /// Passes over one value of any kind and depth, without recursion.
  void skip();

 private:
  /// A number of either sign.
  struct Number {
    std::uint64_t value = 0;  ///< two's complement when `negative`
    bool negative = false;
  };
  Number number(std::uint8_t head);
  std::uint64_t big_endian(std::size_t count);
  /// The content of a raw or binary value; fails for any other head.
  ByteView raw(std::uint8_t head);
  std::optional<Bytes> byte_array(std::uint32_t count);

  ByteView data_;
  ByteReader in_;
};

/// Finds the end of one value in bytes that come bit by bit; each byte is looked at once, however often it is called.
class MsgpackScanner {
 public:
  enum class State : std::uint8_t { kMore, kEnd, kBad };
  /// `all`: everything so far, from the first byte of the value on.
  State advance(ByteView all);
  /// The length of the value, after kEnd.
  [[nodiscard]] std::size_t end() const { return position_; }

 private:
  std::size_t position_ = 0;   ///< of the next head; beyond the end of the input while a string is under way
  std::uint64_t pending_ = 1;  ///< values still to come; it cannot overflow, since a head adds less than 2^33
};

}  // namespace metallb::gossip
