// "A change can only fail to take effect; it takes nothing away from what works" (config/last_good.hpp), over random edits.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>

#include "config/last_good.hpp"
#include "fixtures.hpp"

namespace metallb::config {
namespace {

/// What may be written into a pool: ranges that overlap each other in many ways, and mistakes.
const std::vector<std::vector<std::string>> kAddresses = {
    {"10.0.0.0/30"},
    {"10.0.0.4/30"},
    {"10.0.0.8/30"},
    {"10.0.0.0/29"},
    {"10.0.0.8/29"},
    {"10.0.0.0/28"},
    {"10.0.0.2/31"},
    {"10.0.0.6/31"},
    {"10.0.0.12/30"},
    {"10.0.0.3-10.0.0.9"},
    {"nonsense"},
    {},
    {"10.0.0.0/31", "10.0.0.14/31"},
    {"10.0.0.4/31", "10.0.0.10/31"},
    {"10.0.0.0/30", "10.0.0.1/32"},
};
constexpr int kPeerVersions = 24;

std::shared_ptr<kube::BGPPeer> peer_version(const std::string& name, int version) {
  auto out = peer(name);
  out->spec.myASN = version == 0 ? 0 : 64'512 + version;  // by which it is known again; none is a mistake
  out->spec.peerAddress = "192.0.2." + std::to_string(1 + version % 3);
  if (version % 4 > 1) out->spec.bfdProfile = version % 4 == 2 ? "fast" : "slow";
  return out;
}

/// One object gets this version, or is deleted.
struct Edit {
  int kind = 0;  ///< 0: a pool, 1: a peer, 2: a profile
  int object = 0;
  int version = 0;
  bool deleted = false;
};
using Step = std::vector<Edit>;

rc::Gen<Step> steps() {
  return rc::gen::container<Step>(
      rc::gen::apply([](int kind, int object, int version, int fate) { return Edit{kind, object, version, fate == 0}; },
                     rc::gen::weightedElement<int>({{4, 0}, {2, 1}, {1, 2}}), rc::gen::inRange(0, 5),
                     rc::gen::inRange(0, kPeerVersions), rc::gen::inRange(0, 5)));
}

/// Name -> what is in force of it, in a form that tells versions apart.
using InForce = std::map<std::string, std::string>;

InForce in_force(const Config& config) {
  InForce out;
  for (const auto& [name, pool] : config.pools) out["pool " + name] = text(pool.prefixes);
  for (const auto& peer : config.bgp_peers) out["peer " + peer.name] = std::to_string(peer.my_asn);
  return out;
}

class Edited {
 public:
  void apply(const Edit& edit) {
    const auto name = std::string(1, static_cast<char>('a' + edit.object));
    if (edit.kind == 0) {
      set(pools_, name, edit.deleted,
          [&] { return pool(name, kAddresses[static_cast<std::size_t>(edit.version) % kAddresses.size()]); });
    } else if (edit.kind == 1) {
      set(peers_, name, edit.deleted, [&] { return peer_version(name, edit.version); });
    } else {
      const std::string profile_name = edit.object % 2 == 0 ? "fast" : "slow";
      set(profiles_, profile_name, edit.deleted,
          [&] { return profile(profile_name, {.receiveInterval = 9 + edit.version % 3}); });
    }
  }
  [[nodiscard]] Resources resources() const {
    Resources out;
    for (const auto& [name, object] : pools_) out.pools.push_back(object);
    for (const auto& [name, object] : peers_) out.bgp_peers.push_back(object);
    for (const auto& [name, object] : profiles_) out.bfd_profiles.push_back(object);
    return out;
  }
  /// Of each object that is there, as if it alone counted; empty where it is wrong by itself.
  [[nodiscard]] InForce written() const {
    InForce out;
    for (const auto& [name, object] : pools_) {
      const auto alone = strict({.pools = {object}});
      out["pool " + name] = alone ? text(alone->pools.at(name).prefixes) : "";
    }
    for (const auto& [name, object] : peers_) out["peer " + name] = std::to_string(object->spec.myASN);
    return out;
  }

 private:
  template <class Map, class Make>
  static void set(Map& objects, const std::string& name, bool deleted, Make make) {
    if (deleted) {
      objects.erase(name);
    } else {
      objects[name] = make();
    }
  }

  std::map<std::string, std::shared_ptr<kube::IPAddressPool>> pools_;
  std::map<std::string, std::shared_ptr<kube::BGPPeer>> peers_;
  std::map<std::string, std::shared_ptr<kube::BFDProfile>> profiles_;
};

/// The error stands on whoever is not in force as it is written, and on nobody else, unless a peer's profile stepped back.
void check_blame(const std::vector<ConfigError>& errors, const InForce& after, const InForce& written) {
  std::map<std::string, const ConfigError*> blamed;
  for (const auto& error : errors) {
    if (error.kind == "BFDProfile") continue;
    RC_ASSERT(blamed.emplace((error.kind == "BGPPeer" ? "peer " : "pool ") + error.key.name, &error).second);
  }
  for (const auto& [name, version] : written) {
    const auto found = after.find(name);
    const auto error = blamed.find(name);
    if (found == after.end() || found->second != version) {
      RC_ASSERT(error != blamed.end());
      RC_ASSERT(error->second->left_out == (found == after.end()));
      RC_ASSERT(error->second->meanwhile ==
                (found == after.end() ? "until then it is not in force" : "until then its former version stays in force"));
    } else if (error != blamed.end()) {
      RC_ASSERT(error->second->other.has_value());
      RC_ASSERT(error->second->other->kind == "BFDProfile");
      RC_ASSERT(!error->second->left_out);
    }
  }
}

TEST(LastGoodProperty, AChangeCanOnlyFailToTakeEffectItTakesNothingAwayFromWhatWorks) {
  EXPECT_TRUE(rc::check([] {
    LastGood last_good;
    Edited edited;
    InForce before;
    for (const auto& step : *rc::gen::resize(20, rc::gen::container<std::vector<Step>>(steps()))) {
      for (const auto& edit : step) edited.apply(edit);
      const auto written = edited.written();
      const auto built = last_good.build(edited.resources());
      const auto after = in_force(built.config);
      for (const auto& [name, version] : after) {
        RC_ASSERT(written.contains(name));  // what is deleted is gone
        const auto former = before.find(name);
        RC_ASSERT(version == written.at(name) || (former != before.end() && version == former->second));
      }
      for (const auto& [name, version] : before) RC_ASSERT(after.contains(name) || !written.contains(name));
      RC_ASSERT(after == written || !built.errors.empty());
      check_blame(built.errors, after, written);
      RC_ASSERT(last_good.build(edited.resources()).config == built.config);  // looking again changes nothing
      before = after;
    }
  }));
}

}  // namespace
}  // namespace metallb::config
