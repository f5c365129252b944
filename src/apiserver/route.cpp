#include "apiserver/route.hpp"

#include <algorithm>
#include <charconv>
#include <span>

#include "apiserver/split.hpp"

namespace metallb::apiserver {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// RFC 3986, Section 2.1; a "%" that starts no valid triplet stays as it is. `plus_is_blank` holds for query strings only.
std::string decode(std::string_view text, bool plus_is_blank) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out.push_back(static_cast<char>(high * 16 + low));
        i += 2;
        continue;
      }
    }
    out.push_back(plus_is_blank && text[i] == '+' ? ' ' : text[i]);
  }
  return out;
}

}  // namespace

Query Query::parse(std::string_view text) {
  Query out;
  split(text, '&', [&out](std::string_view part) {
    if (part.empty()) return;
    const auto equals = part.find('=');
    out.parameters_.emplace_back(decode(part.substr(0, equals), true),
                                 equals == std::string_view::npos ? "" : decode(part.substr(equals + 1), true));
  });
  return out;
}

std::string Query::text(std::string_view name) const {
  const auto found = std::ranges::find_if(parameters_, [&](const auto& p) { return p.first == name; });
  return found == parameters_.end() ? std::string() : found->second;
}

bool Query::has(std::string_view name) const {
  return std::ranges::any_of(parameters_, [&](const auto& p) { return p.first == name; });
}

bool Query::flag(std::string_view name) const {
  if (!has(name)) return false;
  const auto value = text(name);
  return value.empty() || value == "1" || value == "true" || value == "True" || value == "TRUE" || value == "t" ||
         value == "T";
}

Result<std::int64_t> Query::number(std::string_view name) const {
  const auto value = text(name);
  if (value.empty()) return 0;
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (code != std::errc{} || end != value.data() + value.size()) {
    return std::unexpected(bad_request("query parameter " + std::string(name) + ": \"" + value + "\" is no whole number"));
  }
  return number;
}

Target parse_target(std::string_view target) {
  Target out;
  const auto mark = target.find('?');
  if (mark != std::string_view::npos) out.query = Query::parse(target.substr(mark + 1));
  out.path = std::string(target.substr(0, mark));
  split(out.path, '/', [&out](std::string_view part) {
    if (!part.empty()) out.segments.push_back(decode(part, false));
  });
  return out;
}

std::optional<Route> resolve(const Catalogue& kinds, const std::vector<std::string>& segments) {
  std::span<const std::string> rest(segments);
  std::string group;
  Route route;
  if (rest.size() >= 3 && rest[0] == "api") {
    route.version = rest[1];
    rest = rest.subspan(2);
  } else if (rest.size() >= 4 && rest[0] == "apis") {
    group = rest[1];
    route.version = rest[2];
    rest = rest.subspan(3);
  } else {
    return std::nullopt;
  }
  // "namespaces/x/status" is a Namespace's subresource, "namespaces/x/services" a collection in it.
  if (rest[0] == "namespaces" && rest.size() >= 3 && rest[2] != "status" && rest[2] != "finalize") {
    route.namespace_ = rest[1];
    rest = rest.subspan(2);
  }
  if (rest.size() > 3) return std::nullopt;
  route.kind = kinds.find(group, route.version, rest[0]);
  if (route.kind == nullptr) return std::nullopt;
  if (rest.size() > 1) route.name = rest[1];
  if (rest.size() > 2) route.subresource = rest[2];
  if (!route.kind->namespaced && !route.namespace_.empty()) return std::nullopt;
  if (route.kind->namespaced && route.namespace_.empty() && !route.name.empty()) return std::nullopt;
  return route;
}

}  // namespace metallb::apiserver
