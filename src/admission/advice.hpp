// What is not wrong, but may not do what its author means: names that lead nowhere yet, pools that nobody announces, fields
// without effect. Each is a warning, never a refusal, since the missing half may be the next object of the same file.
#pragma once

#include <string>
#include <vector>

#include "admission/objects.hpp"

namespace metallb::admission {

/// About `object`, which is among `resources`.
[[nodiscard]] std::vector<std::string> advice_on(const Object& object, const config::Resources& resources);

}  // namespace metallb::admission
