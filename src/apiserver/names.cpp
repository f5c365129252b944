#include "apiserver/names.hpp"

#include <algorithm>

namespace metallb::apiserver {
namespace {

constexpr std::string_view kSubdomainText =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
    "with "
    "an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr std::string_view kLabelText =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
    "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view kLabel1035Text =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and "
    "end "
    "with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view kLabelValueText =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with "
    "an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
constexpr std::string_view kQualifiedText =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr std::size_t kAnnotationsLimit = 256 * 1024;

bool lower_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool alphanumeric(char c) {
  return lower_alphanumeric(c) || (c >= 'A' && c <= 'Z');
}

bool is_label(std::string_view text) {
  return !text.empty() && lower_alphanumeric(text.front()) && lower_alphanumeric(text.back()) &&
         std::ranges::all_of(text, [](char c) { return lower_alphanumeric(c) || c == '-'; });
}

bool is_subdomain(std::string_view text) {
  while (true) {
    const auto dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_name_part(std::string_view text) {
  return !text.empty() && alphanumeric(text.front()) && alphanumeric(text.back()) &&
         std::ranges::all_of(text, [](char c) { return alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

std::optional<std::string> too_long(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::nullopt;
  return "must be no more than " + std::to_string(limit) + " characters";
}

std::optional<std::string> qualified_name_problem(std::string_view key) {
  const auto slash = key.find('/');
  if (slash != std::string_view::npos) {
    const auto prefix = key.substr(0, slash);
    if (prefix.empty()) return "prefix part must be non-empty";
    if (!is_subdomain(prefix)) return "prefix part " + std::string(kSubdomainText);
    if (const auto problem = too_long(prefix, 253)) return "prefix part " + *problem;
    key.remove_prefix(slash + 1);
  }
  if (key.empty()) return "name part must be non-empty";
  if (const auto problem = too_long(key, 63)) return "name part " + *problem;
  if (!is_name_part(key)) return std::string(kQualifiedText);
  return std::nullopt;
}

void check_labels(const json::object& object, Causes& causes) {
  for (const auto& [key, value] : map_at(object, "metadata.labels")) {
    if (const auto problem = qualified_name_problem(key)) {
      causes.push_back(invalid_value("metadata.labels", json::value(key), *problem));
    }
    if (const auto problem = too_long(value, 63)) {
      causes.push_back(invalid_value("metadata.labels", json::value(value), *problem));
    } else if (!value.empty() && !is_name_part(value)) {
      causes.push_back(invalid_value("metadata.labels", json::value(value), kLabelValueText));
    }
  }
}

void check_annotations(const json::object& object, Causes& causes) {
  std::size_t total = 0;
  for (const auto& [key, value] : map_at(object, "metadata.annotations")) {
    std::string lower(key);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (const auto problem = qualified_name_problem(lower)) {
      causes.push_back(invalid_value("metadata.annotations", json::value(key), *problem));
    }
    total += key.size() + value.size();
  }
  if (total > kAnnotationsLimit) {
    causes.push_back({"FieldValueTooLong", "metadata.annotations", "Too long: may not be more than 262144 bytes"});
  }
}

void check_references(const json::object& object, Causes& causes) {
  for (const auto& name : texts_at(object, "metadata.finalizers")) {
    if (const auto problem = qualified_name_problem(name)) {
      causes.push_back(invalid_value("metadata.finalizers", json::value(name), *problem));
    }
  }
  const auto* owners = array_at(object, "metadata.ownerReferences");
  for (std::size_t i = 0; owners != nullptr && i < owners->size(); ++i) {
    const auto* owner = (*owners)[i].if_object();
    for (const std::string_view field : {"apiVersion", "kind", "name", "uid"}) {
      if (owner != nullptr && text_at(*owner, field).empty()) {
        causes.push_back(invalid_value("metadata.ownerReferences[" + std::to_string(i) + "]." + std::string(field),
                                       json::value(""), "must not be empty"));
      }
    }
  }
}

}  // namespace

std::optional<std::string> name_problem(NameRule rule, std::string_view name) {
  switch (rule) {
    case NameRule::kLabel:
      if (!is_label(name)) return std::string(kLabelText);
      return too_long(name, 63);
    case NameRule::kLabel1035:
      if (!is_label(name) || (name.front() >= '0' && name.front() <= '9')) return std::string(kLabel1035Text);
      return too_long(name, 63);
    case NameRule::kSubdomain:
      if (!is_subdomain(name)) return std::string(kSubdomainText);
      return too_long(name, 253);
  }
  return std::nullopt;
}

Causes validate_metadata(const Kind& kind, const json::object& object) {
  Causes causes;
  const auto name = text_at(object, "metadata.name");
  if (name.empty()) {
    causes.push_back(required_value("metadata.name", "name or generateName is required"));
  } else if (const auto problem = name_problem(kind.name_rule, name)) {
    causes.push_back(invalid_value("metadata.name", json::value(name), *problem));
  }
  check_labels(object, causes);
  check_annotations(object, causes);
  check_references(object, causes);
  return causes;
}

}  // namespace metallb::apiserver
