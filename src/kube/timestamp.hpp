// RFC 3339 timestamps as the Kubernetes API writes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace metallb::kube {

/// metav1.Time: "2026-11-21T09:30:00Z"; parts of a second are cut off.
[[nodiscard]] std::string format_time(WallPoint time);
/// metav1.MicroTime: "2026-11-21T09:30:00.000000Z", always with six digits; servers accept no other number of them.
[[nodiscard]] std::string format_micro_time(WallPoint time);
/// RFC 3339, Section 5.6, with any number of fraction digits and any offset. Nothing when it is malformed, or outside of
/// what WallPoint can hold (the years 1678 to 2261; Go's zero time, year 1, is thus "no time").
[[nodiscard]] std::optional<WallPoint> parse_time(std::string_view text);

}  // namespace metallb::kube
