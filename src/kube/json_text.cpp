#include "kube/json_text.hpp"

#include <boost/json/parse.hpp>

namespace metallb::kube {

namespace json = boost::json;

std::optional<json::value> parse_json(std::string_view text) {
  json::error_code bad;
  auto value = json::parse({text.data(), text.size()}, bad, {}, kParseOptions);
  if (bad) return std::nullopt;
  return value;
}

const json::object* object_at(const json::object& in, std::string_view name) {
  const auto* const found = in.if_contains({name.data(), name.size()});
  return found == nullptr ? nullptr : found->if_object();
}

std::string string_at(const json::object& in, std::string_view name) {
  const auto* const found = in.if_contains({name.data(), name.size()});
  const auto* const text = found == nullptr ? nullptr : found->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

std::int64_t integer_at(const json::object& in, std::string_view name) {
  const auto* const found = in.if_contains({name.data(), name.size()});
  const auto* const number = found == nullptr ? nullptr : found->if_int64();
  return number == nullptr ? 0 : *number;
}

}  // namespace metallb::kube
