// Command-line flags with the habits of the original's programs (operations spec 2.0), on top of CLI11.
//
// -flag and --flag are the same; a value follows after '=' or as the next argument; a boolean stands alone or has '='.
// Reading stops at the first argument that is not a flag, and after "--". The last of several wins.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "app/outcome.hpp"

namespace metallb::app {

class FlagSet {
 public:
  /// The value in the bound variable when parse() is called is the default; it is shown in the usage.
  void text(std::string name, std::string& value, std::string help);
  /// 64-bit; decimal, 0x, 0o, 0b, or octal with a leading 0.
  void integer(std::string name, std::int64_t& value, std::string help);
  /// 1, t, T, TRUE, true, True and their opposites.
  void boolean(std::string name, bool& value, std::string help);

  struct Parsed {
    std::set<std::string> given;    ///< names of the flags that stood on the command line
    std::vector<std::string> rest;  ///< the first argument that is not a flag, and all after it
  };
  /// `arguments` without the program's name. Help ends with code 0, a mistake with kExitUsage; both print the usage as
  /// errors. `program` is the name in the usage.
  [[nodiscard]] std::expected<Parsed, EarlyExit> parse(const std::string& program,
                                                       const std::vector<std::string>& arguments);
  [[nodiscard]] std::string usage(const std::string& program) const;

 private:
  enum class Kind : std::uint8_t { kText, kInteger, kBoolean };
  struct Flag {
    std::string name;
    Kind kind;
    std::string help;
    std::string default_text;
    std::function<void(const std::string&)> set;  ///< throws CLI::ValidationError
  };
  [[nodiscard]] const Flag* find(const std::string& name) const;

  std::vector<Flag> flags_;
};

/// Go's integer syntax with a base by prefix and underscores between digits. Error: "parse error" or "value out of range".
[[nodiscard]] std::expected<std::int64_t, std::string> parse_integer(const std::string& text);
[[nodiscard]] std::expected<bool, std::string> parse_boolean(const std::string& text);

/// argv after the program's name.
[[nodiscard]] std::vector<std::string> arguments_of(int argc, const char* const* argv);

}  // namespace metallb::app
