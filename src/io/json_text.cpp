#include "io/json_text.hpp"

#include <array>
#include <cstdint>

namespace metallb::io {
namespace {

std::uint8_t byte_at(std::string_view text, std::size_t position) {
  return static_cast<std::uint8_t>(text[position]);
}

/// Length of the UTF-8 sequence (RFC 3629, Section 4) at the front of `text`, 0 when it is none.
std::size_t utf8_length(std::string_view text) {
  const auto first = byte_at(text, 0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte_at(text, i) & 0xC0U) != 0x80) return 0;
  }
  const auto second = byte_at(text, 1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool surrogate = first == 0xED && second > 0x9F;
  const bool too_large = first == 0xF4 && second > 0x8F;
  return overlong || surrogate || too_large ? 0 : length;
}

void append_control(std::string& out, std::uint8_t c) {
  static constexpr std::array<char, 16> kHex = {'0', '1', '2', '3', '4', '5', '6', '7',
                                                '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out.append("\\u00").append(1, kHex[c >> 4U]).append(1, kHex[c & 0xFU]);
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto first = byte_at(text, 0);
    const auto length = utf8_length(text);
    if (length == 0) {
      out += "\\ufffd";
    } else if (first < 0x20) {
      append_control(out, first);
    } else if (first == '"' || first == '\\') {
      out.append(1, '\\').append(1, text[0]);
    } else if (text.starts_with("\xE2\x80\xA8")) {
      out += "\\u2028";
    } else if (text.starts_with("\xE2\x80\xA9")) {
      out += "\\u2029";
    } else {
      out.append(text, 0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

}  // namespace metallb::io
