// Command lines, variables and files for the tests of the options.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/outcome.hpp"

namespace metallb::app::test {

using Variables = std::map<std::string, std::string>;

inline Environment environment(Variables variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

inline FileReader files(std::map<std::string, std::string> contents = {}) {
  return [contents = std::move(contents)](const std::string& path) -> std::expected<std::string, SystemError> {
    if (const auto found = contents.find(path); found != contents.end()) return found->second;
    return std::unexpected(SystemError{"read", path, std::make_error_code(std::errc::no_such_file_or_directory), ""});
  };
}

/// argv with "prog" in front.
class Argv {
 public:
  explicit Argv(std::vector<std::string> arguments) : words_(std::move(arguments)) {
    words_.insert(words_.begin(), "prog");
    for (const auto& word : words_) pointers_.push_back(word.c_str());
  }
  [[nodiscard]] int count() const { return static_cast<int>(pointers_.size()); }
  [[nodiscard]] const char* const* data() const { return pointers_.data(); }

 private:
  std::vector<std::string> words_;
  std::vector<const char*> pointers_;
};

}  // namespace metallb::app::test
