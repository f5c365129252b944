// The newest known object per key, as a core keeps it, with optional indexes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "kube/change.hpp"

namespace metallb::kube {

template <class T>
class Store {
 public:
  using Pointer = std::shared_ptr<const T>;
  /// Yields the index values of an object, for example the Service that an EndpointSlice belongs to.
  using Indexer = std::function<std::vector<std::string>(const T&)>;

  Store() = default;
  explicit Store(Indexer indexer) : indexer_(std::move(indexer)) {}

  /// Applies what the watch says. Returns the object as it was before (null when new or already known to be gone).
  /// While an own write awaits its echo, other states from the watch are held back (see apply_write). A relist settles
  /// what was held back, so after Listed any object may have changed: look at all of them again.
  Pointer apply(const Change<T>& change) {
    return std::visit(
        [this](const auto& c) -> Pointer {
          using C = std::decay_t<decltype(c)>;
          if constexpr (std::is_same_v<C, Upserted<T>>) {
            return upsert(c.object);
          } else if constexpr (std::is_same_v<C, Removed<T>>) {
            return remove(c.key);
          } else {
            listed_ = true;
            stop_awaiting();
            return nullptr;
          }
        },
        change);
  }

  /// Takes the server's answer to an own write as the newest state at once. Resource versions compare for equality only,
  /// so states from the watch are older until the very version of the answer, a deletion or a relist comes by.
  void apply_write(Pointer object) {
    const auto key = object->metadata.key();
    const auto known = objects_.find(key);
    // The echo overtook the answer, or the object was deleted meanwhile: the watch knows better.
    if (known == objects_.end() || known->second->metadata.uid != object->metadata.uid) return;
    if (known->second->metadata.resourceVersion == object->metadata.resourceVersion) return;
    awaited_echo_[key] = {.version = object->metadata.resourceVersion, .ignored = nullptr};
    put(key, std::move(object));
  }

  [[nodiscard]] Pointer get(const ObjectKey& key) const {
    const auto found = objects_.find(key);
    return found == objects_.end() ? nullptr : found->second;
  }
  /// True once the first full list has arrived.
  [[nodiscard]] bool listed() const { return listed_; }
  /// Ordered by key, so that every pass over it is deterministic.
  [[nodiscard]] const std::map<ObjectKey, Pointer>& objects() const { return objects_; }
  [[nodiscard]] std::size_t size() const { return objects_.size(); }

  /// Objects whose indexer yielded `value`, ordered by key.
  [[nodiscard]] std::vector<Pointer> by_index(const std::string& value) const {
    std::vector<Pointer> out;
    if (const auto found = index_.find(value); found != index_.end()) {
      for (const auto& key : found->second) out.push_back(objects_.at(key));
    }
    return out;
  }

 private:
  Pointer upsert(const Pointer& object) {
    const auto key = object->metadata.key();
    if (const auto awaited = awaited_echo_.find(key); awaited != awaited_echo_.end()) {
      // Of another uid: deleted and created again, in a gap of the watch. The object that was written to is no more.
      const bool same = get(key)->metadata.uid == object->metadata.uid;
      if (same && awaited->second.version != object->metadata.resourceVersion) {
        awaited->second.ignored = object;
        return get(key);
      }
      awaited_echo_.erase(awaited);
    }
    return put(key, object);
  }

  Pointer put(const ObjectKey& key, Pointer object) {
    auto& slot = objects_[key];
    auto before = std::exchange(slot, std::move(object));
    if (indexer_) {
      if (before) unindex(key, *before);
      for (auto& value : indexer_(*slot)) index_[value].insert(key);
    }
    return before;
  }

  /// After a relist the watch is right again. What it said while an echo was awaited is no longer older than the write:
  /// somebody else may have written while the watch was cut, and then the echo never comes.
  void stop_awaiting() {
    for (auto& [key, awaited] : std::exchange(awaited_echo_, {})) {
      if (awaited.ignored) put(key, std::move(awaited.ignored));
    }
  }

  Pointer remove(const ObjectKey& key) {
    awaited_echo_.erase(key);
    const auto found = objects_.find(key);
    if (found == objects_.end()) return nullptr;
    auto before = std::move(found->second);
    objects_.erase(found);
    if (indexer_) unindex(key, *before);
    return before;
  }

  void unindex(const ObjectKey& key, const T& object) {
    for (const auto& value : indexer_(object)) {
      const auto found = index_.find(value);
      if (found == index_.end()) continue;
      found->second.erase(key);
      if (found->second.empty()) index_.erase(found);
    }
  }

  /// An own write that the watch has not shown yet.
  struct AwaitedEcho {
    std::string version;
    Pointer ignored;  ///< the newest state that was held back meanwhile
  };

  std::map<ObjectKey, Pointer> objects_;
  std::unordered_map<ObjectKey, AwaitedEcho> awaited_echo_;
  Indexer indexer_;
  std::unordered_map<std::string, std::set<ObjectKey>> index_;
  bool listed_ = false;
};

}  // namespace metallb::kube
