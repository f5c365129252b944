// The regular expressions of a schema, compiled once for all the strings that they are held against.
#pragma once

#include <re2/re2.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace metallb::apiserver::structural {

class Patterns {
 public:
  /// Whether some part of `text` fits. A pattern that cannot be compiled fits everything: definitions with such are refused.
  [[nodiscard]] bool fits(const std::string& pattern, std::string_view text);

  /// How many were compiled so far, those included that were not kept.
  [[nodiscard]] std::size_t compilations() const { return compilations_; }

 private:
  std::map<std::string, std::unique_ptr<const RE2>> compiled_;
  int size_ = 0;  ///< of all, in RE2's instructions
  std::size_t compilations_ = 0;
};

}  // namespace metallb::apiserver::structural
