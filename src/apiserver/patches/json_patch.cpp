#include "apiserver/patches/json_patch.hpp"

#include <charconv>
#include <span>

namespace metallb::apiserver {
namespace {

constexpr std::size_t kMaximumOperations = 10000;
/// What "copy" operations may add in all, since each can double the document.
constexpr std::size_t kMaximumCopiedBytes = 3U << 20U;

using Path = std::vector<std::string>;

Result<Path> parse_pointer(std::string_view text) {
  Path out;
  if (text.empty()) return out;
  if (text.front() != '/')
    return std::unexpected(bad_request("JSON pointer \"" + std::string(text) + "\" must start with \"/\""));
  for (const char c : text) {
    if (c == '/') {
      out.emplace_back();
    } else {
      out.back().push_back(c);
    }
  }
  // RFC 6901, Section 4: "~1" first, so that "~01" becomes "~1".
  for (auto& token : out) {
    for (const auto& [from, to] : {std::pair{"~1", "/"}, {"~0", "~"}}) {
      for (auto at = token.find(from); at != std::string::npos; at = token.find(from, at + 1)) token.replace(at, 2, to);
    }
  }
  return out;
}

Error missing(std::string_view operation, std::string_view path) {
  return unprocessable("the server rejected our request due to an error in our request: " + std::string(operation) +
                       " operation does not apply: doc is missing path: " + std::string(path));
}

/// RFC 6901, Section 4: digits without leading zeros; `size` itself is allowed for insertion only.
std::optional<std::size_t> array_index(const std::string& token, std::size_t size, bool for_insertion) {
  if (token == "-") return for_insertion ? std::optional(size) : std::nullopt;
  if (token.empty() || (token.size() > 1 && token[0] == '0')) return std::nullopt;
  std::size_t index = 0;
  const auto [end, code] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (code != std::errc{} || end != token.data() + token.size()) return std::nullopt;
  return index < size || (for_insertion && index == size) ? std::optional(index) : std::nullopt;
}

json::value* child(json::value& parent, const std::string& token) {
  if (auto* map = parent.if_object()) return map->if_contains(token);
  if (auto* list = parent.if_array()) {
    if (const auto index = array_index(token, list->size(), false)) return &(*list)[*index];
  }
  return nullptr;
}

json::value* locate(json::value& document, std::span<const std::string> path) {
  auto* at = &document;
  for (const auto& token : path) {
    at = child(*at, token);
    if (at == nullptr) return nullptr;
  }
  return at;
}

bool add(json::value& document, const Path& path, json::value value) {
  if (path.empty()) {
    document = std::move(value);
    return true;
  }
  auto* parent = locate(document, std::span(path).first(path.size() - 1));
  if (parent == nullptr) return false;
  if (auto* map = parent->if_object()) {
    (*map)[path.back()] = std::move(value);
    return true;
  }
  auto* list = parent->if_array();
  const auto index = list == nullptr ? std::nullopt : array_index(path.back(), list->size(), true);
  if (!index) return false;
  list->insert(list->begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
  return true;
}

bool remove(json::value& document, const Path& path) {
  if (path.empty()) return false;
  auto* parent = locate(document, std::span(path).first(path.size() - 1));
  if (parent == nullptr) return false;
  if (auto* map = parent->if_object()) {
    if (!map->contains(path.back())) return false;
    erase(*map, path.back());
    return true;
  }
  auto* list = parent->if_array();
  const auto index = list == nullptr ? std::nullopt : array_index(path.back(), list->size(), false);
  if (!index) return false;
  list->erase(list->begin() + static_cast<std::ptrdiff_t>(*index));
  return true;
}

class Patcher {
 public:
  explicit Patcher(json::value& document) : document_(document) {}

  Result<void> apply(const json::object& operation) {
    const auto name = text_at(operation, "op");
    const auto text = text_at(operation, "path");
    const auto path = parse_pointer(text);
    if (!path) return std::unexpected(path.error());
    if (name == "remove") return done(remove(document_, *path), name, text);
    if (name == "move" || name == "copy") return transfer(operation, name, *path, text);
    const auto* value = operation.if_contains("value");
    if (name != "add" && name != "replace" && name != "test") {
      return std::unexpected(bad_request("JSON patch: unexpected operation \"" + name + "\""));
    }
    if (value == nullptr) return std::unexpected(bad_request("JSON patch: " + name + " needs a value"));
    if (name == "add") return done(add(document_, *path, *value), name, text);
    auto* target = locate(document_, *path);
    if (name == "test") {
      // A missing member equals null, as in the library that real servers use.
      if (target != nullptr ? *target == *value : value->is_null()) return {};
      return std::unexpected(
          unprocessable("the server rejected our request due to an error in our request: testing path " + text + " failed"));
    }
    if (target == nullptr) return std::unexpected(missing(name, text));
    *target = *value;
    return {};
  }

 private:
  static Result<void> done(bool ok, std::string_view operation, std::string_view path) {
    if (ok) return {};
    return std::unexpected(missing(operation, path));
  }

  Result<void> transfer(const json::object& operation, const std::string& name, const Path& path, const std::string& text) {
    const auto from_text = text_at(operation, "from");
    const auto from = parse_pointer(from_text);
    if (!from) return std::unexpected(from.error());
    const auto* source = locate(document_, *from);
    if (source == nullptr) return std::unexpected(missing(name, from_text));
    json::value value = *source;
    if (name == "copy") {
      copied_ += json::serialize(value).size();
      if (copied_ > kMaximumCopiedBytes) return std::unexpected(too_large("JSON patch: copies too much"));
    } else {
      // RFC 6902, Section 4.4: not into one of its own children.
      if (path.size() > from->size() && std::equal(from->begin(), from->end(), path.begin())) {
        return std::unexpected(unprocessable("JSON patch: cannot move " + from_text + " into itself"));
      }
      if (!remove(document_, *from)) return std::unexpected(missing(name, from_text));
    }
    return done(add(document_, path, std::move(value)), name, text);
  }

  json::value& document_;
  std::size_t copied_ = 0;
};

}  // namespace

Result<void> apply_json_patch(json::value& document, const json::value& patch) {
  const auto* operations = patch.if_array();
  if (operations == nullptr) return std::unexpected(bad_request("a JSON patch is a list of operations"));
  if (operations->size() > kMaximumOperations) {
    return std::unexpected(
        too_large("The allowed maximum operations in a JSON patch is 10000, got " + std::to_string(operations->size())));
  }
  Patcher patcher(document);
  for (const auto& operation : *operations) {
    const auto* members = operation.if_object();
    if (members == nullptr) return std::unexpected(bad_request("a JSON patch is a list of operations"));
    if (auto result = patcher.apply(*members); !result) return result;
  }
  return {};
}

}  // namespace metallb::apiserver
