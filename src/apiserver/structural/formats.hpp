// The formats of strings that structural schemas may name ("ipv4", "date-time").
#pragma once

#include <string_view>

namespace metallb::apiserver::structural {

/// False when `text` is not what a format that is known says. Unknown formats fit everything, and so do those of cards and
/// books (creditcard, isbn) and passwords. Dashes in the names of formats do not count.
[[nodiscard]] bool fits_format(std::string_view format, std::string_view text);

}  // namespace metallb::apiserver::structural
