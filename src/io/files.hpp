// Small files, read and written whole: credentials, configuration, saved states.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "base/error.hpp"

namespace metallb::io {

/// The content, or why it cannot be read.
[[nodiscard]] std::expected<std::string, SystemError> read_file(const std::string& path);
/// The content; nullopt when it is no readable file.
[[nodiscard]] std::optional<std::string> read_text_file(const std::string& path);
[[nodiscard]] bool file_exists(const std::string& path);

/// Writes the file whole or not at all: readers see the old content or the new one. Only its owner may read it (mode 0600).
[[nodiscard]] std::expected<void, SystemError> write_private_file(const std::string& path, const std::string& content);

/// Without blanks and line breaks at either end.
[[nodiscard]] std::string trimmed(const std::string& text);

}  // namespace metallb::io
