// A model of the API server for the controller's tests: objects with versions, status updates as the driver carries them
// out, and what a watch would tell.
#pragma once

#include <boost/json.hpp>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "controller/instance.hpp"
#include "kube/json.hpp"
#include "kube/merge_patch.hpp"

namespace metallb::controller {

class ModelApi {
 public:
  using Services = std::map<ObjectKey, kube::Service>;

  /// Creates or replaces, keeping the uid of what is there; the watch will tell.
  void put(kube::Service service) { store(services_, std::move(service)); }
  void put(kube::IPAddressPool pool) { store(pools_, std::move(pool)); }
  void put(kube::Namespace object) { store(namespaces_, std::move(object)); }
  void put(kube::Community object) { store(communities_, std::move(object)); }
  void remove_service(const ObjectKey& key) {
    services_.erase(key);
    watch_.emplace_back(kube::Change<kube::Service>(kube::Removed<kube::Service>{key}));
  }
  void remove_pool(const ObjectKey& key) {
    pools_.erase(key);
    watch_.emplace_back(kube::Change<kube::IPAddressPool>(kube::Removed<kube::IPAddressPool>{key}));
  }

  [[nodiscard]] const Services& services() const { return services_; }
  [[nodiscard]] const kube::Service& service(const ObjectKey& key) const { return services_.at(key); }
  [[nodiscard]] const kube::IPAddressPool& pool(const ObjectKey& key) const { return pools_.at(key); }

  /// What a fresh list of everything yields, each kind ended by its Listed. Forgets what the watch has not told yet.
  [[nodiscard]] std::vector<Input> list() {
    watch_.clear();
    std::vector<Input> out;
    list(namespaces_, out);
    list(services_, out);
    list(communities_, out);
    list(pools_, out);
    return out;
  }
  /// What the watch has to tell, in order.
  std::deque<Input>& watch() { return watch_; }

  /// GET, merge, compare, PUT: what the driver does with Verb::kUpdate.
  kube::WriteDone carry_out(const kube::Write& write) {
    auto& counted = write.resource->kind == "Service" ? service_writes : pool_writes;
    ++counted.sent;
    const auto before = version_;
    auto done = write.resource->kind == "Service" ? update(services_, write) : update(pools_, write);
    if (version_ != before) ++counted.changed;
    return done;
  }
  struct Writes {
    int sent = 0;
    int changed = 0;  ///< those that changed something
  };
  Writes service_writes;
  Writes pool_writes;

 private:
  template <class T>
  void store(std::map<ObjectKey, T>& objects, T object) {
    const auto key = object.metadata.key();
    const auto found = objects.find(key);
    object.metadata.uid = found == objects.end() ? "uid-" + std::to_string(++version_) : found->second.metadata.uid;
    object.metadata.resourceVersion = std::to_string(++version_);
    objects.insert_or_assign(key, object);
    watch_.emplace_back(kube::Change<T>(kube::Upserted<T>{std::make_shared<const T>(std::move(object))}));
  }

  template <class T>
  void list(const std::map<ObjectKey, T>& objects, std::vector<Input>& out) {
    for (const auto& [key, object] : objects) {
      out.emplace_back(kube::Change<T>(kube::Upserted<T>{std::make_shared<const T>(object)}));
    }
    out.emplace_back(kube::Change<T>(kube::Listed<T>{}));
  }

  template <class T>
  kube::WriteDone update(std::map<ObjectKey, T>& objects, const kube::Write& write) {
    using Reason = kube::WriteError::Reason;
    const auto found = objects.find(write.key);
    if (found == objects.end()) return {write.id, std::unexpected(kube::WriteError{Reason::kNotFound, "not found"})};
    if (!write.uid.empty() && write.uid != found->second.metadata.uid) {
      return {write.id, std::unexpected(kube::WriteError{Reason::kGone, "another object"})};
    }
    auto json = kube::encode(found->second);
    kube::apply_merge_patch(json, boost::json::parse(write.body));
    auto changed = kube::decode<T>(json);
    if (!changed) return {write.id, std::unexpected(kube::WriteError{Reason::kInvalid, changed.error().to_string()})};
    if (*changed != found->second) store(objects, *std::move(changed));
    return {write.id, kube::encode_text(objects.at(write.key))};
  }

  Services services_;
  std::map<ObjectKey, kube::IPAddressPool> pools_;
  std::map<ObjectKey, kube::Namespace> namespaces_;
  std::map<ObjectKey, kube::Community> communities_;
  std::deque<Input> watch_;
  int version_ = 0;
};

}  // namespace metallb::controller
