// Every object, the one counter that versions them, and the window of recent changes that watches resume from and that
// older pages of a list are computed from.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "apiserver/json_access.hpp"
#include "apiserver/kinds.hpp"
#include "base/names.hpp"

namespace metallb::apiserver {

using ObjectPointer = std::shared_ptr<const json::object>;
using Objects = std::map<ObjectKey, ObjectPointer>;

/// A change of one object. `after` is null for a deletion; `before` is null for a creation.
struct Event {
  std::uint64_t version = 0;
  const Kind* kind = nullptr;
  ObjectKey key;
  ObjectPointer before;
  ObjectPointer after;
};

/// Where an object is kept.
struct Place {
  const Kind* kind = nullptr;
  ObjectKey key;
  friend auto operator<=>(const Place&, const Place&) = default;
};

class Store {
 public:
  /// Versions count up from `first_version`; the newest `window` changes are remembered.
  Store(std::uint64_t first_version, std::size_t window) : version_(first_version), floor_(first_version), window_(window) {}

  /// The version of the newest change.
  [[nodiscard]] std::uint64_t version() const { return version_; }
  /// Changes after this version are still known.
  [[nodiscard]] std::uint64_t floor() const { return floor_; }

  [[nodiscard]] const Objects& objects(const Kind& kind) const;
  [[nodiscard]] ObjectPointer get(const Kind& kind, const ObjectKey& key) const;
  /// As objects(kind), as it was at `version`. Absent when that is before floor() or after version().
  [[nodiscard]] std::expected<Objects, std::monostate> objects_at(const Kind& kind, std::uint64_t version) const;
  /// Objects whose metadata.ownerReferences name `uid`.
  [[nodiscard]] std::vector<Place> dependents(const std::string& uid) const;
  /// True while an object with this uid is kept.
  [[nodiscard]] bool has_uid(const std::string& uid) const { return uids_.contains(uid); }

  /// Adds or replaces; stamps metadata.resourceVersion and returns what is now kept. `object` has its metadata.
  ObjectPointer put(const Kind& kind, const ObjectKey& key, json::object object);
  /// Returns the object as deletion events show it (with the deletion's version), or null when there is none.
  ObjectPointer remove(const Kind& kind, const ObjectKey& key);

  /// Takes over an object of an earlier life of the server as it was, version included. It is no change: no watch hears of
  /// it.
  void restore(const Kind& kind, const ObjectKey& key, json::object object);
  /// Versions go on from here; nothing before is remembered.
  void resume_at(std::uint64_t version) { version_ = floor_ = version; }

  /// The changes after `version`, oldest first; `version` is at least floor().
  [[nodiscard]] std::vector<Event> events_after(std::uint64_t version) const;
  /// The changes since the last call, whether or not the window remembers them.
  [[nodiscard]] std::vector<Event> take_new_events();

 private:
  void record(const Kind& kind, const ObjectKey& key, ObjectPointer before, ObjectPointer after);
  void index(const Place& place, const json::object& object, bool add);

  std::uint64_t version_;
  std::uint64_t floor_;
  std::size_t window_;
  std::map<const Kind*, Objects> objects_;
  std::deque<Event> events_;
  std::vector<Event> new_events_;
  std::unordered_map<std::string, Place> uids_;
  std::unordered_map<std::string, std::set<Place>> dependents_;
};

/// The object with another metadata.resourceVersion.
[[nodiscard]] json::object with_version(const json::object& object, std::uint64_t version);

}  // namespace metallb::apiserver
