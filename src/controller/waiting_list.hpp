// Services that wait for addresses, and what each waits for, so that a freed address wakes those who may use it and nobody
// else (controller spec 4.11; the original looks at every Service again, or at none).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "controller/allocation.hpp"

namespace metallb::controller {

class WaitingList {
 public:
  /// Replaces what the Service waits for; an empty interest takes it off the list.
  void set(const ServiceKey& service, Interest interest);
  void remove(const ServiceKey& service) { set(service, {}); }

  /// Services that asked for this very address.
  [[nodiscard]] std::vector<ServiceKey> for_address(const IpAddress& address) const;
  /// Services that wait for an address of this pool and could share one under this key.
  [[nodiscard]] std::vector<ServiceKey> for_sharing(const std::string& pool, const std::string& sharing_key) const;
  /// The next Service after `previous`, by key, that waits for an address of this pool.
  [[nodiscard]] std::optional<ServiceKey> next_for_pool(const std::string& pool,
                                                        const std::optional<ServiceKey>& previous) const;
  [[nodiscard]] std::size_t size() const { return interests_.size(); }

 private:
  using Keys = std::set<ServiceKey>;
  void index(const ServiceKey& service, const Interest& interest);
  void unindex(const ServiceKey& service, const Interest& interest);

  std::unordered_map<ServiceKey, Interest> interests_;
  std::unordered_map<IpAddress, Keys> by_address_;
  std::map<std::string, Keys> by_pool_;
  std::map<std::pair<std::string, std::string>, Keys> by_pool_and_sharing_;
};

}  // namespace metallb::controller
