#include "apiserver/structural/texts.hpp"

#include <re2/re2.h>

#include <algorithm>

#include "apiserver/structural/formats.hpp"

namespace metallb::apiserver::structural {
namespace {

/// Characters of UTF-8 text: bytes that continue none.
std::int64_t characters(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
}

}  // namespace

void check_text(const Node& node, std::string_view text, const std::string& path, Patterns& patterns, Causes& causes) {
  const json::value value(text);
  if (const auto most = number_at(node.json(), "maxLength"); most && characters(text) > *most) {
    causes.push_back({"FieldValueTooLong", path, "Too long: may not be more than " + std::to_string(*most) + " bytes"});
  }
  if (const auto least = number_at(node.json(), "minLength"); least && characters(text) < *least) {
    causes.push_back(
        invalid_value(path, value, path + " in body should be at least " + std::to_string(*least) + " chars long"));
  }
  if (const auto pattern = node.text("pattern"); !pattern.empty() && !patterns.fits(pattern, text)) {
    causes.push_back(invalid_value(path, value, path + " in body should match '" + pattern + "'"));
  }
  if (const auto format = node.text("format"); !format.empty() && !fits_format(format, text)) {
    causes.push_back({"FieldValueTypeInvalid", path,
                      "Invalid value: " + json::serialize(value) + ": " + path + " in body must be of type " + format +
                          ": " + json::serialize(value)});
  }
}

std::string pattern_problem(const std::string& pattern) {
  const RE2 expression(pattern, RE2::Quiet);
  return expression.ok() ? std::string() : expression.error();
}

}  // namespace metallb::apiserver::structural
