// Durations as text, as Go reads and writes them: in custom resources and in the memberlist configuration file.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace metallb {

/// Go's duration strings: "200ms", "1m30s", "1.5s", "0"; units ns, us (µs), ms, s, m, h; may be negative.
/// Fractions of a nanosecond are cut off. The error names the text and the remedy.
[[nodiscard]] std::expected<Duration, std::string> parse_go_duration(std::string_view text);
/// As parse_go_duration reads it: "1m30s", "1ms500us".
[[nodiscard]] std::string go_duration(Duration duration);

}  // namespace metallb
