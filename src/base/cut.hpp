// Texts that have to be shorter.
#pragma once

#include <cstddef>
#include <string>

namespace metallb {

/// The first `most` bytes of UTF-8 text at most, and no part of a character: JSON would not take it.
[[nodiscard]] inline std::string cut(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
  text.resize(most);
  return text;
}

}  // namespace metallb
