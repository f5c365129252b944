#include "app/flags.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string_view>

namespace metallb::app {
namespace {

constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "TRUE", "true", "True"};
constexpr std::array<std::string_view, 6> kFalse = {"0", "f", "F", "FALSE", "false", "False"};

std::string in_quotes(const std::string& text) {
  return '"' + text + '"';
}

struct Digits {
  int base;
  std::string text;
};

/// Splits off the base's prefix and drops underscores, which may stand between digits and after the prefix only.
std::expected<Digits, std::string> digits_of(std::string_view text) {
  int base = 10;
  bool prefixed = false;
  if (text.size() > 1 && text[0] == '0') {
    const char mark = static_cast<char>(text[1] | 0x20);
    base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
    prefixed = true;
    text.remove_prefix(mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1);
  }
  Digits digits{base, {}};
  bool after_digit = prefixed;
  for (const char c : text) {
    if (c == '_') {
      if (!after_digit) return std::unexpected("parse error");
      after_digit = false;
      continue;
    }
    digits.text += c;
    after_digit = true;
  }
  if (digits.text.empty() || !after_digit) return std::unexpected("parse error");
  return digits;
}

}  // namespace

std::expected<std::int64_t, std::string> parse_integer(const std::string& text) {
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  const auto digits = digits_of(rest);
  if (!digits) return std::unexpected(digits.error());
  std::uint64_t magnitude = 0;
  const auto* const end = digits->text.data() + digits->text.size();
  const auto [stop, error] = std::from_chars(digits->text.data(), end, magnitude, digits->base);
  if (stop != end || error == std::errc::invalid_argument) return std::unexpected("parse error");
  const auto limit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) + (negative ? 1 : 0);
  if (error != std::errc{} || magnitude > limit) return std::unexpected("value out of range");
  return static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
}

std::expected<bool, std::string> parse_boolean(const std::string& text) {
  if (std::ranges::find(kTrue, text) != kTrue.end()) return true;
  if (std::ranges::find(kFalse, text) != kFalse.end()) return false;
  return std::unexpected("parse error");
}

std::vector<std::string> arguments_of(int argc, const char* const* argv) {
  return argc > 1 ? std::vector<std::string>(argv + 1, argv + argc) : std::vector<std::string>{};
}

void FlagSet::text(std::string name, std::string& value, std::string help) {
  flags_.push_back({std::move(name), Kind::kText, std::move(help), value.empty() ? std::string() : in_quotes(value),
                    [&value](const std::string& given) { value = given; }});
}

void FlagSet::integer(std::string name, std::int64_t& value, std::string help) {
  auto set = [&value, name](const std::string& given) {
    const auto parsed = parse_integer(given);
    if (!parsed)
      throw CLI::ValidationError("invalid value " + in_quotes(given) + " for flag -" + name + ": " + parsed.error());
    value = *parsed;
  };
  flags_.push_back({std::move(name), Kind::kInteger, std::move(help), value == 0 ? std::string() : std::to_string(value),
                    std::move(set)});
}

void FlagSet::boolean(std::string name, bool& value, std::string help) {
  auto set = [&value, name](const std::string& given) {
    const auto parsed = parse_boolean(given);
    if (!parsed)
      throw CLI::ValidationError("invalid boolean value " + in_quotes(given) + " for -" + name + ": " + parsed.error());
    value = *parsed;
  };
  flags_.push_back({std::move(name), Kind::kBoolean, std::move(help), value ? "true" : "", std::move(set)});
}

const FlagSet::Flag* FlagSet::find(const std::string& name) const {
  const auto found = std::ranges::find(flags_, name, &Flag::name);
  return found == flags_.end() ? nullptr : &*found;
}

std::expected<FlagSet::Parsed, EarlyExit> FlagSet::parse(const std::string& program,
                                                         const std::vector<std::string>& arguments) {
  const auto mistake = [&](const std::string& message) {
    return std::unexpected(EarlyExit{.code = kExitUsage, .output = {}, .errors = message + "\n" + usage(program)});
  };
  Parsed parsed;
  std::vector<std::string> normal;  // "--flag", "value" pairs: what CLI11 reads
  auto next = arguments.begin();
  for (; next != arguments.end(); ++next) {
    const auto& argument = *next;
    if (argument.size() < 2 || argument[0] != '-') break;
    if (argument == "--") {
      ++next;
      break;
    }
    const auto body = argument.substr(argument[1] == '-' ? 2 : 1);
    if (body.empty() || body[0] == '-' || body[0] == '=') return mistake("bad flag syntax: " + argument);
    const auto equals = body.find('=');
    const auto name = body.substr(0, equals);
    const auto* const flag = find(name);
    if (flag == nullptr) {
      if (name == "h" || name == "help")
        return std::unexpected(EarlyExit{.code = 0, .output = {}, .errors = usage(program)});
      return mistake("flag provided but not defined: -" + name);
    }
    std::string value = "true";
    if (equals != std::string::npos) {
      value = body.substr(equals + 1);
    } else if (flag->kind != Kind::kBoolean) {
      if (std::next(next) == arguments.end()) return mistake("flag needs an argument: -" + name);
      value = *++next;
    }
    normal.push_back("--" + name);
    normal.push_back(std::move(value));
    parsed.given.insert(name);
  }
  parsed.rest.assign(next, arguments.end());

  CLI::App reader;
  reader.set_help_flag("");
  for (const auto& flag : flags_) {
    reader.add_option_function<std::string>("--" + flag.name, flag.set)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  try {
    std::ranges::reverse(normal);  // CLI11 takes its arguments from the back
    reader.parse(std::move(normal));
  } catch (const CLI::Error& error) {
    return mistake(error.what());
  }
  return parsed;
}

std::string FlagSet::usage(const std::string& program) const {
  auto sorted = flags_;
  std::ranges::sort(sorted, {}, &Flag::name);
  std::string text = "Usage of " + program + ":\n";
  for (const auto& flag : sorted) {
    text += "  -" + flag.name;
    if (flag.kind == Kind::kText) text += " string";
    if (flag.kind == Kind::kInteger) text += " int";
    text += "\n    \t" + flag.help;
    if (!flag.default_text.empty()) text += " (default " + flag.default_text + ")";
    text += "\n";
  }
  return text;
}

}  // namespace metallb::app
