// The custom resources, Nodes, Namespaces and passwords as known, and the validated configuration made of them. It is
// rebuilt only when something changed that can matter to it, and an object with an error never replaces its version without
// (layer2 spec 1.2, 1.4; config/last_good.hpp).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "config/last_good.hpp"
#include "kube/store.hpp"
#include "kube/write.hpp"

namespace metallb::speaker {

class Configuration {
 public:
  /// For the node `node_name`. Custom resources and Secrets of other namespaces than `namespace_` are ignored.
  Configuration(std::string namespace_, std::string node_name, Log log)
      : namespace_(std::move(namespace_)), node_name_(std::move(node_name)), log_(log) {}

  void on_change(const kube::Change<kube::IPAddressPool>& change);
  void on_change(const kube::Change<kube::L2Advertisement>& change);
  void on_change(const kube::Change<kube::BGPPeer>& change);
  void on_change(const kube::Change<kube::BGPAdvertisement>& change);
  void on_change(const kube::Change<kube::BFDProfile>& change);
  void on_change(const kube::Change<kube::Community>& change);
  /// Keeps of a Secret what a BGPPeer can use: its type, and the password of one for basic authentication.
  void on_change(const kube::Change<kube::Secret>& change);
  void on_change(const kube::Change<kube::Namespace>& change);
  /// Only labels and existence matter here; what the election needs of a Node is in speaker/nodes.hpp.
  void on_change(const kube::Change<kube::Node>& change);

  /// All kinds that the configuration needs have been listed once.
  [[nodiscard]] bool listed() const;
  /// Something changed since the last build().
  [[nodiscard]] bool due() const { return due_; }
  struct Result {
    bool changed = false;                     ///< a new configuration is in force
    std::vector<kube::EventNote> complaints;  ///< about what is wrong since this build
  };
  /// Complaints do not include those about the kinds that the controller tells of, once for all nodes.
  Result build();

  /// The one in force; null until there is one. It never changes: a newer one takes its place.
  [[nodiscard]] const std::shared_ptr<const config::Config>& current() const { return current_; }
  /// Of every object some version is in force: nothing is missing of what was announced before this process began.
  [[nodiscard]] bool whole() const;
  /// Of some object another version than the one in the cluster is in force, or none.
  [[nodiscard]] bool stale() const { return !errors_.empty(); }
  /// What is wrong with the resources in the cluster.
  [[nodiscard]] const std::vector<config::ConfigError>& errors() const { return errors_; }
  /// The resource as it is in the cluster, in force or not; null when there is none.
  [[nodiscard]] std::shared_ptr<const kube::BGPAdvertisement> bgp_advertisement(const ObjectKey& key) const {
    return bgp_advertisements_.get(key);
  }
  /// For whatever node; null: there is none.
  [[nodiscard]] std::shared_ptr<const kube::BGPPeer> bgp_peer(const ObjectKey& key) const { return bgp_peers_.get(key); }

 private:
  template <class T>
  config::Objects<T> own(const kube::Store<T>& store) const;
  [[nodiscard]] std::optional<kube::EventNote> complaint(const config::ConfigError& error) const;

  std::string namespace_;
  std::string node_name_;
  Log log_;
  kube::Store<kube::IPAddressPool> pools_;
  kube::Store<kube::L2Advertisement> l2_advertisements_;
  kube::Store<kube::BGPPeer> bgp_peers_;
  kube::Store<kube::BGPAdvertisement> bgp_advertisements_;
  kube::Store<kube::BFDProfile> bfd_profiles_;
  kube::Store<kube::Community> communities_;
  kube::Store<kube::Secret> secrets_;
  kube::Store<kube::Namespace> namespaces_;
  kube::Store<kube::Node> nodes_;
  std::shared_ptr<const config::Config> current_;
  config::LastGood last_good_;
  std::vector<config::ConfigError> errors_;
  bool due_ = true;
};

}  // namespace metallb::speaker
