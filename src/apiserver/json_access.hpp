// Reading and changing raw JSON objects without exceptions: objects are stored as they came, so every access must cope with
// members that are missing or of another type.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kube/objects/meta.hpp"

namespace metallb::apiserver {

namespace json = boost::json;

/// The value at a dotted path of member names ("spec.clusterIP"), or null when a part is missing or no object.
[[nodiscard]] const json::value* find(const json::object& root, std::string_view path);
/// As find, but null also when the value is of another type.
[[nodiscard]] const json::object* object_at(const json::object& root, std::string_view path);
[[nodiscard]] const json::array* array_at(const json::object& root, std::string_view path);
/// Empty when missing or no string.
[[nodiscard]] std::string text_at(const json::object& root, std::string_view path);
/// Absent when missing or no integer (a whole number written as a float counts).
[[nodiscard]] std::optional<std::int64_t> number_at(const json::object& root, std::string_view path);
[[nodiscard]] std::optional<bool> flag_at(const json::object& root, std::string_view path);
/// The strings of a list; other elements are left out.
[[nodiscard]] std::vector<std::string> texts_at(const json::object& root, std::string_view path);
/// A map of strings, for example "metadata.labels"; other members are left out.
[[nodiscard]] kube::StringMap map_at(const json::object& root, std::string_view path);

/// Member `key` as an object; made (or replaced) when it is none.
json::object& object_in(json::object& parent, std::string_view key);
/// True when the member is missing, null, an empty string, list or object: what Kubernetes calls unset.
[[nodiscard]] bool unset(const json::object& parent, std::string_view key);
/// Removes the member and keeps the order of the others.
void erase(json::object& parent, std::string_view key);
/// Removes members whose keys are given in the order of the members, in one pass: one by one is quadratic in what a client
/// sends.
void erase_all(json::object& parent, const std::vector<std::string>& keys);
[[nodiscard]] json::array to_array(const std::vector<std::string>& texts);

/// JSON text; a fraction as people write it (1.5, not 1.5E0).
[[nodiscard]] std::string to_text(const json::value& value);

/// Levels of nesting: 0 for a scalar.
[[nodiscard]] int depth_of(const json::value& value);
/// Objects nested deeper than this are refused, so that recursion over them is bounded.
inline constexpr int kMaximumDepth = 64;
/// Parses a body; the error is for the client.
[[nodiscard]] std::optional<json::value> parse(std::string_view text, std::string& error,
                                               std::size_t maximum_depth = kMaximumDepth);

/// As schemas call it: "null", "boolean", "integer", "number", "string", "array" or "object".
[[nodiscard]] std::string_view type_name(const json::value& value);

}  // namespace metallb::apiserver
