#include "controller/status_patch.hpp"

#include <boost/json.hpp>

#include "controller/service_request.hpp"

namespace metallb::controller {
namespace {

bool lists_exactly(const kube::Service& service, const std::vector<IpAddress>& addresses) {
  const auto& ingress = service.status.loadBalancer.ingress;
  if (ingress.size() != addresses.size()) return false;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (ingress[i].ip != addresses[i].to_string()) return false;
  }
  return true;
}

bool names_exactly(const kube::Service& service, const std::string& pool) {
  const auto found = service.metadata.annotations.find(std::string(kAllocatedFromAnnotation));
  return found == service.metadata.annotations.end() ? pool.empty() : !pool.empty() && found->second == pool;
}

std::string patch_of(const std::string* pool, const std::vector<IpAddress>* addresses) {
  boost::json::object patch;
  if (pool != nullptr) {
    auto& annotation = patch["metadata"].emplace_object()["annotations"].emplace_object()[kAllocatedFromAnnotation];
    if (!pool->empty()) annotation = *pool;
  }
  if (addresses != nullptr) {
    auto& ingress = patch["status"].emplace_object()["loadBalancer"].emplace_object()["ingress"];
    if (!addresses->empty()) {
      auto& list = ingress.emplace_array();
      for (const auto& address : *addresses) list.push_back(boost::json::object{{"ip", address.to_string()}});
    }
  }
  return boost::json::serialize(patch);
}

}  // namespace

std::optional<std::string> service_patch(const kube::Service& service, const std::vector<IpAddress>& addresses,
                                         const std::string& pool) {
  const bool rename = !names_exactly(service, pool);
  const bool relist = !lists_exactly(service, addresses);
  if (!rename && !relist) return std::nullopt;
  return patch_of(rename ? &pool : nullptr, relist ? &addresses : nullptr);
}

std::string full_service_patch(const std::vector<IpAddress>& addresses, const std::string& pool) {
  return patch_of(&pool, &addresses);
}

std::string pool_patch(const kube::IPAddressPoolStatus& status) {
  return boost::json::serialize(boost::json::object{{"status",
                                                     {{"assignedIPv4", status.assignedIPv4},
                                                      {"assignedIPv6", status.assignedIPv6},
                                                      {"availableIPv4", status.availableIPv4},
                                                      {"availableIPv6", status.availableIPv6}}}});
}

}  // namespace metallb::controller
