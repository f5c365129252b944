#include "kube/list_watch.hpp"

#include <algorithm>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/contract.hpp"
#include "base/cut.hpp"
#include "kube/json_text.hpp"

namespace metallb::kube::list_watch {
namespace {

namespace json = boost::json;

constexpr int kOk = 200;
constexpr int kForbidden = 403;
constexpr int kGone = 410;
constexpr int kTooManyRequests = 429;
constexpr int kServerError = 500;
/// A watch that ends sooner, without having said anything, counts as a failure: else it would be reopened in a tight loop.
constexpr auto kShortLife = std::chrono::seconds(1);
/// So often in a row a watch may be refused (other than with 410) before a list is tried instead.
constexpr int kWatchRefusals = 3;
/// Bodies of refusals go to the log, but not whole.
constexpr std::size_t kLoggedBody = 200;

json::string_view view(std::string_view text) {
  return {text.data(), text.size()};
}

/// What a refusal says: the message of a Status, else the text itself.
std::string cause_of(std::string_view body) {
  const auto status = parse_json(body);
  auto message = status && status->is_object() ? string_at(status->get_object(), "message") : std::string();
  if (message.empty()) message = body;
  return cut(std::move(message), kLoggedBody);
}

bool worth_the_same_request(int status) {
  return status == kTooManyRequests || status >= kServerError;
}

}  // namespace

Core::Core(const Resource& resource, Options options, Random random, Log log)
    : resource_(resource),
      options_(std::move(options)),
      namespace_(options_.namespace_),
      random_(random),
      log_(log),
      backoff_(options_.backoff_initial, options_.backoff_maximum) {}

void Core::on_input(Now now, const Input& in, Sink& sink) {
  std::visit([&](const auto& input) { on(now, input, sink); }, in);
}

void Core::on_time(Now now, Sink& sink) {
  if (now.steady < deadline_) return;
  switch (state_) {
    case State::kWaitingToList:
      start_list(sink);
      return;
    case State::kWaitingToWatch:
      start_watch(now, sink);
      return;
    case State::kOpening:
      sink.act(StopWatch{});
      trouble("watch", 0, "no answer");
      wait_to_list_from_start(after_backoff(now));
      return;
    case State::kWatching:
      // Often it is only a quiet kind on a server without bookmarks, so this is no trouble yet.
      sink.act(StopWatch{});
      wait_to_watch(now.steady);
      return;
    case State::kListing:
      deadline_ = kIdle;
      return;
  }
}

// --- lists

void Core::start_list(Sink& sink) {
  state_ = State::kListing;
  deadline_ = kIdle;  // the client bounds how long a request takes
  std::vector<std::pair<std::string_view, std::string>> query;
  if (!whole_list_) query.emplace_back("limit", std::to_string(options_.page_size));
  if (continue_.empty()) {
    ++round_;
    version_.clear();
  } else {
    query.emplace_back("continue", continue_);
  }
  sink.act(StartList{target(std::move(query))});
}

void Core::on(Now now, const ListAnswered& in, Sink& sink) {
  METALLB_CONTRACT(state_ == State::kListing, "an answer needs a list request");
  if (std::exchange(outdated_, false)) {
    wait_to_list_from_start(now.steady);
    return;
  }
  if (in.status == kOk) {
    take_page(now, in.body, sink);
  } else {
    list_refused(now, in, sink);
  }
}

void Core::take_page(Now now, std::string_view body, Sink& sink) {
  // The page's tree lives in one arena, which goes back in one piece when the items have been decoded.
  json::monotonic_resource arena(std::max<std::size_t>(body.size(), 1024));
  json::error_code error;
  const auto page = json::parse(view(body), error, &arena, kParseOptions);
  const auto* list = error ? nullptr : page.if_object();
  const auto* metadata = list == nullptr ? nullptr : object_at(*list, "metadata");
  const auto* items = list == nullptr ? nullptr : list->if_contains("items");
  auto version = metadata == nullptr ? std::string() : string_at(*metadata, "resourceVersion");
  // Anything less than a proper list must not pass for an empty one: it would remove every object.
  if (version.empty() || items == nullptr || !(items->is_array() || items->is_null())) {
    trouble("list", kOk, error ? "answer is not JSON: " + error.message() : "answer is not a list");
    wait_to_list_from_start(after_backoff(now));
    return;
  }
  // Only the first page's version: whatever changed while the others were fetched is seen in the watch, too.
  if (version_.empty()) version_ = std::move(version);
  continue_ = string_at(*metadata, "continue");
  if (const auto* array = items->if_array()) {
    for (const auto& item : *array) take_object(item, sink);
  }
  if (continue_.empty()) {
    finish_list(now, sink);
  } else {
    start_list(sink);
  }
}

void Core::finish_list(Now now, Sink& sink) {
  std::vector<ObjectKey> vanished;
  for (const auto& [key, known] : known_) {
    if (known.round != round_) vanished.push_back(key);
  }
  std::sort(vanished.begin(), vanished.end());
  for (const auto& key : vanished) {
    known_.erase(key);
    sink.remove(key);
  }
  sink.listed();
  whole_list_ = false;
  watch_failures_ = 0;
  start_watch(now, sink);
}

void Core::list_refused(Now now, const ListAnswered& in, Sink& sink) {
  if (in.status == kGone && !continue_.empty()) {
    // The token outlived the server's history. Paging may take too long for this server: next time all in one.
    whole_list_ = true;
    wait_to_list_from_start(now.steady);
    return;
  }
  if (narrow(now, in.status, sink)) return;
  trouble("list", in.status, in.body);
  if (worth_the_same_request(in.status)) {
    state_ = State::kWaitingToList;
    deadline_ = after_backoff(now);
  } else {
    // Without an answer the server may come back as another one, to which the token means nothing.
    wait_to_list_from_start(after_refusal(now, in.status));
  }
}

// --- watches

void Core::start_watch(Now now, Sink& sink) {
  state_ = State::kOpening;
  deadline_ = now.steady + options_.opening;
  heard_since_opened_ = false;
  const auto timeout = std::chrono::duration_cast<std::chrono::seconds>(random_.jittered(options_.watch_timeout, 0.5));
  sink.act(StartWatch{target({{"watch", "true"},
                              {"allowWatchBookmarks", "true"},
                              {"resourceVersion", version_},
                              {"timeoutSeconds", std::to_string(timeout.count())}})});
}

void Core::on(Now now, const WatchOpened&, Sink&) {
  METALLB_CONTRACT(state_ == State::kOpening, "only a watch that was started can open");
  state_ = State::kWatching;
  opened_at_ = now.steady;
  deadline_ = now.steady + options_.silence;
  if (std::exchange(in_trouble_, false)) {
    log_.info({{"op", "watch"}, {"resource", resource_.plural}, {"msg", "API server answers again"}});
  }
}

void Core::on(Now now, const WatchLine& in, Sink& sink) {
  METALLB_CONTRACT(state_ == State::kWatching, "only an open watch has lines");
  if (in.line.empty()) return;
  json::monotonic_resource arena(std::max<std::size_t>(in.line.size(), 1024));
  json::error_code error;
  const auto event = json::parse(view(in.line), error, &arena, kParseOptions);
  if (error || !event.is_object()) {
    // What the line was about is unknown, so only a list can tell.
    sink.act(StopWatch{});
    trouble("watch", kOk, error ? "event is not JSON: " + error.message() : "event is not an object");
    wait_to_list_from_start(after_backoff(now));
    return;
  }
  take_event(now, event.get_object(), sink);
}

void Core::take_event(Now now, const json::object& event, Sink& sink) {
  const auto type = string_at(event, "type");
  const auto* value = event.if_contains("object");
  const auto* object = value == nullptr ? nullptr : value->if_object();
  if (type == "ERROR") {
    static const json::object kNothing;
    take_error_event(now, object == nullptr ? kNothing : *object, sink);
    return;
  }
  if (object == nullptr) return;  // an event without its object says nothing
  heard(now);
  const auto identity = identify(*value);
  if (type == "ADDED" || type == "MODIFIED") {
    take_object(*value, sink);
  } else if (type == "DELETED") {
    if (known_.erase(identity.key) > 0) sink.remove(identity.key);
  } else if (type != "BOOKMARK") {
    return;
  }
  if (!identity.resource_version.empty()) version_ = identity.resource_version;
}

void Core::take_error_event(Now now, const json::object& status, Sink& sink) {
  sink.act(StopWatch{});
  if (integer_at(status, "code") == kGone) {
    relist_after_gone(now);
  } else {
    trouble("watch", static_cast<int>(integer_at(status, "code")), string_at(status, "message"));
    rewatch(now, "error event");
  }
}

void Core::on(Now now, const WatchEnded& in, Sink& sink) {
  METALLB_CONTRACT(state_ == State::kOpening || state_ == State::kWatching, "only a watch that was started can end");
  if (in.status == kGone) {
    relist_after_gone(now);
    return;
  }
  if (state_ == State::kWatching) {
    if (heard_since_opened_ || now.steady - opened_at_ >= kShortLife) {
      // It ran its time, or was cut: go on from the last version at once. Spread, since all watches were cut together.
      backoff_.reset();
      watch_failures_ = 0;
      wait_to_watch(now.steady + std::chrono::milliseconds(random_.below(100)));
    } else {
      rewatch(now, "ended at once");
    }
    return;
  }
  if (narrow(now, in.status, sink)) return;
  trouble("watch", in.status, in.body);
  if (worth_the_same_request(in.status)) {
    rewatch(now, "refused");
  } else {
    // Nobody there: the server may come back with another history, whose versions mean something else.
    wait_to_list_from_start(after_refusal(now, in.status));
  }
}

void Core::on(Now now, const ListAnew&, Sink& sink) {
  switch (state_) {
    case State::kListing:
      outdated_ = true;  // the server may have made the answer before now
      return;
    case State::kWaitingToList:
      continue_.clear();  // and the pages so far
      return;
    case State::kOpening:
    case State::kWatching:
      sink.act(StopWatch{});
      break;
    case State::kWaitingToWatch:
      break;
  }
  wait_to_list_from_start(now.steady);
}

void Core::rewatch(Now now, std::string_view why) {
  log_.debug({{"op", "watch"}, {"resource", resource_.plural}, {"reason", why}, {"msg", "opening the watch again"}});
  if (++watch_failures_ >= kWatchRefusals) {
    wait_to_list_from_start(after_backoff(now));
  } else {
    wait_to_watch(after_backoff(now));
  }
}

void Core::relist_after_gone(Now now) {
  log_.debug({{"op", "watch"}, {"resource", resource_.plural}, {"msg", "version is too old, listing anew"}});
  // The first time at once; a server that forgets faster than it can be listed is given time.
  const bool again = std::exchange(gone_lately_, true);
  wait_to_list_from_start(again ? after_backoff(now) : now.steady);
}

// --- objects

Core::Identity Core::identify(const json::value& object) {
  Identity out;
  const auto* members = object.if_object();
  const auto* metadata = members == nullptr ? nullptr : object_at(*members, "metadata");
  if (metadata == nullptr) return out;
  out.key = {string_at(*metadata, "namespace"), string_at(*metadata, "name")};
  out.resource_version = string_at(*metadata, "resourceVersion");
  out.version = std::hash<std::string>{}(string_at(*metadata, "uid") + "/" + out.resource_version);
  return out;
}

void Core::take_object(const json::value& object, Sink& sink) {
  auto identity = identify(object);
  const auto known = known_.find(identity.key);
  if (known != known_.end()) {
    known->second.round = round_;  // it exists, whether or not its new state can be read
    if (!identity.resource_version.empty() && known->second.version == identity.version) return;
  }
  auto taken = identity.key.name.empty() ? std::unexpected(DecodeError{"metadata.name", "missing"}) : sink.upsert(object);
  if (!taken) {
    log_.error({{"op", "decode"},
                {"resource", resource_.plural},
                {"kind", resource_.kind},
                {"object", identity.key.to_string()},
                {"error", taken.error().to_string()},
                {"msg", known == known_.end() ? "object cannot be read and is ignored"
                                              : "object cannot be read, its last good state stays in use"}});
    return;
  }
  if (known != known_.end()) {
    known->second.version = identity.version;
  } else {
    known_.emplace(std::move(identity.key), Known{identity.version, round_});
  }
}

// --- waiting

void Core::wait_to_list_from_start(SteadyPoint when) {
  state_ = State::kWaitingToList;
  deadline_ = when;
  continue_.clear();
}

void Core::wait_to_watch(SteadyPoint when) {
  state_ = State::kWaitingToWatch;
  deadline_ = when;
}

void Core::heard(Now now) {
  heard_since_opened_ = true;
  gone_lately_ = false;
  watch_failures_ = 0;
  backoff_.reset();
  deadline_ = now.steady + options_.silence;
}

bool Core::narrow(Now now, int status, Sink& sink) {
  if (status != kForbidden || !namespace_.empty() || options_.fallback_namespace.empty()) return false;
  namespace_ = options_.fallback_namespace;
  log_.debug({{"op", "list"},
              {"resource", resource_.plural},
              {"namespace", namespace_},
              {"msg", "all namespaces are refused, going on with one"}});
  sink.act(Narrowed{});
  wait_to_list_from_start(now.steady);
  return true;
}

SteadyPoint Core::after_refusal(Now now, int status) {
  if (status != kForbidden || options_.refused_retry == Duration::zero()) return after_backoff(now);
  return now.steady + random_.jittered(options_.refused_retry, 1.0);
}

SteadyPoint Core::after_backoff(Now now) {
  // Up to twice as long: after an outage every node of the cluster comes back for all its kinds at once.
  return now.steady + random_.jittered(backoff_.next(), 1.0);
}

void Core::trouble(std::string_view op, int status, std::string_view why) {
  // Once per outage and cause; that it is over is said, too.
  auto cause = cause_of(why);
  if (std::exchange(in_trouble_, true) && trouble_ == cause) return;
  trouble_ = std::move(cause);
  log_.warn({{"op", op},
             {"resource", resource_.plural},
             {"status", status},
             {"error", trouble_},
             {"msg", "API server does not answer as it should, trying again"}});
}

std::string Core::target(std::vector<std::pair<std::string_view, std::string>> query) const {
  if (!options_.label_selector.empty()) query.emplace_back("labelSelector", options_.label_selector);
  if (!options_.field_selector.empty()) query.emplace_back("fieldSelector", options_.field_selector);
  auto out = resource_.path(namespace_);
  char separator = '?';
  for (const auto& [name, value] : query) {
    out += std::exchange(separator, '&');
    out.append(name).append("=").append(query_value(value));
  }
  return out;
}

}  // namespace metallb::kube::list_watch
