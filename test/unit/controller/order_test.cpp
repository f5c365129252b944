// Properties over random clusters with pools of all kinds: at rest every address lies in a pool that may give it to its
// Service, and nobody has one beside somebody who may not share it; a restart changes nothing, so nobody was forgotten and
// nobody loses anything; and what is made of a cluster at the start depends on the cluster alone, not on the order in which,
// nor how often, its objects are told. Later, what the watches of the kinds tell each in its order may come in any order
// between them: all at once it makes no difference at all, and with looks in between none to those who ask for an address of
// their own. (Who asks for any address gets one of what is there when it is looked at.)
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <random>

#include "lab.hpp"

namespace metallb::controller {
namespace {

const std::string kPoolOf = "metallb.io/ip-allocated-from-pool";
const std::string kKey = "metallb.io/allow-shared-ip";

/// Makes objects and changes at random, from a seed.
class Cluster {
 public:
  explicit Cluster(unsigned seed) : random_(seed) {
    for (const char* name : {"default", "other"}) relabel(name);
    for (const char* name : {"general", "dual", "pinned", "manual"}) put_pool(name);
  }

  unsigned dice(unsigned sides) { return static_cast<unsigned>(random_() % sides); }
  template <class T>
  void shuffle(std::vector<T>& list) {
    std::shuffle(list.begin(), list.end(), random_);
  }
  template <class T>
  const T& one_of(const std::vector<T>& list) {
    return list[dice(static_cast<unsigned>(list.size()))];
  }

  void put_service(bool with_status) {
    static const std::vector<std::string> kAddresses = {"1.2.3.0", "1.2.3.2", "1.2.4.1", "1.2.5.0",
                                                        "1.2.6.1", "9.9.9.9", "1000::1"};
    static const std::vector<std::vector<std::string>> kClusterAddresses = {
        {"10.96.0.1"}, {"3000::1"}, {"10.96.0.1", "3000::1"}};
    auto object = service("s" + std::to_string(dice(8)), kClusterAddresses[std::array{0, 0, 1, 2, 2}[dice(5)]]);
    object.metadata.namespace_ = dice(3) == 0 ? "other" : "default";
    if (const auto found = lab.api.services().find(object.metadata.key()); found != lab.api.services().end()) {
      object.metadata.annotations = found->second.metadata.annotations;
      object.status = found->second.status;
    }
    if (object.spec.clusterIPs.size() > 1)
      object.spec.ipFamilyPolicy = dice(2) == 0 ? "PreferDualStack" : "RequireDualStack";
    for (const char* key : {"metallb.io/loadBalancerIPs", "metallb.io/address-pool"}) object.metadata.annotations.erase(key);
    object.metadata.annotations.erase(kKey);
    const auto wish = dice(6);
    if (wish == 0) object.metadata.annotations["metallb.io/loadBalancerIPs"] = one_of(kAddresses);
    if (wish == 1) object.metadata.annotations["metallb.io/address-pool"] = one_of(kPools);
    if (wish > 3) object.metadata.annotations[kKey] = wish == 4 ? "x" : "y";
    if (dice(4) == 0) object.spec.externalTrafficPolicy = "Local";
    object.spec.selector["app"] = dice(4) == 0 ? "a" : "b";
    if (dice(8) == 0) object.spec.type = "ClusterIP";
    object.spec.ports[0].port = static_cast<std::int32_t>(80 + dice(3));
    if (with_status && dice(2) == 0) {
      show(object, {one_of(kAddresses).c_str()});
      if (dice(3) == 0) object.status.loadBalancer.ingress.push_back({one_of(kAddresses), ""});
    }
    lab.api.put(std::move(object));
  }
  void put_pool(const std::string& name) {
    const bool more = dice(2) == 0;
    auto object = pool(name, {name == "general"  ? more ? "1.2.3.0/30" : "1.2.3.0/31"
                              : name == "dual"   ? more ? "1.2.4.0/30" : "1.2.4.0/31"
                              : name == "pinned" ? "1.2.5.0/31"
                                                 : "1.2.6.0/31"});
    if (name == "dual") {
      if (dice(3) != 0) object.spec.addresses.emplace_back("1000::/127");
      object.spec.avoidBuggyIPs = dice(2) == 0;
    }
    if (name == "pinned") {
      object.spec.serviceAllocation = kube::ServiceAllocation{.priority = 1, .namespaceSelectors = {{{{"team", "x"}}, {}}}};
    }
    object.spec.autoAssign = name != "manual";
    lab.api.put(std::move(object));
  }
  void relabel(const std::string& name) {
    kube::Namespace object;
    object.metadata.name = name;
    if (dice(2) == 0) object.metadata.labels["team"] = "x";
    namespaces_[name] = object;
    lab.api.put(std::move(object));
  }
  /// One of a few Services, each of which asks for an address that no other one asks for, or has turned away from it.
  void put_service_with_an_address_of_its_own() {
    static const std::vector<std::string> kOwn = {"1.2.3.0", "1.2.3.1", "1.2.3.2", "1.2.4.0",
                                                  "1.2.4.3", "1.2.5.1", "1.2.6.0", "1000::1"};
    const auto which = dice(static_cast<unsigned>(kOwn.size()));
    auto object = service("s" + std::to_string(which), {kOwn[which].contains(':') ? "3000::1" : "10.96.0.1"});
    if (const auto found = lab.api.services().find(object.metadata.key()); found != lab.api.services().end()) {
      object.metadata.annotations = found->second.metadata.annotations;
      object.status = found->second.status;
    }
    object.metadata.annotations["metallb.io/loadBalancerIPs"] = kOwn[which];
    if (dice(5) == 0) object.spec.type = "ClusterIP";
    object.spec.ports[0].port = static_cast<std::int32_t>(80 + dice(3));
    lab.api.put(std::move(object));
  }
  void change_around_own_addresses() {
    const auto what = dice(10);
    if (what < 3) return put_pool(one_of(kPools));
    if (what == 3) return relabel("default");
    if (what == 4 && !lab.api.services().empty()) {
      const auto key = lab.api.services().begin()->first;
      return lab.api.remove_service(key);
    }
    put_service_with_an_address_of_its_own();
  }
  /// Anything that a user may do.
  void change() {
    const auto what = dice(12);
    if (what == 0) return put_pool(one_of(kPools));
    if (what == 1) return relabel(dice(2) == 0 ? "default" : "other");
    if (what == 2) {
      if (lab.api.services().empty()) return;
      const auto key = lab.api.services().begin()->first;
      lab.api.remove_service(key);
      return;
    }
    put_service(false);
  }

  [[nodiscard]] std::string outcome() const {
    std::string out;
    for (const auto& [key, object] : lab.api.services()) out += key.to_string() + "=" + shown(object) + " ";
    return out;
  }

  /// What must hold at rest.
  void check() {
    std::map<std::string, std::vector<const kube::Service*>> users;
    for (const auto& [key, object] : lab.api.services()) {
      const auto& ingress = object.status.loadBalancer.ingress;
      RC_ASSERT(object.metadata.annotations.contains(kPoolOf) == !ingress.empty());
      if (ingress.empty()) continue;
      const auto& name = object.metadata.annotations.at(kPoolOf);
      const auto& spec = lab.api.pool(pool_key(name)).spec;
      for (const auto& entry : ingress) {
        users[entry.ip].push_back(&object);
        const auto address = *IpAddress::parse(entry.ip);
        RC_ASSERT(std::any_of(spec.addresses.begin(), spec.addresses.end(),
                              [&](const auto& text) { return IpPrefix::parse(text)->contains(address); }));
        RC_ASSERT(!(spec.avoidBuggyIPs && entry.ip == "1.2.4.0"));
      }
      if (name == "pinned") RC_ASSERT(namespaces_.at(key.namespace_).metadata.labels.contains("team"));
    }
    for (const auto& [address, services] : users) {
      std::set<std::int32_t> ports;
      for (const auto* user : services) {
        RC_ASSERT(ports.insert(user->spec.ports[0].port).second);
        if (services.size() == 1) continue;
        RC_ASSERT(user->metadata.annotations.contains(kKey));
        RC_ASSERT(user->metadata.annotations.at(kKey) == services[0]->metadata.annotations.at(kKey));
        RC_ASSERT(user->spec.externalTrafficPolicy == services[0]->spec.externalTrafficPolicy);
        if (user->spec.externalTrafficPolicy != "Local") continue;
        // The same backends: equal selectors in two namespaces are not (controller spec 8.1).
        RC_ASSERT(user->metadata.namespace_ == services[0]->metadata.namespace_);
        RC_ASSERT(user->spec.selector == services[0]->spec.selector);
      }
    }
  }

  Lab lab;

 private:
  static inline const std::vector<std::string> kPools = {"general", "dual", "pinned", "manual"};
  std::minstd_rand random_;
  std::map<std::string, kube::Namespace> namespaces_;
};

bool ends_a_list(const Input& input) {
  return std::visit(
      [](const auto& change) {
        if constexpr (requires { change.valueless_by_exception(); }) return change.index() == 2;
        return false;
      },
      input);
}

/// The inputs with the ends of the lists last: each after all of its kind.
std::vector<Input> in_any_order(std::vector<Input> inputs, Cluster& cluster) {
  std::vector<Input> ends;
  for (const auto& input : inputs) {
    if (ends_a_list(input)) ends.push_back(input);
  }
  std::erase_if(inputs, ends_a_list);
  // Some are told twice, and of some Services an older state comes first.
  for (auto i = inputs.size(); i-- > 0;) {
    if (cluster.dice(3) == 0) inputs.push_back(inputs[i]);
  }
  cluster.shuffle(inputs);
  std::vector<Input> out;
  for (const auto& input : inputs) {
    const auto* change = std::get_if<kube::Change<kube::Service>>(&input);
    if (change != nullptr && cluster.dice(3) == 0) {
      auto older = *std::get<kube::Upserted<kube::Service>>(*change).object;
      older.metadata.resourceVersion = "0";
      show(older, {"1.2.3.0"});
      out.emplace_back(
          kube::Change<kube::Service>(kube::Upserted<kube::Service>{std::make_shared<const kube::Service>(older)}));
    }
    out.push_back(input);
  }
  cluster.shuffle(ends);
  out.insert(out.end(), ends.begin(), ends.end());
  return out;
}

TEST(Order, TheOrderInWhichObjectsAreListedDecidesNothing) {
  EXPECT_TRUE(rc::check([](unsigned seed, unsigned order) {
    const auto outcome = [&](bool shuffled) {
      Cluster cluster(seed);
      for (int i = 0; i < 10; ++i) cluster.put_service(true);
      auto inputs = cluster.lab.api.list();
      Cluster chance(order);
      if (shuffled) inputs = in_any_order(std::move(inputs), chance);
      for (const auto& input : inputs) {
        cluster.lab.feed(input);
        if (shuffled && chance.dice(3) == 0) cluster.lab.turn();
      }
      cluster.lab.settle();
      cluster.check();
      return cluster.outcome();
    };
    RC_ASSERT(outcome(true) == outcome(false));
  }));
}

/// Tells what the watches have: of each kind in its order, between the kinds as `chance` will have it. Nothing is written
/// meanwhile; the controller looks at what it was told now and then, or not at all.
void tell_in_some_order(Cluster& cluster, Cluster& chance, bool looks) {
  auto& lab = cluster.lab;
  auto& watch = lab.api.watch();
  while (!watch.empty()) {
    const auto kind = watch[chance.dice(static_cast<unsigned>(watch.size()))].index();
    const auto at = std::find_if(watch.begin(), watch.end(), [&](const Input& i) { return i.index() == kind; });
    const auto input = *at;
    watch.erase(at);
    lab.feed(input);
    if (looks && chance.dice(2) == 0) lab.turn();
  }
}

TEST(Order, WhatTheKindsTellBetweenTwoLooksMayComeInAnyOrder) {
  EXPECT_TRUE(rc::check([](unsigned seed, unsigned order) {
    const auto outcome = [&](unsigned interleaving) {
      Cluster cluster(seed);
      for (int i = 0; i < 5; ++i) cluster.put_service(true);
      for (const auto& input : cluster.lab.api.list()) cluster.lab.feed(input);
      // Decisions have been made, and their writes are held back.
      for (auto turns = cluster.dice(4); turns > 0; --turns) cluster.lab.turn();
      for (int i = 0; i < 12; ++i) cluster.change();
      Cluster chance(interleaving);
      tell_in_some_order(cluster, chance, false);
      cluster.lab.settle();
      cluster.check();
      return cluster.outcome();
    };
    RC_ASSERT(outcome(order) == outcome(order + 1));
  }));
}

TEST(Order, WhoAsksForAnAddressOfItsOwnGetsItInWhateverOrderThingsAreTold) {
  EXPECT_TRUE(rc::check([](unsigned seed, unsigned order) {
    const auto outcome = [&](unsigned interleaving) {
      Cluster cluster(seed);
      for (int i = 0; i < 5; ++i) cluster.put_service_with_an_address_of_its_own();
      cluster.lab.start();
      for (int i = 0; i < 12; ++i) cluster.change_around_own_addresses();
      Cluster chance(interleaving);
      tell_in_some_order(cluster, chance, true);
      cluster.lab.settle();
      cluster.check();
      return cluster.outcome();
    };
    RC_ASSERT(outcome(order) == outcome(order + 1));
  }));
}

TEST(Order, AtRestEverythingIsInOrderAndARestartChangesNothing) {
  EXPECT_TRUE(rc::check([](unsigned seed) {
    Cluster cluster(seed);
    auto& lab = cluster.lab;
    lab.start();
    for (int round = 0; round < 6; ++round) {
      for (auto changes = 1 + cluster.dice(6); changes > 0; --changes) cluster.change();
      // Each kind has a watch of its own: any may be ahead of the others. Some changes are told twice.
      auto& watch = lab.api.watch();
      while (!watch.empty()) {
        const auto kind = watch[cluster.dice(static_cast<unsigned>(watch.size()))].index();
        const auto at = std::find_if(watch.begin(), watch.end(), [&](const Input& i) { return i.index() == kind; });
        const auto input = *at;
        watch.erase(at);
        lab.feed(input);
        if (cluster.dice(4) == 0) lab.feed(input);
        if (cluster.dice(3) == 0) lab.turn();
      }
      lab.settle();
      cluster.check();
      const auto before = cluster.outcome();
      const auto changed = lab.api.service_writes.changed;
      if (cluster.dice(2) == 0) {
        lab.restart();
      } else {  // the watch was cut, and begins anew with a list
        for (const auto& input : lab.api.list()) lab.feed(input);
        lab.settle();
      }
      RC_ASSERT(cluster.outcome() == before);
      RC_ASSERT(lab.api.service_writes.changed == changed);
    }
  }));
}

}  // namespace
}  // namespace metallb::controller
