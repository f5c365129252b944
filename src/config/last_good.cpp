#include "config/last_good.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "base/contract.hpp"
#include "config/alike.hpp"
#include "kube/resource.hpp"

namespace metallb::config {
namespace {

/// An object, and how far it has stepped back.
template <class T>
struct Item {
  enum class Level : std::uint8_t { kNewest, kGood, kNone };

  std::shared_ptr<const T> newest;  ///< null: deleted
  std::shared_ptr<const T> good;    ///< null: it never was in force
  Level level = Level::kNewest;

  [[nodiscard]] const T* version() const {
    return level == Level::kNewest ? newest.get() : level == Level::kGood ? good.get() : nullptr;
  }
  /// It could be what disturbs the peace: new, changed or deleted since all was well, and not yet stepped back.
  [[nodiscard]] bool recent() const { return level == Level::kNewest && (!good || !newest || !alike(*newest, *good)); }
  /// False when there is nothing to step back to.
  bool step_back() {
    if (level == Level::kNone) return false;
    level = recent() && good ? Level::kGood : Level::kNone;
    return true;
  }
};

template <class T>
using Items = std::map<ObjectKey, Item<T>>;
using AllItems = std::tuple<Items<kube::BFDProfile>, Items<kube::BGPPeer>, Items<kube::Secret>, Items<kube::Community>,
                            Items<kube::IPAddressPool>, Items<kube::L2Advertisement>, Items<kube::BGPAdvertisement>>;

template <class T>
Objects<T>& objects_of(Resources& resources) {
  if constexpr (std::is_same_v<T, kube::BFDProfile>) return resources.bfd_profiles;
  if constexpr (std::is_same_v<T, kube::BGPPeer>) return resources.bgp_peers;
  if constexpr (std::is_same_v<T, kube::Secret>) return resources.secrets;
  if constexpr (std::is_same_v<T, kube::Community>) return resources.communities;
  if constexpr (std::is_same_v<T, kube::IPAddressPool>) return resources.pools;
  if constexpr (std::is_same_v<T, kube::L2Advertisement>) return resources.l2_advertisements;
  if constexpr (std::is_same_v<T, kube::BGPAdvertisement>) return resources.bgp_advertisements;
}

/// Calls `visit` with the items of each kind.
template <class Visit>
void each_kind(AllItems& items, Visit visit) {
  std::apply([&](auto&... kinds) { (visit(kinds), ...); }, items);
}

template <class T>
constexpr T* kind_of(const Items<T>&) {
  return nullptr;
}

bool defines(const kube::Community* object, const std::string& alias) {
  return object != nullptr && std::any_of(object->spec.communities.begin(), object->spec.communities.end(),
                                          [&](const auto& entry) { return entry.name == alias; });
}

/// Calls `visit` with the item that `party` is, if it is known; returns what that returns, or false.
template <class Visit>
bool with(AllItems& items, const Party& party, Visit visit) {
  bool out = false;
  each_kind(items, [&](auto& kind) {
    using T = std::remove_pointer_t<decltype(kind_of(kind))>;
    if (kube::resource_of<T>().kind != party.kind) return;
    if (const auto found = kind.find(party.key); found != kind.end()) out = visit(found->second);
  });
  return out;
}

/// Names the Community behind an alias (see Party): the one that defines it, or did when all was well.
Party resolved(AllItems& items, const ConfigError& error) {
  auto out = *error.other;
  if (out.kind != kube::resource_of<kube::Community>().kind) return out;
  for (const auto& [key, item] : std::get<Items<kube::Community>>(items)) {
    const bool concerned = defines(item.newest.get(), out.key.name) || defines(item.good.get(), out.key.name);
    if (concerned && !(error.kind == out.kind && error.key == key)) return {out.kind, key};
  }
  return out;
}

bool recent(AllItems& items, const Party& party) {
  return with(items, party, [](const auto& item) { return item.recent(); });
}

bool step_back(AllItems& items, const Party& party) {
  return with(items, party, [](auto& item) { return item.step_back(); });
}

/// Steps back for the first conflict, and for all others that will still be there afterwards, so that a thousand of them do
/// not take as many rounds. Not those whose parties have moved, of course. And who comes back into force in a former version
/// gets along with whatever else was in force, but may put out what is recent, which settles the conflicts with that.
bool step_back_from_conflicts(AllItems& items, const std::vector<ConfigError>& errors) {
  std::set<std::pair<std::string, ObjectKey>> moved;
  bool somebody_is_back = false;
  for (const auto& error : errors) {
    METALLB_CONTRACT(error.other.has_value(), "who is wrong alone has stepped back before");
    const Party blamed{error.kind, error.key};
    auto steps = blamed;
    auto stays = resolved(items, error);
    if (!recent(items, blamed) && recent(items, stays)) std::swap(steps, stays);
    if (moved.contains({steps.kind, steps.key}) || moved.contains({stays.kind, stays.key})) continue;
    if (somebody_is_back && recent(items, stays)) continue;
    if (!step_back(items, steps)) continue;
    moved.emplace(steps.kind, steps.key);
    // The one blamed was left out already. Where it steps back to nothing, nothing changes for anybody else.
    const bool gone = steps == blamed && !with(items, steps, [](const auto& item) { return item.version() != nullptr; });
    somebody_is_back |= !gone;
  }
  return !moved.empty();
}

void tell_what_is_in_force(AllItems& items, ConfigError& error) {
  error.left_out = false;
  with(items, {error.kind, error.key}, [&](const auto& item) {
    using Level = typename std::remove_cvref_t<decltype(item)>::Level;
    error.left_out = item.level == Level::kNone;
    if (item.level == Level::kGood) error.meanwhile = "until then its former version stays in force";
    return true;
  });
  if (error.left_out) error.meanwhile = "until then it is not in force";
  if (error.meanwhile.empty() && error.other) {
    const auto other = resolved(items, error);
    error.meanwhile = "until then the former version of " + other.kind + " " + other.key.to_string() + " stays in force";
  }
}

}  // namespace

Built LastGood::build(const Resources& resources) {
  auto current = resources;
  AllItems items;
  each_kind(items, [&](auto& kind) {
    using T = std::remove_pointer_t<decltype(kind_of(kind))>;
    for (const auto& object : objects_of<T>(current)) kind[object->metadata.key()].newest = object;
    for (const auto& [key, good] : std::get<Versions<T>>(versions_)) kind[key].good = good;
  });
  const auto assemble = [&] {
    each_kind(items, [&](auto& kind) {
      using T = std::remove_pointer_t<decltype(kind_of(kind))>;
      auto& objects = objects_of<T>(current);
      objects.clear();
      for (const auto& [key, item] : kind) {
        if (item.version() != nullptr) objects.push_back(item.version() == item.newest.get() ? item.newest : item.good);
      }
    });
  };

  Built out;
  std::vector<ConfigError> told;
  std::set<std::pair<std::string, ObjectKey>> told_of;
  for (rounds_ = 1;; ++rounds_) {
    // Deleted objects are no part of it until somebody turns out to need them: their newest version is none.
    out = config::build(current);
    if (out.errors.empty()) break;
    bool moved = false;
    for (const auto& error : out.errors) {
      if (told_of.emplace(error.kind, error.key).second) told.push_back(error);
      if (!error.other) moved |= step_back(items, {error.kind, error.key});
    }
    // Conflicts later: whoever is wrong alone may have been a party to some.
    if (!moved) moved = step_back_from_conflicts(items, out.errors);
    METALLB_CONTRACT(moved, "an object with an error is one of those that were handed in");
    assemble();
  }

  for (auto& error : told) tell_what_is_in_force(items, error);
  out.errors = std::move(told);
  for (const auto& [key, item] : std::get<Items<kube::IPAddressPool>>(items)) {
    if (item.newest && item.version() == nullptr) out.config.broken_pools.insert(key.name);
  }
  each_kind(items, [&](auto& kind) {
    using T = std::remove_pointer_t<decltype(kind_of(kind))>;
    auto& versions = std::get<Versions<T>>(versions_);
    versions.clear();
    for (const auto& [key, item] : kind) {
      if (item.version() != nullptr && item.version() == item.newest.get()) {
        versions.emplace(key, item.newest);
      } else if (item.good && (item.newest || item.version() != nullptr)) {
        versions.emplace(key, item.good);
      }
    }
  });
  return out;
}

}  // namespace metallb::config
