// What the cluster is made of: the kinds, the store, the Services' addresses and ports, and the making of uids and names.
// Every change of an object passes through put() or remove() here.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "apiserver/services/allocation.hpp"
#include "apiserver/store.hpp"
#include "base/random.hpp"
#include "base/time.hpp"

namespace metallb::apiserver {

class Registry {
 public:
  Registry(std::uint64_t seed, std::size_t watch_window, AllocationRanges ranges);

  [[nodiscard]] const Store& store() const { return store_; }
  [[nodiscard]] const Catalogue& kinds() const { return kinds_; }
  [[nodiscard]] ServiceAllocation& services() { return services_; }
  [[nodiscard]] std::vector<Event> take_new_events() { return store_.take_new_events(); }

  ObjectPointer put(const Kind& kind, const ObjectKey& key, json::object object);
  ObjectPointer remove(const Kind& kind, const ObjectKey& key);

  /// As Store's; a Service keeps its addresses and ports.
  void restore(const Kind& kind, const ObjectKey& key, json::object object);
  void resume_at(std::uint64_t version) { store_.resume_at(version); }

  /// Whether definitions of kinds were written or removed since the last call (definitions/establish takes them up).
  [[nodiscard]] bool take_definitions_changed() { return std::exchange(definitions_changed_, false); }
  void define(std::shared_ptr<const Definition> definition) { kinds_.define(std::move(definition)); }
  /// Kinds whose definition is gone are served no more.
  void withdraw_undefined();

  /// A random (version 4) UUID, RFC 4122.
  [[nodiscard]] std::string make_uid();
  /// `prefix` and five characters that make no words, not yet taken.
  [[nodiscard]] std::string make_name(const Kind& kind, const std::string& namespace_, std::string prefix);

 private:
  Catalogue kinds_;
  Store store_;
  ServiceAllocation services_;
  Random random_;
  bool definitions_changed_ = false;
};

/// Shorthands for the kinds that the server itself deals with.
[[nodiscard]] const Kind& namespace_kind();
[[nodiscard]] const Kind& service_kind();
[[nodiscard]] const Kind& event_kind();
[[nodiscard]] const Kind& definition_kind();

}  // namespace metallb::apiserver
