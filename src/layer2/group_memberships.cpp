#include "layer2/group_memberships.hpp"

#include "base/contract.hpp"

namespace metallb::layer2 {

bool GroupMemberships::add(InterfaceIndex interface, const IpAddress& group) {
  return ++counts_[{interface, group}] == 1;
}

bool GroupMemberships::remove(InterfaceIndex interface, const IpAddress& group) {
  const auto it = counts_.find({interface, group});
  METALLB_CONTRACT(it != counts_.end(), "a group is left as often as it was joined");
  if (--it->second > 0) return false;
  counts_.erase(it);
  return true;
}

}  // namespace metallb::layer2
