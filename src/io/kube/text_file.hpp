// Small files read whole: credentials and configuration.
#pragma once

#include <optional>
#include <string>

namespace metallb::io {

/// The content; nullopt when it is no readable file.
[[nodiscard]] std::optional<std::string> read_text_file(const std::string& path);

/// Without blanks and line breaks at either end.
[[nodiscard]] std::string trimmed(const std::string& text);

}  // namespace metallb::io
