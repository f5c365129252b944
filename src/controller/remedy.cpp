#include "controller/remedy.hpp"

#include <algorithm>

#include "base/contract.hpp"

namespace metallb::controller::remedy {
namespace {

std::string pool_named(const std::string& pool) {
  return "IPAddressPool \"" + pool + '"';
}

/// What else can be asked for; empty where the Service asks for nothing.
std::string or_ask_otherwise(const Wish& wish) {
  if (!wish.addresses.empty()) return ", or ask for another address in " + wish.addresses_field;
  if (!wish.pool.empty()) return ", or name another pool in " + wish.pool_field;
  return {};
}

bool is_buggy(const IpAddress& address) {
  const auto text = address.to_string();
  return address.is_v4() && (text.ends_with(".0") || text.ends_with(".255"));
}

std::string no_pool_has(const Wish& wish, const std::vector<IpAddress>& addresses, const config::Config& config) {
  const bool pair = addresses.size() > 1;
  std::string out;
  if (wish.addresses.empty()) {
    out = pair ? "both stay only while spec.addresses of one IPAddressPool has them"
               : "it stays only while spec.addresses of an IPAddressPool has it";
  } else {
    out = "ask in " + wish.addresses_field +
          (pair ? " for two addresses of one IPAddressPool, or add both to spec.addresses of one"
                : " for an address of an IPAddressPool, or add it to spec.addresses of one");
  }
  if (std::any_of(addresses.begin(), addresses.end(), is_buggy)) out += "; spec.avoidBuggyIPs leaves out .0 and .255";
  if (!config.broken_pools.empty()) {
    out += "; " + pool_named(*config.broken_pools.begin()) + " has no valid version: correct it, should it be meant";
  }
  return out;
}

}  // namespace

std::string refused(ipam::Refusal::Reason reason, const Wish& wish, const std::vector<IpAddress>& addresses,
                    const config::Config& config) {
  using Reason = ipam::Refusal::Reason;
  switch (reason) {
    case Reason::kNoPool:
      return no_pool_has(wish, addresses, config);
    case Reason::kShown:
      return "wait until that status has been rewritten, this is tried again then" + or_ask_otherwise(wish);
    case Reason::kTerms:
      return "to share it, all need the same " + std::string(kSharingAnnotation) +
             ", other ports and the same spec.externalTrafficPolicy, with Local also the same namespace and spec.selector" +
             or_ask_otherwise(wish);
    case Reason::kPort:
      return "take another port in spec.ports" + or_ask_otherwise(wish);
  }
  METALLB_CONTRACT(false, "a refusal has one of four reasons");
}

std::string not_served(const Wish& wish, const std::string& pool) {
  return "let spec.serviceAllocation of " + pool_named(pool) + " serve namespace \"" + wish.key.namespace_ +
         "\" and the labels of this Service" + or_ask_otherwise(wish);
}

std::string wrong_families(const Wish& wish) {
  if (wish.families != Families::kDual) {
    return "ask in " + wish.addresses_field + " for one " + (wish.families == Families::kIpv4 ? "IPv4" : "IPv6") +
           " address, the family of spec.clusterIPs";
  }
  // The field holds one address.
  const bool by_field = wish.addresses_field == kAddressField;
  return "ask in " + (by_field ? std::string(kAddressesAnnotation) : wish.addresses_field) +
         " for one IPv4 and one IPv6 address" + (by_field ? " in place of " + wish.addresses_field : "") +
         ", since spec.clusterIPs has both families";
}

std::string contradiction(const Wish& wish, const std::string& owner) {
  return "pool \"" + owner + "\" has what " + wish.addresses_field + " asks for: remove " + wish.pool_field +
         ", or name that pool there";
}

std::string moved(const Wish& wish, const std::string& owner) {
  return pool_named(owner) + " has it now: give it back to " + pool_named(wish.pool) + ", or name the other one in " +
         wish.pool_field;
}

std::string create_pool(const Wish& wish) {
  return "create one in namespace " + wish.pools_namespace;
}

std::string unknown_pool(const Wish& wish) {
  return "name in " + wish.pool_field + " an IPAddressPool that is in MetalLB's namespace, or create this one";
}

std::string broken_pool(const Wish& wish) {
  return "correct " + pool_named(wish.pool) + ", whose events tell the error, or name another pool in " + wish.pool_field;
}

std::string exhausted(const Wish& wish, const std::string& pool) {
  return "add addresses to spec.addresses of " + pool_named(pool) + ", or name another pool in " + wish.pool_field;
}

std::string no_pool(const Wish& wish) {
  return "add addresses to an IPAddressPool that serves this Service (spec.serviceAllocation) and has autoAssign, or name "
         "another pool in " +
         wish.pool_field;
}

std::string one_family(const std::string& pool) {
  return "add some to spec.addresses of " + pool_named(pool) + ", or set spec.ipFamilyPolicy to SingleStack";
}

std::string single_stack() {
  return "set spec.ipFamilyPolicy to PreferDualStack or RequireDualStack";
}

std::string one_cluster_address() {
  return "set spec.ipFamilyPolicy to PreferDualStack or SingleStack, or give the cluster both families";
}

std::string bad_cluster_addresses() {
  return "spec.clusterIPs must be one address, or one of each family: a headless Service (None) gets no address";
}

std::string bad_status() {
  return "they are replaced: see that nothing else writes status.loadBalancer";
}

}  // namespace metallb::controller::remedy
