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

/// Names the Community behind an alias (see Party): the one whose change took it away, or else one that defines it.
Party resolved(AllItems& items, const ConfigError& error) {
  const auto& other = *error.other;
  if (other.kind != kube::resource_of<kube::Community>().kind) return other;
  std::optional<ObjectKey> definer;
  for (const auto& [key, item] : std::get<Items<kube::Community>>(items)) {
    if (error.kind == other.kind && error.key == key) continue;
    const bool defined = defines(item.good.get(), other.key.name);
    if (defined && item.recent()) return {other.kind, key};
    if (!definer && (defined || defines(item.newest.get(), other.key.name))) definer = key;
  }
  return definer ? Party{other.kind, *definer} : other;
}

bool recent(AllItems& items, const Party& party) {
  return with(items, party, [](const auto& item) { return item.recent(); });
}

bool step_back(AllItems& items, const Party& party) {
  return with(items, party, [](auto& item) { return item.step_back(); });
}

/// Some version of it.
bool in_force(AllItems& items, const Party& party) {
  return with(items, party, [](const auto& item) { return item.version() != nullptr; });
}

/// Whoever is, has to make way for the others of its kind.
std::set<Party> all_recent(AllItems& items) {
  std::set<Party> out;
  each_kind(items, [&](const auto& kind) {
    using T = std::remove_pointer_t<decltype(kind_of(kind))>;
    for (const auto& [key, item] : kind) {
      if (item.recent()) out.insert({std::string(kube::resource_of<T>().kind), key});
    }
  });
  return out;
}

/// What build() says of a party when the other one of the two, which it blames, stays in force.
ConfigError turned_round(const ConfigError& error) {
  auto fault = *error.of_other;
  ConfigError out;
  out.object = error.other->kind + " " + error.other->key.to_string();
  out.field = std::move(fault.field);
  out.problem = std::move(fault.problem);
  out.remedy = std::move(fault.remedy);
  out.kind = error.other->kind;
  out.key = error.other->key;
  out.other = Party{error.kind, error.key};
  return out;
}

/// Whom to tell what: each object that steps back, why it did so first. What was deleted, or is fine but for who refers to
/// it, cannot be told anything: there it is those that do.
class Told {
 public:
  void steps_back(ConfigError error) {
    const Party about{error.kind, error.key};
    const auto [at, is_new] = index_.emplace(about, entries_.size());
    if (is_new) {
      entries_.push_back({std::move(error), std::nullopt});
    } else if (entries_[at->second].missed) {
      entries_[at->second] = {std::move(error), std::nullopt};
    }
  }
  /// It goes on, because `missed` stepped back.
  void misses(const ConfigError& error, const Party& missed) {
    if (index_.emplace(Party{error.kind, error.key}, entries_.size()).second) entries_.push_back({error, missed});
  }
  /// With what is in force meanwhile.
  [[nodiscard]] std::vector<ConfigError> errors(AllItems& items) && {
    std::vector<ConfigError> out;
    for (auto& [error, missed] : entries_) {
      if (missed && index_.contains(*missed)) continue;
      error.left_out = !missed && !in_force(items, {error.kind, error.key});
      if (error.left_out) {
        error.meanwhile = "until then it is not in force";
      } else {
        const auto former =
            missed ? "the former version of " + missed->kind + " " + missed->key.to_string() : "its former version";
        error.meanwhile = "until then " + former + " stays in force";
      }
      out.push_back(std::move(error));
    }
    return out;
  }

 private:
  struct Entry {
    ConfigError error;
    std::optional<Party> missed;
  };
  std::vector<Entry> entries_;
  std::map<Party, std::size_t> index_;
};

/// Steps back for the first conflict, and for all others that will still be there afterwards, so that a thousand of them do
/// not take as many rounds. Not those whose parties have moved, of course. And who comes back into force in a former version
/// gets along with whatever else was in force, but may put out what is recent, which settles the conflicts with that.
bool step_back_from_conflicts(AllItems& items, const std::vector<ConfigError>& errors, Told& told) {
  std::set<Party> moved;
  bool somebody_is_back = false;
  for (const auto& error : errors) {
    METALLB_CONTRACT(error.other.has_value(), "who is wrong alone has stepped back before");
    const Party blamed{error.kind, error.key};
    const auto other = resolved(items, error);
    // Of one kind the recent ones are those blamed.
    const bool turned = !recent(items, blamed) && recent(items, other);
    const auto& steps = turned ? other : blamed;
    const auto& stays = turned ? blamed : other;
    if (moved.contains(other) && other.kind != blamed.kind && !error.of_other) told.misses(error, other);
    if (moved.contains(steps) || moved.contains(stays)) continue;
    if (somebody_is_back && recent(items, stays)) continue;
    if (!step_back(items, steps)) continue;
    moved.insert(steps);
    if (turned && !error.of_other) {
      told.misses(error, other);
    } else {
      told.steps_back(turned ? turned_round(error) : error);
    }
    // The one blamed was left out already. Where it steps back to nothing, nothing changes for anybody else.
    somebody_is_back |= turned || in_force(items, steps);
  }
  return !moved.empty();
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
  Told told;
  for (rounds_ = 1;; ++rounds_) {
    // Deleted objects are no part of it until somebody turns out to need them: their newest version is none.
    out = config::build(current, all_recent(items));
    if (out.errors.empty()) break;
    bool moved = false;
    for (const auto& error : out.errors) {
      if (error.other || !step_back(items, {error.kind, error.key})) continue;
      told.steps_back(error);
      moved = true;
    }
    // Conflicts later: whoever is wrong alone may have been a party to some.
    if (!moved) moved = step_back_from_conflicts(items, out.errors, told);
    METALLB_CONTRACT(moved, "an object with an error is one of those that were handed in");
    assemble();
  }

  out.errors = std::move(told).errors(items);
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
