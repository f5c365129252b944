#include "config/advice.hpp"

#include <algorithm>
#include <array>

#include "config/address_entry.hpp"
#include "config/advertisement_scope.hpp"
#include "config/problem.hpp"

namespace metallb::config {
namespace {

/// So many names that lead nowhere, or entries of a pool, are told of a list, and how many there are besides: who wrote them
/// sees the pattern.
constexpr std::size_t kMostNames = 5;

/// Addresses that no client can have a connection to, whoever announces them (RFC 6890, RFC 1112, RFC 919; RFC 4291).
struct Unusable {
  const char* network;
  const char* what;
};
constexpr std::array kUnusable{Unusable{"0.0.0.0/8", "addresses of \"this network\""},
                               Unusable{"127.0.0.0/8", "loopback addresses"},
                               Unusable{"169.254.0.0/16", "link-local addresses"},
                               Unusable{"224.0.0.0/4", "multicast addresses"},
                               Unusable{"255.255.255.255/32", "the broadcast address"},
                               Unusable{"::/128", "the unspecified address"},
                               Unusable{"::1/128", "the loopback address"},
                               Unusable{"fe80::/10", "link-local addresses"},
                               Unusable{"ff00::/8", "multicast addresses"}};

template <class T>
std::set<std::string> names_of(const Objects<T>& objects) {
  std::set<std::string> out;
  for (const auto& object : objects) out.insert(object->metadata.name);
  return out;
}

void tell_missing(const std::string& field, const std::vector<std::string>& names, const char* kind,
                  const std::set<std::string>& known, Advice::Texts& out) {
  std::size_t missing = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (known.contains(names[i]) || ++missing > kMostNames) continue;
    out.push_back(element(field, i) + ": there is no " + kind + " " + quoted(names[i]) +
                  " (yet): check the name, or create it");
  }
  if (missing <= kMostNames) return;
  out.push_back(field + ": there is no " + kind + " (yet) for " + std::to_string(missing - kMostNames) +
                " more of the names");
}

}  // namespace

Advice::Advice(const Resources& resources)
    : pools_(resources.pools), pool_names_(names_of(resources.pools)), peer_names_(names_of(resources.bgp_peers)) {
  take(resources.l2_advertisements);
  take(resources.bgp_advertisements);
}

template <class T>
void Advice::take(const Objects<T>& advertisements) {
  for (const auto& advertisement : advertisements) {
    auto scope = resolve_scope(advertisement->spec, {});
    // What it is about is not known where its selectors mean nothing; that is an error, and told as such.
    every_pool_ |= !scope || (scope->pool_names.empty() && scope->pool_selectors.empty());
    if (every_pool_) return;
    advertised_names_.merge(scope->pool_names);
    for (auto& selector : scope->pool_selectors) advertised_selectors_.push_back(std::move(selector));
  }
}

Advice::Texts Advice::on_pool(const kube::IPAddressPool& pool) const {
  if (every_pool_ || advertised_names_.contains(pool.metadata.name) ||
      kube::any_matches(advertised_selectors_, pool.metadata.labels)) {
    return {};
  }
  return {"no L2Advertisement or BGPAdvertisement includes IPAddressPool " + quoted(pool.metadata.name) +
          " (yet): its addresses are assigned, but nobody announces them until one does"};
}

template <class Spec>
Advice::Texts Advice::on_pools_of(const Spec& advertisement) const {
  if (pools_.empty()) return {"there is no IPAddressPool (yet), so this advertises nothing: create one"};
  Texts out;
  tell_missing("spec.ipAddressPools", advertisement.ipAddressPools, "IPAddressPool", pool_names_, out);
  if (advertisement.ipAddressPoolSelectors.empty()) return out;
  auto selected = advertisement;
  selected.ipAddressPools.clear();
  const auto scope = resolve_scope(selected, {});
  if (!scope) return out;
  if (std::none_of(pools_.begin(), pools_.end(), [&](const auto& pool) { return scope->includes(*pool); })) {
    out.emplace_back("spec.ipAddressPoolSelectors: no IPAddressPool has such labels (yet): check the labels of the pools");
  }
  return out;
}

template Advice::Texts Advice::on_pools_of(const kube::L2AdvertisementSpec&) const;
template Advice::Texts Advice::on_pools_of(const kube::BGPAdvertisementSpec&) const;

Advice::Texts Advice::on_peers_of(const kube::BGPAdvertisementSpec& advertisement) const {
  if (peer_names_.empty()) return {"there is no BGPPeer (yet), so nobody is told: create one"};
  Texts out;
  tell_missing("spec.peers", advertisement.peers, "BGPPeer", peer_names_, out);
  return out;
}

Advice::Texts advice_on_fields(const kube::IPAddressPoolSpec& pool) {
  Advice::Texts out;
  std::size_t found = 0;
  for (std::size_t i = 0; i < pool.addresses.size(); ++i) {
    const auto entry = parse_address_entry(pool.addresses[i]);
    if (!entry) continue;
    for (const auto& unusable : kUnusable) {
      const auto network = *IpPrefix::parse(unusable.network);
      if (std::none_of(entry->begin(), entry->end(), [&](const auto& prefix) { return prefix.overlaps(network); })) continue;
      if (++found > kMostNames) continue;
      out.push_back(element("spec.addresses", i) + ": " + quoted(pool.addresses[i]) + " has " + unusable.what + " (" +
                    unusable.network +
                    "), which are assigned, but which no client can reach: use addresses of your network");
    }
  }
  if (found > kMostNames)
    out.push_back("spec.addresses: the same is true of " + std::to_string(found - kMostNames) + " more");
  return out;
}

Advice::Texts advice_on_fields(const kube::BGPPeerSpec& peer) {
  if (!peer.disableMP) return {};
  return {"spec.disableMP: disable mp is deprecated and has no effect: remove it, or see dualStackAddressFamily"};
}

std::string advice_elsewhere(const std::string& namespace_) {
  return "has no effect, since only those in " + namespace_ + " are looked at: create it there";
}

}  // namespace metallb::config
