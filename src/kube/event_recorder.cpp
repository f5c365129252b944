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
  std::size_t length = parts.size();
  for (const auto part : parts) length += part.size();
  out.reserve(length);
  for (const auto part : parts) out.append(part).push_back('\0');
  return out;
}

std::string_view type_name(EventNote::Type type) {
  return type == EventNote::Type::kNormal ? "Normal" : "Warning";
}

std::string object_key(const ObjectReference& about) {
  return join({about.kind, about.namespace_, about.name, about.uid, about.apiVersion});
}

/// The message comes last: only there a character may stand that separates the others.
std::string packed(const EventNote& note) {
  const auto& about = note.about;
  return join({about.apiVersion, about.kind, about.namespace_, about.name, about.uid, about.resourceVersion, about.fieldPath,
               note.reason, note.message});
}

EventNote unpacked(std::string_view packed, EventNote::Type type) {
  EventNote out;
  out.type = type;
  auto& about = out.about;
  for (auto* part : {&about.apiVersion, &about.kind, &about.namespace_, &about.name, &about.uid, &about.resourceVersion,
                     &about.fieldPath, &out.reason}) {
    const auto end = packed.find('\0');
    *part = packed.substr(0, end);
    packed.remove_prefix(end + 1);
  }
  out.message = packed.substr(0, packed.size() - 1);
  return out;
}

/// The same for notes that tell the same.
std::string identity(const EventNote& note) {
  return join({object_key(note.about), type_name(note.type), note.reason, note.message});
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
      observations_(limits.events),
      similar_(limits.objects),
      buckets_(limits.objects),
      uncounted_(limits.objects) {}

void EventRecorder::on_input(Now now, const Input& in, Output& out) {
  if (const auto* about = std::get_if<EventNote>(&in)) {
    note(now, *about);
  } else if (const auto* outcome = std::get_if<WriteDone>(&in)) {
    done(now, *outcome, out);
  } else {
    free_from_ = std::get<OtherWrites>(in).under_way ? kIdle : now.steady + limits_.quiet;
  }
  write(now, out);
}

void EventRecorder::note(Now now, const EventNote& note) {
  if (within_budget(now, object_key(note.about))) {
    if (waiting_.size() < limits_.waiting) waiting_.push_back({packed(note), note.type, now});
    return;
  }
  // A repeat beyond the budget is counted all the same, so that the next write tells the true number: there, or for the
  // Event that is still to come.
  const bool known = observe(now, note, false).event != nullptr;
  if (!known && !waiting_.empty()) ++uncounted_.find_or_insert(identity(note), 0);
}

void EventRecorder::write(Now now, Output& out) {
  while (under_way() < allowed(now.steady)) {
    if (!retries_.empty() && retries_.begin()->first <= now.steady) {
      const auto id = retries_.begin()->second;
      retries_.erase(retries_.begin());
      emit(id, attempts_.at(id), out);  // the newest state: more may have been counted since
    } else if (!waiting_.empty() && attempts_.size() < limits_.in_flight) {
      const auto next = std::move(waiting_.front());
      waiting_.pop_front();
      const ActionId id(++last_id_);
      // The Event tells when its cause was, not when there was time to write it.
      const auto note = unpacked(next.packed, next.type);
      const auto& attempt = attempts_.emplace(id, observe({now.steady, next.since.wall}, note, true)).first->second;
      if (const auto* more = uncounted_.find(identity(note))) {
        attempt.event->count += *more;
        uncounted_.erase(identity(note));
      }
      emit(id, attempt, out);
    } else {
      return;
    }
  }
}

std::size_t EventRecorder::allowed(SteadyPoint now) const {
  if (now >= free_from_) return limits_.at_once;
  const auto since = ready_since();
  return since != kIdle && now - since >= limits_.patience ? 1 : 0;
}

SteadyPoint EventRecorder::ready_since() const {
  auto since = retries_.empty() ? kIdle : retries_.begin()->first;
  if (!waiting_.empty() && attempts_.size() < limits_.in_flight) since = std::min(since, waiting_.front().since.steady);
  return since;
}

EventRecorder::Attempt EventRecorder::observe(Now now, const EventNote& note, bool begin) {
  const auto group = join({object_key(note.about), type_name(note.type), note.reason});
  const bool folded = fold(now, group, note.message);
  auto key = folded ? group : join({group, note.message});
  auto message = folded ? std::string(kCombined) + note.message : note.message;
  if (const auto* known = observations_.find(key)) {
    auto& event = **known;
    if (event.count < std::numeric_limits<std::int32_t>::max()) ++event.count;
    event.lastTimestamp = format_time(now.wall);
    event.message = std::move(message);
    return {std::move(key), *known, Verb::kMergePatch};
  }
  if (!begin) return {};
  auto event = std::make_shared<Event>(fresh_event(now, note, std::move(message)));
  observations_.find_or_insert(key, event);
  return {std::move(key), std::move(event), Verb::kCreate};
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

void EventRecorder::emit(ActionId id, const Attempt& attempt, Output& out) const {
  Write write;
  write.id = id;
  write.verb = attempt.verb;
  write.resource = &resource_of<Event>();
  write.key = attempt.event->metadata.key();
  write.body = attempt.verb == Verb::kCreate ? encode_text(*attempt.event) : count_up_patch(*attempt.event);
  out.push_back(std::move(write));
}

void EventRecorder::done(Now now, const WriteDone& outcome, Output& out) {
  const auto found = attempts_.find(outcome.id);
  if (found == attempts_.end()) return;
  auto& attempt = found->second;
  if (!outcome.result) {
    const auto reason = outcome.result.error().reason;
    if (reason == WriteError::Reason::kUnavailable && attempt.number < limits_.attempts) {
      ++attempt.number;
      retries_.emplace(now.steady + limits_.between_attempts, found->first);
      return;
    }
    // The Event expired (servers keep them for an hour) or never got there: this state of it becomes a new one.
    if (reason == WriteError::Reason::kNotFound && attempt.verb == Verb::kMergePatch) {
      attempt.verb = Verb::kCreate;
      return emit(found->first, attempt, out);
    }
    if (attempt.verb == Verb::kCreate && reason != WriteError::Reason::kAlreadyExists) {
      const auto* known = observations_.find(attempt.key);
      if (known != nullptr && *known == attempt.event) observations_.erase(attempt.key);
    }
  }
  attempts_.erase(found);
}

void EventRecorder::on_time(Now now, Output& out) {
  write(now, out);
}

SteadyPoint EventRecorder::next_deadline() const {
  const auto since = ready_since();
  if (since == kIdle) return kIdle;
  auto at = under_way() < limits_.at_once ? std::max(since, free_from_) : kIdle;
  if (under_way() == 0) at = std::min(at, since + limits_.patience);
  return at;
}

}  // namespace metallb::kube
