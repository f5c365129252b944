#include "admission/advice.hpp"

#include <algorithm>

#include "config/advertisement_scope.hpp"
#include "config/problem.hpp"

namespace metallb::admission {
namespace {

using Texts = std::vector<std::string>;

template <class T>
bool exists(const config::Objects<T>& objects, const std::string& name) {
  return std::any_of(objects.begin(), objects.end(), [&](const auto& o) { return o->metadata.name == name; });
}

template <class T>
void tell_missing(const std::string& field, const std::vector<std::string>& names, const char* kind,
                  const config::Objects<T>& objects, Texts& out) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (exists(objects, names[i])) continue;
    out.push_back(config::element(field, i) + ": there is no " + kind + " " + config::quoted(names[i]) +
                  " (yet): check the name, or create it");
  }
}

/// Nothing is said where the selectors mean nothing: that is an error, and told as such.
template <class Spec>
void advise_on_pools(const Spec& spec, const config::Resources& resources, Texts& out) {
  if (resources.pools.empty()) {
    out.emplace_back("there is no IPAddressPool (yet), so this advertises nothing: create one");
    return;
  }
  tell_missing("spec.ipAddressPools", spec.ipAddressPools, "IPAddressPool", resources.pools, out);
  if (spec.ipAddressPoolSelectors.empty()) return;
  auto selected = spec;
  selected.ipAddressPools.clear();
  const auto scope = config::resolve_scope(selected, {});
  if (!scope) return;
  const auto included = [&](const auto& pool) { return scope->includes(*pool); };
  if (std::none_of(resources.pools.begin(), resources.pools.end(), included)) {
    out.emplace_back("spec.ipAddressPoolSelectors: no IPAddressPool has such labels (yet): check the labels of the pools");
  }
}

template <class T>
bool advertised_by(const config::Objects<T>& advertisements, const kube::IPAddressPool& pool) {
  return std::any_of(advertisements.begin(), advertisements.end(), [&](const auto& advertisement) {
    const auto scope = config::resolve_scope(advertisement->spec, {});
    return scope && scope->includes(pool);
  });
}

struct Adviser {
  const config::Resources& resources;
  Texts out;

  void operator()(const std::shared_ptr<const kube::IPAddressPool>& pool) {
    if (advertised_by(resources.l2_advertisements, *pool) || advertised_by(resources.bgp_advertisements, *pool)) return;
    out.push_back("no L2Advertisement or BGPAdvertisement includes IPAddressPool " + config::quoted(pool->metadata.name) +
                  " (yet): its addresses are assigned, but nobody announces them until one does");
  }
  void operator()(const std::shared_ptr<const kube::L2Advertisement>& object) {
    advise_on_pools(object->spec, resources, out);
  }
  void operator()(const std::shared_ptr<const kube::BGPAdvertisement>& object) {
    advise_on_pools(object->spec, resources, out);
    if (resources.bgp_peers.empty()) {
      out.emplace_back("there is no BGPPeer (yet), so nobody is told: create one");
    } else {
      tell_missing("spec.peers", object->spec.peers, "BGPPeer", resources.bgp_peers, out);
    }
  }
  void operator()(const std::shared_ptr<const kube::BGPPeer>& peer) {
    if (peer->spec.disableMP) {
      out.emplace_back(
          "spec.disableMP: disable mp is deprecated and has no effect: remove it, or see dualStackAddressFamily");
    }
  }
  void operator()(const auto&) {}
};

}  // namespace

std::vector<std::string> advice_on(const Object& object, const config::Resources& resources) {
  Adviser adviser{.resources = resources, .out = {}};
  std::visit(adviser, object);
  return std::move(adviser.out);
}

}  // namespace metallb::admission
