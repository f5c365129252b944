// Files with secrets in them, which only their owner may read.
#pragma once

#include <expected>
#include <string>

#include "base/error.hpp"

namespace metallb::app {

/// Writes the file whole or not at all: readers see the old content or the new one. Mode 0600.
[[nodiscard]] std::expected<void, SystemError> write_private_file(const std::string& path, const std::string& content);

}  // namespace metallb::app
