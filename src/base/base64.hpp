// RFC 4648, Section 4: base64 with padding. For Secret data and continue tokens.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace metallb {

[[nodiscard]] std::string encode_base64(std::string_view bytes);
/// Absent when the text is no base64; line breaks are not accepted.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace metallb
