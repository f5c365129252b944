// What stays in force while an object is wrong: its last version without an error.
//
// One object with an error does not hold up the others (controller spec 8.1, rows 21 and 22). Where two are in conflict, or
// one misses another, the one that changed since all was well steps back: a pool that grows into another pool, a profile
// that was deleted while peers name it. Where neither did, or nothing is remembered because this process has just begun, it
// is the younger one, as build() has it. So a change can only fail to take effect; it takes nothing away from what works.
//
// In:   the objects of the cluster, as for build().
// Out:  the configuration in force, and an error per object that is not in force as it is in the cluster; where that one
//       cannot be told (it was deleted, say), on those that refer to it.
// Thread: its owner's. It knows no time.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "config/build.hpp"

namespace metallb::config {

class LastGood {
 public:
  /// Never fails as a whole. The remedy of each error is followed by what is in force in the meantime.
  [[nodiscard]] Built build(const Resources& resources);
  /// How often the last build() put the objects together: each time costs about the same.
  [[nodiscard]] int rounds() const { return rounds_; }

 private:
  template <class T>
  using Versions = std::map<ObjectKey, std::shared_ptr<const T>>;

  /// The versions that were in force, of objects that are there or are still needed.
  std::tuple<Versions<kube::BFDProfile>, Versions<kube::BGPPeer>, Versions<kube::Secret>, Versions<kube::Community>,
             Versions<kube::IPAddressPool>, Versions<kube::L2Advertisement>, Versions<kube::BGPAdvertisement>>
      versions_;
  int rounds_ = 0;
};

}  // namespace metallb::config
