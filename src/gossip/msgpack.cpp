#include "gossip/msgpack.hpp"

#include <algorithm>
#include <limits>

#include "base/contract.hpp"

namespace metallb::gossip {
namespace {

// Heads of values (MessagePack specification, "Formats"). Those that carry their length or value in their low bits:
constexpr std::uint8_t kFixmap = 0x80;    // 80..8f
constexpr std::uint8_t kFixarray = 0x90;  // 90..9f
constexpr std::uint8_t kFixraw = 0xa0;    // a0..bf
constexpr std::uint8_t kNil = 0xc0;
constexpr std::uint8_t kFalse = 0xc2;
constexpr std::uint8_t kTrue = 0xc3;
constexpr std::uint8_t kBin8 = 0xc4;
constexpr std::uint8_t kBin16 = 0xc5;
constexpr std::uint8_t kBin32 = 0xc6;
constexpr std::uint8_t kExt8 = 0xc7;
constexpr std::uint8_t kExt16 = 0xc8;
constexpr std::uint8_t kExt32 = 0xc9;
constexpr std::uint8_t kFloat32 = 0xca;
constexpr std::uint8_t kFloat64 = 0xcb;
constexpr std::uint8_t kUnsigned8 = 0xcc;
constexpr std::uint8_t kUnsigned16 = 0xcd;
constexpr std::uint8_t kUnsigned32 = 0xce;
constexpr std::uint8_t kUnsigned64 = 0xcf;
constexpr std::uint8_t kSigned8 = 0xd0;
constexpr std::uint8_t kSigned16 = 0xd1;
constexpr std::uint8_t kSigned32 = 0xd2;
constexpr std::uint8_t kSigned64 = 0xd3;
constexpr std::uint8_t kFixext1 = 0xd4;
constexpr std::uint8_t kFixext16 = 0xd8;
constexpr std::uint8_t kStr8 = 0xd9;
constexpr std::uint8_t kRaw16 = 0xda;
constexpr std::uint8_t kRaw32 = 0xdb;
constexpr std::uint8_t kArray16 = 0xdc;
constexpr std::uint8_t kArray32 = 0xdd;
constexpr std::uint8_t kMap16 = 0xde;
constexpr std::uint8_t kMap32 = 0xdf;
constexpr std::uint8_t kLargestFixint = 0x7f;
constexpr std::uint8_t kNegativeFixint = 0xe0;  // e0..ff

constexpr bool is_fixmap(std::uint8_t head) {
  return (head & 0xf0) == kFixmap;
}
constexpr bool is_fixarray(std::uint8_t head) {
  return (head & 0xf0) == kFixarray;
}
constexpr bool is_fixraw(std::uint8_t head) {
  return (head & 0xe0) == kFixraw;
}

/// How a value goes on after its first byte.
struct Layout {
  std::uint8_t length_bytes = 0;  ///< of the length that follows the head
  std::uint64_t content = 0;      ///< bytes after the head (and its length); what the length adds comes on top
  std::uint64_t values = 0;       ///< values inside; what the length adds comes on top
  std::uint8_t per_length = 0;    ///< values per unit of the length; 0: the length counts bytes
  bool known = true;
};

constexpr Layout layout(std::uint8_t head) {
  if (head <= kLargestFixint || head >= kNegativeFixint) return {};
  if (is_fixmap(head)) return {.values = 2ULL * (head & 0x0f)};
  if (is_fixarray(head)) return {.values = head & 0x0fULL};
  if (is_fixraw(head)) return {.content = head & 0x1fULL};
  switch (head) {
    case kNil:
    case kFalse:
    case kTrue:
      return {};
    case kBin8:
    case kStr8:
      return {.length_bytes = 1};
    case kBin16:
    case kRaw16:
      return {.length_bytes = 2};
    case kBin32:
    case kRaw32:
      return {.length_bytes = 4};
    case kExt8:
      return {.length_bytes = 1, .content = 1};
    case kExt16:
      return {.length_bytes = 2, .content = 1};
    case kExt32:
      return {.length_bytes = 4, .content = 1};
    case kUnsigned8:
    case kSigned8:
      return {.content = 1};
    case kUnsigned16:
    case kSigned16:
      return {.content = 2};
    case kFloat32:
    case kUnsigned32:
    case kSigned32:
      return {.content = 4};
    case kFloat64:
    case kUnsigned64:
    case kSigned64:
      return {.content = 8};
    case kArray16:
      return {.length_bytes = 2, .per_length = 1};
    case kArray32:
      return {.length_bytes = 4, .per_length = 1};
    case kMap16:
      return {.length_bytes = 2, .per_length = 2};
    case kMap32:
      return {.length_bytes = 4, .per_length = 2};
    default:
      break;
  }
  if (head >= kFixext1 && head <= kFixext16) return {.content = 1 + (1ULL << (head - kFixext1))};
  return {.known = false};  // c1: never used
}

}  // namespace

void MsgpackWriter::map(std::size_t fields) {
  METALLB_CONTRACT(fields < 16, "no message has more than eight fields");
  out_.u8(static_cast<std::uint8_t>(kFixmap | fields));
}

void MsgpackWriter::nil() {
  out_.u8(kNil);
}

void MsgpackWriter::boolean(bool value) {
  out_.u8(value ? kTrue : kFalse);
}

void MsgpackWriter::unsigned_number(std::uint64_t value) {
  if (value <= kLargestFixint) {
    out_.u8(static_cast<std::uint8_t>(value));
  } else if (value <= 0xff) {
    out_.u8(kUnsigned8).u8(static_cast<std::uint8_t>(value));
  } else if (value <= 0xffff) {
    out_.u8(kUnsigned16).u16(static_cast<std::uint16_t>(value));
  } else if (value <= 0xffff'ffff) {
    out_.u8(kUnsigned32).u32(static_cast<std::uint32_t>(value));
  } else {
    out_.u8(kUnsigned64).u32(static_cast<std::uint32_t>(value >> 32)).u32(static_cast<std::uint32_t>(value));
  }
}

void MsgpackWriter::signed_number(std::int64_t value) {
  // Never the unsigned forms, and no 8-bit form for positive numbers: 128 is d1 00 80.
  const auto bits = static_cast<std::uint64_t>(value);
  if (value >= -32 && value <= kLargestFixint) {
    out_.u8(static_cast<std::uint8_t>(bits));
  } else if (value < 0 && value >= std::numeric_limits<std::int8_t>::min()) {
    out_.u8(kSigned8).u8(static_cast<std::uint8_t>(bits));
  } else if (value >= std::numeric_limits<std::int16_t>::min() && value <= std::numeric_limits<std::int16_t>::max()) {
    out_.u8(kSigned16).u16(static_cast<std::uint16_t>(bits));
  } else if (value >= std::numeric_limits<std::int32_t>::min() && value <= std::numeric_limits<std::int32_t>::max()) {
    out_.u8(kSigned32).u32(static_cast<std::uint32_t>(bits));
  } else {
    out_.u8(kSigned64).u32(static_cast<std::uint32_t>(bits >> 32)).u32(static_cast<std::uint32_t>(bits));
  }
}

void MsgpackWriter::raw(ByteView bytes) {
  const auto size = bytes.size();
  METALLB_CONTRACT(size <= 0xffff'ffff, "no message has a field of four gigabytes");
  if (size < 32) {
    out_.u8(static_cast<std::uint8_t>(kFixraw | size));
  } else if (size <= 0xffff) {
    out_.u8(kRaw16).u16(static_cast<std::uint16_t>(size));
  } else {
    out_.u8(kRaw32).u32(static_cast<std::uint32_t>(size));
  }
  out_.bytes(bytes);
}

void MsgpackWriter::string(std::string_view text) {
  raw({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

std::uint64_t MsgpackReader::big_endian(std::size_t count) {
  std::uint64_t value = 0;
  for (const auto b : in_.take(count)) value = (value << 8) | b;
  return value;
}

std::uint32_t MsgpackReader::map() {
  const auto head = in_.u8();
  if (is_fixmap(head)) return head & 0x0fU;
  if (head == kMap16) return in_.u16();
  if (head == kMap32) return in_.u32();
  if (head != kNil) in_.fail();
  return 0;
}

bool MsgpackReader::boolean() {
  const auto head = in_.u8();
  if (head == kNil || head == kFalse || head == kTrue) return head == kTrue;
  const auto n = number(head);
  if (n.negative || n.value > 1) in_.fail();
  return ok() && n.value == 1;
}

MsgpackReader::Number MsgpackReader::number(std::uint8_t head) {
  const auto extended = [](std::int64_t v) { return Number{static_cast<std::uint64_t>(v), v < 0}; };
  if (head <= kLargestFixint) return {head, false};
  if (head >= kNegativeFixint) return extended(static_cast<std::int8_t>(head));
  switch (head) {
    case kNil:
      return {};
    case kUnsigned8:
      return {big_endian(1), false};
    case kUnsigned16:
      return {big_endian(2), false};
    case kUnsigned32:
      return {big_endian(4), false};
    case kUnsigned64:
      return {big_endian(8), false};
    case kSigned8:
      return extended(static_cast<std::int8_t>(big_endian(1)));
    case kSigned16:
      return extended(static_cast<std::int16_t>(big_endian(2)));
    case kSigned32:
      return extended(static_cast<std::int32_t>(big_endian(4)));
    case kSigned64:
      return extended(static_cast<std::int64_t>(big_endian(8)));
    default:
      in_.fail();
      return {};
  }
}

std::uint64_t MsgpackReader::unsigned_number(std::uint64_t maximum) {
  const auto n = number(in_.u8());
  if (n.negative || n.value > maximum) in_.fail();
  return ok() ? n.value : 0;
}

std::int64_t MsgpackReader::signed_number() {
  const auto n = number(in_.u8());
  if (!n.negative && n.value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) in_.fail();
  return ok() ? static_cast<std::int64_t>(n.value) : 0;
}

ByteView MsgpackReader::raw(std::uint8_t head) {
  if (is_fixraw(head)) return in_.take(head & 0x1fU);
  switch (head) {
    case kStr8:
    case kBin8:
      return in_.take(in_.u8());
    case kRaw16:
    case kBin16:
      return in_.take(in_.u16());
    case kRaw32:
    case kBin32:
      return in_.take(in_.u32());
    default:
      in_.fail();
      return {};
  }
}

std::string MsgpackReader::string() {
  const auto head = in_.u8();
  if (head == kNil) return {};
  const auto view = raw(head);
  return {view.begin(), view.end()};
}

std::optional<Bytes> MsgpackReader::bytes() {
  const auto head = in_.u8();
  if (head == kNil || !ok()) return std::nullopt;
  if (is_fixarray(head)) return byte_array(head & 0x0fU);
  if (head == kArray16) return byte_array(in_.u16());
  if (head == kArray32) return byte_array(in_.u32());
  const auto view = raw(head);
  if (!ok()) return std::nullopt;
  return Bytes(view.begin(), view.end());
}

std::optional<Bytes> MsgpackReader::byte_array(std::uint32_t count) {
  Bytes out;
  out.reserve(std::min<std::size_t>(count, in_.remaining()));  // an element takes at least one byte
  for (std::uint32_t i = 0; i < count && ok(); ++i) out.push_back(static_cast<std::uint8_t>(unsigned_number(0xff)));
  if (!ok()) return std::nullopt;
  return out;
}

void MsgpackReader::skip() {
  if (!ok()) return;
  MsgpackScanner scanner;
  if (scanner.advance(data_.subspan(in_.position())) == MsgpackScanner::State::kEnd) {
    in_.skip(scanner.end());
  } else {
    in_.fail();
  }
}

MsgpackScanner::State MsgpackScanner::advance(ByteView all) {
  while (pending_ > 0) {
    if (position_ >= all.size()) return State::kMore;
    const auto form = layout(all[position_]);
    if (!form.known) return State::kBad;
    if (all.size() - position_ < 1U + form.length_bytes) return State::kMore;
    std::uint64_t length = 0;
    for (std::size_t i = 1; i <= form.length_bytes; ++i) length = (length << 8) | all[position_ + i];
    position_ += 1 + form.length_bytes + form.content + (form.per_length == 0 ? length : 0);
    pending_ += form.values + form.per_length * length - 1;
  }
  return position_ <= all.size() ? State::kEnd : State::kMore;
}

}  // namespace metallb::gossip
