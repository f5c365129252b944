// Where the addresses of a Service were before an edit of the pools took them out of all of them. Such a Service is
// stranded: it goes on as it was, by the rules of its former pool, until it gets other addresses or a pool has these again.
//
// It keeps an older configuration alive only while an address is stranded.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "kube/objects/core.hpp"
#include "kube/store.hpp"

namespace metallb::speaker {

class FormerPools {
 public:
  using ConfigPointer = std::shared_ptr<const config::Config>;

  /// The configuration `before`, which may be null, is about to be replaced by `now`.
  void replaced(const ConfigPointer& before, const config::Config& now, const kube::Store<kube::Service>& services,
                const std::string& lb_class);
  /// The pool of `config` that holds all addresses of the Service, or else the last one that did; null: none, or not known.
  /// `service` is null when it has been deleted, `config` until one has been loaded.
  std::shared_ptr<const config::Pool> pool_of(const ServiceKey& key, const kube::Service* service,
                                              const std::string& lb_class, const ConfigPointer& config);

 private:
  struct Former {
    std::vector<IpAddress> addresses;  ///< ascending
    std::shared_ptr<const config::Pool> pool;
  };
  std::map<ServiceKey, Former> stranded_;
};

}  // namespace metallb::speaker
