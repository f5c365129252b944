// The server's state as text, so that a lab can stop it and start it again as a real one with its disk.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "apiserver/registry.hpp"

namespace metallb::apiserver {

/// {"version": the newest version, "objects": [every object but Events, with apiVersion and kind]}
[[nodiscard]] std::string write_snapshot(const Registry& registry);

/// Fills an empty registry. Takes over all or nothing usable: after an error the registry is to be thrown away.
[[nodiscard]] std::expected<void, std::string> read_snapshot(std::string_view text, Registry& registry);

}  // namespace metallb::apiserver
