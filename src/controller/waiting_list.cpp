#include "controller/waiting_list.hpp"

namespace metallb::controller {
namespace {

template <class Map, class Key>
std::vector<ServiceKey> listed(const Map& map, const Key& key) {
  const auto found = map.find(key);
  if (found == map.end()) return {};
  return {found->second.begin(), found->second.end()};
}

template <class Map, class Key>
void erase(Map& map, const Key& key, const ServiceKey& service) {
  const auto found = map.find(key);
  if (found == map.end()) return;
  found->second.erase(service);
  if (found->second.empty()) map.erase(found);
}

}  // namespace

void WaitingList::set(const ServiceKey& service, Interest interest) {
  const auto found = interests_.find(service);
  if (found != interests_.end()) {
    if (found->second == interest) return;
    unindex(service, found->second);
  }
  if (interest.empty()) {
    if (found != interests_.end()) interests_.erase(found);
    return;
  }
  index(service, interest);
  interests_.insert_or_assign(service, std::move(interest));
}

std::vector<ServiceKey> WaitingList::for_address(const IpAddress& address) const {
  return listed(by_address_, address);
}

std::vector<ServiceKey> WaitingList::for_sharing(const std::string& pool, const std::string& sharing_key) const {
  return listed(by_pool_and_sharing_, std::pair(pool, sharing_key));
}

std::optional<ServiceKey> WaitingList::next_for_pool(const std::string& pool,
                                                     const std::optional<ServiceKey>& previous) const {
  const auto found = by_pool_.find(pool);
  if (found == by_pool_.end()) return std::nullopt;
  const auto next = previous ? found->second.upper_bound(*previous) : found->second.begin();
  return next == found->second.end() ? std::nullopt : std::optional(*next);
}

void WaitingList::index(const ServiceKey& service, const Interest& interest) {
  for (const auto& address : interest.addresses) by_address_[address].insert(service);
  for (const auto& pool : interest.pools) {
    by_pool_[pool].insert(service);
    if (!interest.sharing_key.empty()) by_pool_and_sharing_[{pool, interest.sharing_key}].insert(service);
  }
}

void WaitingList::unindex(const ServiceKey& service, const Interest& interest) {
  for (const auto& address : interest.addresses) erase(by_address_, address, service);
  for (const auto& pool : interest.pools) {
    erase(by_pool_, pool, service);
    if (!interest.sharing_key.empty()) erase(by_pool_and_sharing_, std::pair(pool, interest.sharing_key), service);
  }
}

}  // namespace metallb::controller
