#include "apiserver/store.hpp"

#include <algorithm>
#include <utility>

namespace metallb::apiserver {

json::object with_version(const json::object& object, std::uint64_t version) {
  auto out = object;
  object_in(out, "metadata")["resourceVersion"] = std::to_string(version);
  return out;
}

const Objects& Store::objects(const Kind& kind) const {
  static const Objects kNone;
  const auto found = objects_.find(&kind);
  return found == objects_.end() ? kNone : found->second;
}

ObjectPointer Store::get(const Kind& kind, const ObjectKey& key) const {
  const auto& all = objects(kind);
  const auto found = all.find(key);
  return found == all.end() ? nullptr : found->second;
}

std::expected<Objects, std::monostate> Store::objects_at(const Kind& kind, std::uint64_t version) const {
  if (version < floor_ || version > version_) return std::unexpected(std::monostate{});
  auto out = objects(kind);
  for (auto event = events_.rbegin(); event != events_.rend() && event->version > version; ++event) {
    if (event->kind != &kind) continue;
    if (event->before) {
      out[event->key] = event->before;
    } else {
      out.erase(event->key);
    }
  }
  return out;
}

std::vector<Place> Store::dependents(const std::string& uid) const {
  const auto found = dependents_.find(uid);
  if (found == dependents_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

ObjectPointer Store::put(const Kind& kind, const ObjectKey& key, json::object object) {
  auto before = get(kind, key);
  auto after = std::make_shared<const json::object>(with_version(object, version_ + 1));
  objects_[&kind][key] = after;
  if (before) index({&kind, key}, *before, false);
  index({&kind, key}, *after, true);
  record(kind, key, std::move(before), after);
  return after;
}

ObjectPointer Store::remove(const Kind& kind, const ObjectKey& key) {
  auto before = get(kind, key);
  if (!before) return nullptr;
  objects_[&kind].erase(key);
  index({&kind, key}, *before, false);
  record(kind, key, before, nullptr);
  return std::make_shared<const json::object>(with_version(*before, version_));
}

void Store::restore(const Kind& kind, const ObjectKey& key, json::object object) {
  auto kept = std::make_shared<const json::object>(std::move(object));
  index({&kind, key}, *kept, true);
  objects_[&kind][key] = std::move(kept);
}

void Store::record(const Kind& kind, const ObjectKey& key, ObjectPointer before, ObjectPointer after) {
  Event event{++version_, &kind, key, std::move(before), std::move(after)};
  new_events_.push_back(event);
  events_.push_back(std::move(event));
  while (events_.size() > window_) {
    floor_ = events_.front().version;
    events_.pop_front();
  }
}

void Store::index(const Place& place, const json::object& object, bool add) {
  if (const auto uid = text_at(object, "metadata.uid"); !uid.empty()) {
    if (add) {
      uids_[uid] = place;
    } else {
      uids_.erase(uid);
    }
  }
  const auto* owners = array_at(object, "metadata.ownerReferences");
  if (owners == nullptr) return;
  for (const auto& owner : *owners) {
    const auto* reference = owner.if_object();
    const auto uid = reference == nullptr ? std::string() : text_at(*reference, "uid");
    if (uid.empty()) continue;
    if (add) {
      dependents_[uid].insert(place);
    } else if (const auto found = dependents_.find(uid); found != dependents_.end()) {
      found->second.erase(place);
      if (found->second.empty()) dependents_.erase(found);
    }
  }
}

std::vector<Event> Store::events_after(std::uint64_t version) const {
  const auto from = std::ranges::upper_bound(events_, version, {}, &Event::version);
  return {from, events_.end()};
}

std::vector<Event> Store::take_new_events() {
  return std::exchange(new_events_, {});
}

}  // namespace metallb::apiserver
