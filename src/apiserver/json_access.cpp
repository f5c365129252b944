#include "apiserver/json_access.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace metallb::apiserver {

const json::value* find(const json::object& root, std::string_view path) {
  const json::object* at = &root;
  while (true) {
    const auto dot = path.find('.');
    const auto* value = at->if_contains(path.substr(0, dot));
    if (value == nullptr || dot == std::string_view::npos) return value;
    at = value->if_object();
    if (at == nullptr) return nullptr;
    path.remove_prefix(dot + 1);
  }
}

const json::object* object_at(const json::object& root, std::string_view path) {
  const auto* value = find(root, path);
  return value == nullptr ? nullptr : value->if_object();
}

const json::array* array_at(const json::object& root, std::string_view path) {
  const auto* value = find(root, path);
  return value == nullptr ? nullptr : value->if_array();
}

std::string text_at(const json::object& root, std::string_view path) {
  const auto* value = find(root, path);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

std::optional<std::int64_t> number_at(const json::object& root, std::string_view path) {
  const auto* value = find(root, path);
  if (value == nullptr) return std::nullopt;
  if (const auto* number = value->if_int64()) return *number;
  if (const auto* number = value->if_uint64(); number != nullptr && std::in_range<std::int64_t>(*number)) {
    return static_cast<std::int64_t>(*number);
  }
  if (const auto* real = value->if_double(); real != nullptr && std::trunc(*real) == *real && std::abs(*real) < 9e15) {
    return static_cast<std::int64_t>(*real);
  }
  return std::nullopt;
}

std::optional<bool> flag_at(const json::object& root, std::string_view path) {
  const auto* value = find(root, path);
  const auto* flag = value == nullptr ? nullptr : value->if_bool();
  return flag == nullptr ? std::nullopt : std::optional(*flag);
}

std::vector<std::string> texts_at(const json::object& root, std::string_view path) {
  std::vector<std::string> out;
  if (const auto* list = array_at(root, path)) {
    for (const auto& item : *list) {
      if (const auto* text = item.if_string()) out.emplace_back(*text);
    }
  }
  return out;
}

kube::StringMap map_at(const json::object& root, std::string_view path) {
  kube::StringMap::sequence_type entries;
  if (const auto* map = object_at(root, path)) {
    for (const auto& [key, value] : *map) {
      if (const auto* text = value.if_string()) entries.emplace_back(key, *text);
    }
  }
  // Sorted once, however the sender ordered them.
  kube::StringMap out;
  out.adopt_sequence(std::move(entries));
  return out;
}

json::object& object_in(json::object& parent, std::string_view key) {
  auto& value = parent[key];
  return value.is_object() ? value.get_object() : value.emplace_object();
}

bool unset(const json::object& parent, std::string_view key) {
  const auto* value = parent.if_contains(key);
  if (value == nullptr || value->is_null()) return true;
  if (const auto* text = value->if_string()) return text->empty();
  if (const auto* list = value->if_array()) return list->empty();
  if (const auto* map = value->if_object()) return map->empty();
  return false;
}

void erase(json::object& parent, std::string_view key) {
  if (const auto found = parent.find(key); found != parent.end()) parent.stable_erase(found);
}

void erase_all(json::object& parent, const std::vector<std::string>& keys) {
  if (keys.empty()) return;
  json::object kept(parent.storage());
  kept.reserve(parent.size() - std::min(parent.size(), keys.size()));
  auto next = keys.begin();
  for (auto& member : parent) {
    if (next != keys.end() && member.key() == *next) {
      ++next;
    } else {
      kept.emplace(member.key(), std::move(member.value()));
    }
  }
  parent = std::move(kept);
}

json::array to_array(const std::vector<std::string>& texts) {
  json::array out;
  for (const auto& text : texts) out.emplace_back(text);
  return out;
}

std::string to_text(const json::value& value) {
  const auto* real = value.if_double();
  if (real == nullptr || std::abs(*real) >= 1e21) return json::serialize(value);
  std::array<char, 400> text{};  // the smallest numbers have more than 300 zeros
  const auto [end, code] = std::to_chars(text.data(), text.data() + text.size(), *real, std::chars_format::fixed);
  return {text.data(), end};
}

int depth_of(const json::value& value) {
  int deepest = 0;
  if (const auto* list = value.if_array()) {
    for (const auto& item : *list) deepest = std::max(deepest, depth_of(item));
    return deepest + 1;
  }
  if (const auto* map = value.if_object()) {
    for (const auto& member : *map) deepest = std::max(deepest, depth_of(member.value()));
    return deepest + 1;
  }
  return 0;
}

std::optional<json::value> parse(std::string_view text, std::string& error, std::size_t maximum_depth) {
  json::error_code code;
  json::parse_options options;
  options.max_depth = maximum_depth;
  auto value = json::parse(text, code, {}, options);
  if (code) {
    error = code.message();
    return std::nullopt;
  }
  return value;
}

std::string_view type_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "boolean";
    case json::kind::int64:
    case json::kind::uint64:
      return "integer";
    case json::kind::double_:
      return "number";
    case json::kind::string:
      return "string";
    case json::kind::array:
      return "array";
    case json::kind::object:
      return "object";
  }
  return "null";
}

}  // namespace metallb::apiserver
