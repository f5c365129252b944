#include "kube/event_recorder.hpp"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <functional>
#include <initializer_list>
#include <limits>

#include "kube/json.hpp"
#include "kube/timestamp.hpp"

namespace metallb::kube {
namespace {

constexpr std::string_view kCombined = "(combined from similar events): ";
constexpr std::size_t kLongestName = 253;

/// Joined with a character that no part contains.
std::string join(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const auto part : parts) out.append(part).push_back('\0');
  return out;
}

std::string_view type_name(EventNote::Type type) {
  return type == EventNote::Type::kNormal ? "Normal" : "Warning";
}

std::string object_key(const ObjectReference& about) {
  return join({about.kind, about.namespace_, about.name, about.uid, about.apiVersion});
}

/// "web.17a3f…": the object and a stamp, cut to what a name may be.
std::string event_name(std::string object, std::int64_t stamp) {
  std::array<char, 16> digits{};
  const auto [end, error] =
      std::to_chars(digits.data(), digits.data() + digits.size(), static_cast<std::uint64_t>(stamp), 16);
  const std::string_view suffix(digits.data(), static_cast<std::size_t>(end - digits.data()));
  object.resize(std::min(object.size(), kLongestName - suffix.size() - 1));
  while (object.ends_with('-') || object.ends_with('.')) object.pop_back();
  return object.append(".").append(suffix);
}

std::string count_up_patch(const Event& event) {
  return boost::json::serialize(
      boost::json::object{{"count", event.count}, {"lastTimestamp", event.lastTimestamp}, {"message", event.message}});
}

}  // namespace

EventRecorder::EventRecorder(Source source, Limits limits)
    : source_(std::move(source)),
      limits_(limits),
      observations_(limits.remembered),
      similar_(limits.remembered),
      buckets_(limits.remembered) {}

void EventRecorder::on_input(Now now, const Input& in, Output& out) {
  if (const auto* about = std::get_if<EventNote>(&in)) {
    note(now, *about, out);
  } else {
    done(now, std::get<WriteDone>(in), out);
  }
}

void EventRecorder::note(Now now, const EventNote& note, Output& out) {
  const auto object = object_key(note.about);
  const auto group = join({object, type_name(note.type), note.reason});
  const bool folded = fold(now, group, note.message);
  const auto key = folded ? group : join({group, note.message});
  auto message = folded ? std::string(kCombined) + note.message : note.message;

  auto* known = observations_.find(key);
  const auto verb = known == nullptr ? Verb::kCreate : Verb::kMergePatch;
  if (known != nullptr) {
    auto& event = known->event;
    if (event.count < std::numeric_limits<std::int32_t>::max()) ++event.count;
    event.lastTimestamp = format_time(now.wall);
    event.message = std::move(message);
  }
  // A repeat beyond the budget is counted all the same, so that the next write tells the true number.
  if (!within_budget(now, object) || attempts_.size() >= limits_.in_flight) return;
  if (known == nullptr) known = &observations_.find_or_insert(key, {fresh_event(now, note, std::move(message))});
  const ActionId id(++last_id_);
  const auto& attempt = attempts_.emplace(id, Attempt{key, verb}).first->second;
  emit(id, attempt, known->event, out);
}

/// Whether so many similar messages came lately that this one joins the common Event.
bool EventRecorder::fold(Now now, const std::string& group, const std::string& message) {
  auto& similar = similar_.find_or_insert(group, {{}, now.steady});
  if (now.steady - similar.last > limits_.similar_within) similar.messages.clear();
  similar.last = now.steady;
  similar.messages.insert(std::hash<std::string>{}(message));
  if (similar.messages.size() < limits_.similar) return false;
  similar.messages.erase(similar.messages.begin());  // stays one short of the limit, so that the next one folds, too
  return true;
}

bool EventRecorder::within_budget(Now now, const std::string& object) {
  auto& bucket = buckets_.find_or_insert(object, {limits_.burst, now.steady});
  const auto refilled =
      static_cast<double>((now.steady - bucket.filled).count()) / static_cast<double>(limits_.refill.count());
  bucket.tokens = std::min(limits_.burst, bucket.tokens + refilled);
  bucket.filled = now.steady;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

Event EventRecorder::fresh_event(Now now, const EventNote& note, std::string message) {
  last_stamp_ = std::max(last_stamp_ + 1, static_cast<std::int64_t>(now.wall.time_since_epoch().count()));
  Event event;
  event.metadata.name = event_name(note.about.name, last_stamp_);
  event.metadata.namespace_ = note.about.namespace_.empty() ? "default" : note.about.namespace_;
  event.involvedObject = note.about;
  event.reason = note.reason;
  event.message = std::move(message);
  event.source = {source_.component, source_.instance};
  event.firstTimestamp = event.lastTimestamp = format_time(now.wall);
  event.count = 1;
  event.type = type_name(note.type);
  event.reportingComponent = source_.component;
  event.reportingInstance = source_.instance;
  return event;
}

void EventRecorder::emit(ActionId id, const Attempt& attempt, const Event& event, Output& out) const {
  Write write;
  write.id = id;
  write.verb = attempt.verb;
  write.resource = &resource_of<Event>();
  write.key = event.metadata.key();
  write.body = attempt.verb == Verb::kCreate ? encode_text(event) : count_up_patch(event);
  out.push_back(std::move(write));
}

void EventRecorder::done(Now now, const WriteDone& outcome, Output& out) {
  const auto found = attempts_.find(outcome.id);
  if (found == attempts_.end()) return;
  auto& attempt = found->second;
  const auto* observation = observations_.find(attempt.key);
  if (!outcome.result && observation != nullptr) {
    const auto reason = outcome.result.error().reason;
    if (reason == WriteError::Reason::kUnavailable && attempt.number < limits_.attempts) {
      ++attempt.number;
      attempt.due = now.steady + limits_.between_attempts;
      return;
    }
    // The Event expired (servers keep them for an hour) or never got there: this state of it becomes a new one.
    if (reason == WriteError::Reason::kNotFound && attempt.verb == Verb::kMergePatch) {
      attempt.verb = Verb::kCreate;
      emit(found->first, attempt, observation->event, out);
      return;
    }
    if (attempt.verb == Verb::kCreate && reason != WriteError::Reason::kAlreadyExists) observations_.erase(attempt.key);
  }
  attempts_.erase(found);
}

void EventRecorder::on_time(Now now, Output& out) {
  for (auto at = attempts_.begin(); at != attempts_.end();) {
    auto& attempt = at->second;
    if (attempt.due > now.steady) {
      ++at;
      continue;
    }
    attempt.due = kIdle;
    // What is written is the newest state: more may have been counted since.
    if (const auto* observation = observations_.find(attempt.key)) {
      emit(at->first, attempt, observation->event, out);
      ++at;
    } else {
      at = attempts_.erase(at);
    }
  }
}

SteadyPoint EventRecorder::next_deadline() const {
  auto earliest = kIdle;
  for (const auto& [id, attempt] : attempts_) earliest = std::min(earliest, attempt.due);
  return earliest;
}

}  // namespace metallb::kube
