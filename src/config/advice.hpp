// What is not wrong, but may not do what its author means: names that lead nowhere yet, pools that nobody announces, objects
// where nobody looks, fields without effect. Each is a warning, never an error, since the missing half may be the next
// object of the same file.
//
// In:   the objects, as for build(). Out: sentences for whoever wrote the object, without its name.
// Admission asks about the object that comes in, Advisor about all that are there. Pure functions of the objects.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "config/build.hpp"
#include "kube/selector.hpp"

namespace metallb::config {

class Advice {
 public:
  using Texts = std::vector<std::string>;

  /// Of `resources` it looks at pools, advertisements and peers. They must outlive it.
  explicit Advice(const Resources& resources);

  /// Whether anybody announces it. Needs all advertisements of both kinds.
  [[nodiscard]] Texts on_pool(const kube::IPAddressPool& pool) const;
  /// Whether its pools exist, for the specs of both kinds of advertisements. Needs all pools.
  template <class Spec>
  [[nodiscard]] Texts on_pools_of(const Spec& advertisement) const;
  /// Whether its peers exist. Needs all peers.
  [[nodiscard]] Texts on_peers_of(const kube::BGPAdvertisementSpec& advertisement) const;

 private:
  template <class T>
  void take(const Objects<T>& advertisements);

  const Objects<kube::IPAddressPool>& pools_;
  std::set<std::string> pool_names_;
  std::set<std::string> peer_names_;
  // What the advertisements are about, all of them together.
  bool every_pool_ = false;
  std::set<std::string> advertised_names_;
  std::vector<kube::Selector> advertised_selectors_;
};

/// On fields of the object alone. Entries of a pool that cannot be read are an error, and passed over here.
[[nodiscard]] Advice::Texts advice_on_fields(const kube::IPAddressPoolSpec& pool);
[[nodiscard]] Advice::Texts advice_on_fields(const kube::BGPPeerSpec& peer);

/// On an object that is not in MetalLB's namespace `namespace_`.
[[nodiscard]] std::string advice_elsewhere(const std::string& namespace_);

}  // namespace metallb::config
