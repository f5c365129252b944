#include "app/token_file.hpp"

#include <optional>

namespace metallb::app {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// Takes one field and its comma from the front of `line`. A quote inside a quoted field is doubled. Nothing when a quoted
/// field does not end, or something follows its end.
std::optional<std::string> take_field(std::string_view& line) {
  line = trimmed(line);
  std::string field;
  if (!line.starts_with('"')) {
    const auto comma = line.find(',');
    field = trimmed(line.substr(0, comma));
    line = comma == std::string_view::npos ? std::string_view{} : line.substr(comma + 1);
    return field;
  }
  line.remove_prefix(1);
  for (;;) {
    const auto quote = line.find('"');
    if (quote == std::string_view::npos) return std::nullopt;
    field += line.substr(0, quote);
    line.remove_prefix(quote + 1);
    if (!line.starts_with('"')) break;
    field += '"';
    line.remove_prefix(1);
  }
  line = trimmed(line);
  if (!line.empty() && line.front() != ',') return std::nullopt;
  if (!line.empty()) line.remove_prefix(1);
  return field;
}

std::vector<std::string> split_groups(std::string_view text) {
  std::vector<std::string> groups;
  while (!text.empty()) {
    const auto comma = text.find(',');
    if (const auto group = trimmed(text.substr(0, comma)); !group.empty()) groups.emplace_back(group);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return groups;
}

}  // namespace

std::expected<std::vector<TokenEntry>, std::string> parse_token_file(std::string_view text) {
  std::vector<TokenEntry> entries;
  for (int number = 1; !text.empty(); ++number) {
    const auto newline = text.find('\n');
    auto line = trimmed(text.substr(0, newline));
    text = newline == std::string_view::npos ? std::string_view{} : text.substr(newline + 1);
    if (line.empty() || line.starts_with('#')) continue;
    std::vector<std::string> fields;
    while (!line.empty()) {
      auto field = take_field(line);
      if (!field) return std::unexpected("line " + std::to_string(number) + ": a quote is not closed");
      fields.push_back(std::move(*field));
    }
    if (fields.size() < 3)
      return std::unexpected("line " + std::to_string(number) + ": fewer than the fields token,user,uid");
    if (fields[0].empty()) return std::unexpected("line " + std::to_string(number) + ": the token is empty");
    entries.push_back({.token = std::move(fields[0]),
                       .user = std::move(fields[1]),
                       .uid = std::move(fields[2]),
                       .groups = fields.size() > 3 ? split_groups(fields[3]) : std::vector<std::string>{}});
  }
  return entries;
}

}  // namespace metallb::app
