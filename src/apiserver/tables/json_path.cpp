#include "apiserver/tables/json_path.hpp"

#include <charconv>

namespace metallb::apiserver {
namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// The text within single or double quotes; nothing when there are none.
std::optional<std::string> unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != text.back() || (text.front() != '\'' && text.front() != '"')) return std::nullopt;
  return std::string(text.substr(1, text.size() - 2));
}

/// Up to the next separator; a backslash makes the character behind it an ordinary one.
std::string cut_member(std::string_view& text) {
  std::string out;
  while (!text.empty() && text.front() != '.' && text.front() != '[') {
    if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
    out.push_back(text.front());
    text.remove_prefix(1);
  }
  return out;
}

/// The closing bracket that belongs to the first character, beyond quotes.
std::size_t closing_bracket(std::string_view text) {
  char quote = 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (quote != 0) {
      if (text[i] == quote) quote = 0;
    } else if (text[i] == '\'' || text[i] == '"') {
      quote = text[i];
    } else if (text[i] == ']') {
      return i;
    }
  }
  return std::string_view::npos;
}

}  // namespace

bool JsonPath::parse_brackets(std::string_view inside, Step& out) {
  inside = trimmed(inside);
  if (inside == "*") {
    out.type = Step::Type::kEvery;
    return true;
  }
  if (auto name = unquoted(inside)) {
    out.name = std::move(*name);
    return true;
  }
  if (inside.starts_with("?(@.") && inside.ends_with(')')) {
    const auto condition = inside.substr(4, inside.size() - 5);
    const auto sign = condition.find("==") != std::string_view::npos ? condition.find("==") : condition.find("!=");
    if (sign == std::string_view::npos) return false;
    out.type = Step::Type::kFilter;
    out.equal = condition[sign] == '=';
    out.name = std::string(trimmed(condition.substr(0, sign)));
    const auto value = trimmed(condition.substr(sign + 2));
    out.value = unquoted(value).value_or(std::string(value));
    return !out.name.empty();
  }
  out.type = Step::Type::kIndex;
  const auto [end, code] = std::from_chars(inside.data(), inside.data() + inside.size(), out.index);
  return code == std::errc{} && end == inside.data() + inside.size();
}

std::optional<JsonPath> JsonPath::parse(std::string_view text) {
  if (text.starts_with('{') && text.ends_with('}')) text = text.substr(1, text.size() - 2);
  if (text.starts_with('$')) text.remove_prefix(1);
  if (!text.starts_with('.') && !text.starts_with('[')) return std::nullopt;
  JsonPath out;
  while (!text.empty()) {
    Step step;
    if (text.front() == '[') {
      const auto end = closing_bracket(text);
      if (end == std::string_view::npos || !parse_brackets(text.substr(1, end - 1), step)) return std::nullopt;
      text.remove_prefix(end + 1);
    } else {
      text.remove_prefix(1);
      if (text.starts_with('[')) continue;
      step.name = cut_member(text);
      if (step.name == "*") step.type = Step::Type::kEvery;
      if (step.name.empty()) return std::nullopt;
    }
    out.steps_.push_back(std::move(step));
  }
  if (out.steps_.empty() || out.steps_.front().type != Step::Type::kMember) return std::nullopt;
  return out;
}

const json::value* JsonPath::first(const json::object& root) const {
  const auto* value = root.if_contains(steps_.front().name);
  return value == nullptr ? nullptr : walk(*value, 1);
}

bool JsonPath::passes(const Step& filter, const json::value& value) {
  const auto* members = value.if_object();
  const auto* found = members == nullptr ? nullptr : find(*members, filter.name);
  if (found == nullptr) return false;
  const auto text = found->is_string() ? std::string(found->get_string()) : json::serialize(*found);
  return (text == filter.value) == filter.equal;
}

const json::value* JsonPath::walk(const json::value& value, std::size_t at) const {
  if (at == steps_.size()) return &value;
  const auto& step = steps_[at];
  if (step.type == Step::Type::kMember) {
    const auto* members = value.if_object();
    const auto* found = members == nullptr ? nullptr : members->if_contains(step.name);
    return found == nullptr ? nullptr : walk(*found, at + 1);
  }
  const auto* items = value.if_array();
  if (step.type == Step::Type::kIndex) {
    if (items == nullptr) return nullptr;
    const auto index = step.index < 0 ? step.index + std::ssize(*items) : step.index;
    return index < 0 || index >= std::ssize(*items) ? nullptr : walk((*items)[static_cast<std::size_t>(index)], at + 1);
  }
  const auto visit = [&](const json::value& item) {
    return step.type == Step::Type::kEvery || passes(step, item) ? walk(item, at + 1) : nullptr;
  };
  if (items != nullptr) {
    for (const auto& item : *items) {
      if (const auto* found = visit(item)) return found;
    }
  } else if (const auto* members = value.if_object()) {
    for (const auto& member : *members) {
      if (const auto* found = visit(member.value())) return found;
    }
  }
  return nullptr;
}

}  // namespace metallb::apiserver
