#include "apiserver/reader.hpp"

#include <charconv>
#include <limits>

#include "base/base64.hpp"

namespace metallb::apiserver {
namespace {

/// Where the next page starts, and which moment the list shows.
struct Position {
  std::uint64_t version = 0;
  ObjectKey after;
};

std::string encode(const Position& position) {
  return encode_base64(json::serialize(json::object{
      {"rv", std::to_string(position.version)}, {"ns", position.after.namespace_}, {"name", position.after.name}}));
}

std::optional<std::uint64_t> to_version(const std::string& text) {
  std::uint64_t out = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

Result<Position> decode(const std::string& token) {
  std::string error;
  const auto text = decode_base64(token);
  const auto value = text ? parse(*text, error) : std::nullopt;
  const auto* object = value ? value->if_object() : nullptr;
  const auto version = object == nullptr ? std::nullopt : to_version(text_at(*object, "rv"));
  if (!version) return std::unexpected(bad_request("continue key is not valid"));
  return Position{*version, {text_at(*object, "ns"), text_at(*object, "name")}};
}

/// The moment to show, and its objects.
struct View {
  Position start;
  Objects objects;
};

Result<View> view_of(const Store& store, const Route& route, const Query& query) {
  View out;
  out.start.version = store.version();
  const auto token = query.text("continue");
  if (!token.empty()) {
    const auto position = decode(token);
    if (!position) return std::unexpected(position.error());
    out.start = *position;
  } else if (query.text("resourceVersionMatch") == "Exact") {
    const auto version = to_version(query.text("resourceVersion"));
    if (!version || *version == 0) return std::unexpected(bad_request("resourceVersionMatch=Exact needs a resourceVersion"));
    out.start.version = *version;
  }
  auto objects = store.objects_at(*route.kind, out.start.version);
  if (!objects) {
    return std::unexpected(
        expired(token.empty() ? "The resourceVersion for the provided list is too old."
                              : "The provided continue parameter is too old to display a consistent list result. You "
                                "can start a new list without the continue parameter."));
  }
  out.objects = std::move(*objects);
  return out;
}

}  // namespace

Result<json::object> list(const Store& store, const Route& route, const Query& query, const Form& form, WallPoint now) {
  const auto filter = Filter::from(*route.kind, query);
  if (!filter) return std::unexpected(filter.error());
  const auto limit = query.number("limit");
  if (!limit) return std::unexpected(limit.error());
  if (*limit < 0) return std::unexpected(bad_request("limit must not be negative"));
  const auto view = view_of(store, route, query);
  if (!view) return std::unexpected(view.error());

  const auto page_size = *limit == 0 ? std::numeric_limits<std::size_t>::max() : static_cast<std::size_t>(*limit);
  std::vector<const json::object*> page;
  ListMetadata metadata{.version = view->start.version};
  ObjectKey last;
  std::size_t left = 0;
  const auto& objects = view->objects;
  auto at = view->start.after == ObjectKey{} ? objects.lower_bound({route.namespace_, ""})
                                             : objects.upper_bound(view->start.after);
  for (; at != objects.end(); ++at) {
    if (!route.namespace_.empty() && at->first.namespace_ != route.namespace_) break;
    if (!filter->matches(*at->second)) continue;
    if (page.size() == page_size) {
      ++left;
      continue;
    }
    page.push_back(at->second.get());
    last = at->first;
  }
  if (left > 0) {
    metadata.continue_token = encode({view->start.version, last});
    if (!query.has("labelSelector") && !query.has("fieldSelector")) metadata.remaining = left;
  }
  return render_list(form, route, page, metadata, now);
}

}  // namespace metallb::apiserver
