// Writing JSON strings without building a document; for log lines and other small texts.
#pragma once

#include <string>
#include <string_view>

namespace metallb::io {

/// Appends `text` in quotes. Escapes only what JSON demands, plus U+2028 and U+2029 (they end lines for some readers); bytes
/// that are not UTF-8 become U+FFFD, one each.
void append_json_string(std::string& out, std::string_view text);

}  // namespace metallb::io
