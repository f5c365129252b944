// JSON texts of the API server, read everywhere in the same way, and a look into what they hold.
#pragma once

#include <boost/json/parse_options.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace metallb::kube {

/// Deep enough for every object, shallow enough for the stack of whoever walks the tree. Invalid UTF-8 in one annotation
/// must not cost the whole list that it is part of.
inline constexpr boost::json::parse_options kParseOptions{
    .max_depth = 64, .allow_comments = false, .allow_trailing_commas = false, .allow_invalid_utf8 = true};

/// Nothing when it is not JSON.
[[nodiscard]] std::optional<boost::json::value> parse_json(std::string_view text);

// Members of an object. One of another type counts as missing.

/// Null when missing.
[[nodiscard]] const boost::json::object* object_at(const boost::json::object& in, std::string_view name);
/// Empty when missing.
[[nodiscard]] std::string string_at(const boost::json::object& in, std::string_view name);
/// 0 when missing.
[[nodiscard]] std::int64_t integer_at(const boost::json::object& in, std::string_view name);

}  // namespace metallb::kube
