// The parts of a text between separators.
#pragma once

#include <string_view>

namespace metallb::apiserver {

/// Calls `each` with every part in order; a text without the separator is one part, also when it is empty.
template <class Each>
void split(std::string_view text, char separator, Each each) {
  while (true) {
    const auto at = text.find(separator);
    each(text.substr(0, at));
    if (at == std::string_view::npos) return;
    text.remove_prefix(at + 1);
  }
}

}  // namespace metallb::apiserver
