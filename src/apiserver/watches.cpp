#include "apiserver/watches.hpp"

#include <algorithm>
#include <charconv>

namespace metallb::apiserver {
namespace {

constexpr Duration kBookmarkInterval = std::chrono::minutes(1);
/// kube-apiserver's --min-request-timeout: between this and twice this, when the client names no timeout.
constexpr Duration kShortestWatch = std::chrono::minutes(30);

std::string event_line(std::string_view type, json::object object) {
  return json::serialize(json::object{{"type", type}, {"object", std::move(object)}}) + "\n";
}

bool in_scope(const Route& route, const ObjectKey& key) {
  return (route.namespace_.empty() || key.namespace_ == route.namespace_) && (route.name.empty() || key.name == route.name);
}

}  // namespace

Result<void> Watches::open(Now now, RequestId id, const Route& route, const Query& query, const Form& form, Output& out) {
  auto filter = Filter::from(*route.kind, query);
  if (!filter) return std::unexpected(filter.error());
  if (query.has("sendInitialEvents")) {
    return std::unexpected(
        unprocessable("ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is "
                      "forbidden for watch unless "
                      "the WatchList feature gate is enabled"));
  }
  const auto timeout = query.number("timeoutSeconds");
  if (!timeout) return std::unexpected(timeout.error());
  const auto version_text = query.text("resourceVersion");
  std::uint64_t version = 0;
  const auto [end, code] = std::from_chars(version_text.data(), version_text.data() + version_text.size(), version);
  if (!version_text.empty() && (code != std::errc{} || end != version_text.data() + version_text.size())) {
    return std::unexpected(bad_request("Invalid value: \"" + version_text + "\": resourceVersion is no number"));
  }

  Watch watch{.route = route, .filter = std::move(*filter), .form = form, .bookmarks = query.flag("allowWatchBookmarks")};
  constexpr std::int64_t kLongestSeconds = 24 * 3600;
  const Duration length = *timeout > 0 ? Duration(std::chrono::seconds(std::min(*timeout, kLongestSeconds)))
                                       : random_.jittered(kShortestWatch, 1.0);
  watch.end = now.steady + length;
  if (watch.bookmarks) watch.next_bookmark = now.steady + kBookmarkInterval;
  out.emplace_back(OpenStream{.id = id});
  if (version != 0 && (version < store_.floor() || version > store_.version())) {
    // deviation: a version from the future (of an earlier life of this server) is refused too, since it never comes.
    const auto error =
        expired("too old resource version: " + std::to_string(version) + " (" + std::to_string(store_.floor()) + ")");
    out.emplace_back(StreamData{id, event_line("ERROR", error.to_status())});
    out.emplace_back(EndStream{id});
    return {};
  }
  std::string text;
  if (version == 0) {
    text = initial_events(watch, now.wall);
  } else {
    for (const auto& event : store_.events_after(version)) text += line(watch, event, now.wall);
  }
  if (!text.empty()) out.emplace_back(StreamData{id, std::move(text)});
  watches_.insert_or_assign(id, std::move(watch));
  return {};
}

std::string Watches::initial_events(const Watch& watch, WallPoint now) const {
  std::string out;
  for (const auto& [key, object] : store_.objects(*watch.route.kind)) {
    if (in_scope(watch.route, key) && watch.filter.matches(*object)) {
      out += event_line("ADDED", render(watch.form, watch.route, *object, now));
    }
  }
  return out;
}

std::string Watches::line(const Watch& watch, const Event& event, WallPoint now) const {
  if (event.kind != watch.route.kind || !in_scope(watch.route, event.key)) return {};
  const bool before = event.before != nullptr && watch.filter.matches(*event.before);
  const bool after = event.after != nullptr && watch.filter.matches(*event.after);
  if (after) return event_line(before ? "MODIFIED" : "ADDED", render(watch.form, watch.route, *event.after, now));
  if (!before) return {};
  // Gone, or out of the selection: the last state that the watch knew, in the version of this change.
  return event_line("DELETED", render(watch.form, watch.route, with_version(*event.before, event.version), now));
}

void Watches::deliver(Now now, const std::vector<Event>& events, Output& out) {
  if (events.empty()) return;
  for (const auto& [id, watch] : watches_) {
    std::string text;
    for (const auto& event : events) text += line(watch, event, now.wall);
    if (!text.empty()) out.emplace_back(StreamData{id, std::move(text)});
  }
}

void Watches::end_unserved(Output& out) {
  std::erase_if(watches_, [&out](const auto& entry) {
    const auto& [id, watch] = entry;
    if (watch.route.kind->serves(watch.route.version)) return false;
    out.emplace_back(EndStream{id});
    return true;
  });
}

std::string Watches::bookmark(const Watch& watch) const {
  return event_line("BOOKMARK", render_bookmark(watch.form, watch.route, store_.version()));
}

void Watches::on_time(Now now, Output& out) {
  for (auto at = watches_.begin(); at != watches_.end();) {
    auto& [id, watch] = *at;
    const bool ends = watch.end <= now.steady;
    if (watch.bookmarks && (ends || watch.next_bookmark <= now.steady)) {
      out.emplace_back(StreamData{id, bookmark(watch)});
      watch.next_bookmark = now.steady + kBookmarkInterval;
    }
    if (ends) {
      out.emplace_back(EndStream{id});
      at = watches_.erase(at);
    } else {
      ++at;
    }
  }
}

SteadyPoint Watches::next_deadline() const {
  auto out = kIdle;
  for (const auto& [id, watch] : watches_) out = std::min({out, watch.end, watch.next_bookmark});
  return out;
}

}  // namespace metallb::apiserver
