#include "controller/converge.hpp"

#include <algorithm>
#include <set>

#include "controller/remedy.hpp"
#include "ipam/text.hpp"

namespace metallb::controller {
namespace {

using Type = kube::EventNote::Type;

std::string texts_quoted(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const auto& text : texts) out += (out.size() > 1 ? " \"" : "\"") + text + '"';
  return out + "]";
}

/// One pass over one Service; the numbers are the rows of the table in controller spec 5.5.
class Pass {
 public:
  Pass(const kube::Service& service, const config::Config& config, ipam::Allocator& allocator, const std::string& namespace_)
      : service_(service), config_(config), allocator_(allocator) {
    wish_.key = service.metadata.key();
    wish_.labels = service.metadata.labels;
    wish_.prefers_dual = service.spec.ipFamilyPolicy == "PreferDualStack";
    wish_.requires_dual = service.spec.ipFamilyPolicy == "RequireDualStack";
    wish_.ipv6_first = ipv6_first(service);
    wish_.claim = claim_of(service);
    wish_.addresses_field = addresses_field(service);
    wish_.pool = requested_pool(service);
    wish_.pool_field = pool_field(service);
    wish_.pools_namespace = namespace_;
  }

  Outcome run(std::vector<std::string> held_texts) {
    if (service_.spec.type != "LoadBalancer") return cleared("not of type LoadBalancer", false);  // 1
    if (has_no_pools(config_) && !held_texts.empty()) {                                           // 2
      // deviation: the original is silent about it, and about who asks for an address then (controller spec 5.5).
      lost(no_pools(wish_));
      keep_from_others(held_texts);
      held_texts.clear();
    }
    const auto cluster = cluster_addresses(service_);
    if (cluster.empty()) return cleared("the Service has no cluster address yet", true);  // 3
    if (wish_.requires_dual && cluster.size() < 2) {                                      // 5
      warn("not enough clusterips", "Service requires dual stack but not enough clusterips " + cluster_text(cluster) + ": " +
                                        remedy::one_cluster_address());
      return cleared("RequireDualStack needs two cluster addresses", true);
    }
    const auto families = families_of(cluster);
    if (held_texts.empty()) {
      clear();  // 6
    } else if (auto stop = revalidate(held_texts, cluster, families)) {
      return std::move(*stop);
    }
    return settle_on(families);
  }

 private:
  /// Rows 7 to 12: what becomes of addresses that the Service has.
  std::optional<Outcome> revalidate(const std::vector<std::string>& texts, const std::vector<std::string>& cluster,
                                    const std::expected<Families, std::string>& families) {
    const auto held_families = families_of(texts);
    if (!held_families) {
      warn("nolbIPsIPFamily", "Failed to retrieve LBIPs IPFamily for " + texts_quoted(texts) + ": " + held_families.error() +
                                  ": " + remedy::bad_status());
    }
    if (!families) {  // 8
      warn("noclusterIPsIPFamily", "Failed to retrieve ClusterIPs IPFamily for " + texts_quoted(cluster) + " " +
                                       service_.spec.clusterIP + ": " + families.error() + ": " +
                                       remedy::bad_cluster_addresses());
      keep_from_others(texts);
      auto out = fail(families.error());
      out.keep_status = true;
      return out;
    }
    wish_.families = *families;
    const bool changed =
        !held_families || (*held_families != *families && !(*families == Families::kDual && wish_.prefers_dual));
    if (changed) {  // 9
      keep_from_others(texts);
      clear();
      return std::nullopt;
    }
    for (const auto& text : texts) held_.push_back(*IpAddress::parse(text));
    if (const auto pool = broken_pool()) {
      keep_from_others(texts);
      auto out = fail("its addresses may be those of " + *pool + ", which has an error");
      out.keep_status = true;
      return out;
    }
    if (const auto assigned = assign(config_, allocator_, wish_, held_); !assigned) {  // 10
      lost(assigned.error());
      keep_from_others(texts);
      clear();
    } else if (const auto& owner = allocator_.find(wish_.key)->pool; !wish_.pool.empty() && owner != wish_.pool) {  // 11
      // deviation: the original is silent about it. Who names another pool knows; not so where the pool changed.
      if (recorded_pool() == wish_.pool) {
        lost({"pool \"" + wish_.pool + "\" does not have it any more", remedy::moved(wish_, owner), {}, {}});
      }
      clear();
    }
    const auto requested = requested_addresses(service_);
    if (!requested) {  // 12
      warn("LoadBalancerFailed", "invalid requested loadbalancer IPs: " + requested.error().to_string());
      auto out = fail(requested.error().to_string());
      out.request_error = requested.error();
      return out;
    }
    return std::nullopt;
  }

  /// A pool without a valid version may be the one that the held addresses are from: then they stay. The name of it, as
  /// the user knows it; nullopt where the addresses are those of a pool, or cannot be of a broken one.
  [[nodiscard]] std::optional<std::string> broken_pool() const {
    if (config_.broken_pools.empty()) return std::nullopt;
    const auto known = [&](const auto& address) { return config_.pool_of(std::span(&address, 1)) != nullptr; };
    if (std::all_of(held_.begin(), held_.end(), known)) return std::nullopt;
    const auto recorded = recorded_pool();
    if (!recorded) return "a pool";
    if (!config_.broken_pools.contains(*recorded)) return std::nullopt;
    return "IPAddressPool \"" + *recorded + '"';
  }
  [[nodiscard]] std::optional<std::string> recorded_pool() const {
    const auto found = service_.metadata.annotations.find(std::string(kAllocatedFromAnnotation));
    return found == service_.metadata.annotations.end() ? std::nullopt : std::optional(found->second);
  }

  /// Rows 13 to 17.
  Outcome settle_on(const std::expected<Families, std::string>& families) {
    const auto requested = requested_addresses(service_);
    if (!requested) {
      auto out = allocation_failed({requested.error().problem, requested.error().remedy, {}, {}});
      out.request_error = requested.error();
      return out;
    }
    if (!families) return allocation_failed({families.error(), remedy::bad_cluster_addresses(), {}, {}});
    wish_.families = *families;
    wish_.addresses = *requested;
    const auto as_set = [](const std::vector<IpAddress>& list) { return std::set<IpAddress>(list.begin(), list.end()); };
    if (!wish_.addresses.empty() && as_set(wish_.addresses) != as_set(held_)) clear();  // 13

    Interest interest;
    // deviation: only with two cluster addresses, and never beside an explicit request; the original flaps between one and
    // two addresses in these cases (controller spec 4.10, 8.1).
    if (held_.size() == 1 && wish_.prefers_dual && wish_.families == Families::kDual && wish_.addresses.empty()) {  // 14
      if (const auto added = add_family(config_, allocator_, wish_)) {
        held_.push_back(*added);
        note(Type::kNormal, "IPAllocated", "Assigned additional IP \"" + added->to_string() + "\"");
      } else {
        out_.reason = added.error().to_string();
        interest = added.error().interest;
        note(Type::kNormal, "AdditionalAssignFailed",
             "cannot assign additional IP in PreferDualStack: " + added.error().to_string(), true);
      }
    }
    if (held_.empty()) {  // 15
      if (auto allocated = allocate(config_, allocator_, wish_); !allocated) return allocation_failed(allocated.error());
      held_ = allocator_.find(wish_.key)->addresses;
      note(Type::kNormal, "IPAllocated", "Assigned IP " + ipam::quoted_list(held_));
      // A Service that prefers two families and found one waits for the other in the pool it is in.
      if (wish_.prefers_dual && wish_.families == Families::kDual && wish_.addresses.empty() && held_.size() == 1) {
        interest = {{}, {allocator_.find(wish_.key)->pool}, wish_.claim.sharing_key};
      }
    }
    auto out = finished();
    out.interest = std::move(interest);
    return out;
  }

  /// The status shows them until it is rewritten; what came from elsewhere is not registered yet.
  void keep_from_others(const std::vector<std::string>& texts) {
    for (const auto& text : texts) {
      if (const auto address = IpAddress::parse(text)) allocator_.reserve(wish_.key, *address, wish_.claim);
    }
  }
  void clear() {
    allocator_.vacate(wish_.key);
    held_.clear();
  }
  Outcome cleared(std::string reason, bool failed) {
    clear();
    auto out = fail(std::move(reason));
    out.failed = failed;
    return out;
  }
  Outcome allocation_failed(Failure failure) {
    auto text = failure.to_string();
    warn("AllocationFailed", "Failed to allocate IP for \"" + wish_.key.to_string() + "\": " + text);
    auto out = fail(std::move(text));
    out.interest = std::move(failure.interest);
    out.details = std::move(failure.details);
    return out;
  }
  Outcome fail(std::string reason) {
    auto out = finished();
    out.failed = true;
    out.reason = std::move(reason);
    return out;
  }
  Outcome finished() {
    out_.addresses = held_;
    if (const auto* held = allocator_.find(wish_.key); held != nullptr && !held_.empty()) out_.pool = held->pool;
    return std::move(out_);
  }
  void lost(const Failure& why) {
    note(Type::kNormal, "ClearAssignment",
         "current IP for \"" + wish_.key.to_string() +
             "\" not allowed by config, will attempt for new IP assignment: " + why.to_string());
  }
  void note(Type type, std::string reason, std::string message, bool repeats = false) {
    out_.notes.push_back({type, std::move(reason), std::move(message), repeats});
  }
  void warn(std::string reason, std::string message) { note(Type::kWarning, std::move(reason), std::move(message), true); }
  static std::string cluster_text(const std::vector<std::string>& cluster) {
    std::string out = "[";
    for (const auto& address : cluster) out += (out.size() > 1 ? " " : "") + address;
    return out + "]";
  }

  const kube::Service& service_;
  const config::Config& config_;
  ipam::Allocator& allocator_;
  Wish wish_;
  std::vector<IpAddress> held_;  ///< valid, and registered with the allocator
  Outcome out_;
};

}  // namespace

Outcome converge(const kube::Service& service, const std::vector<std::string>& held_texts, const config::Config& config,
                 ipam::Allocator& allocator, const std::string& namespace_) {
  return Pass(service, config, allocator, namespace_).run(held_texts);
}

std::vector<std::string> status_addresses(const kube::Service& service) {
  std::vector<std::string> out;
  for (const auto& ingress : service.status.loadBalancer.ingress) {
    if (!ingress.ip.empty()) out.push_back(ingress.ip);
  }
  return out;
}

bool adopt(const kube::Service& service, ipam::Allocator& allocator) {
  if (service.spec.type != "LoadBalancer") return false;
  const auto texts = status_addresses(service);
  if (!families_of(texts) || !families_of(cluster_addresses(service))) return false;
  std::vector<IpAddress> addresses;
  for (const auto& text : texts) addresses.push_back(*IpAddress::parse(text));
  return allocator.assign(service.metadata.key(), std::move(addresses), claim_of(service)).has_value();
}

void reserve(const kube::Service& service, ipam::Allocator& allocator) {
  for (const auto& text : status_addresses(service)) {
    if (const auto address = IpAddress::parse(text)) allocator.reserve(service.metadata.key(), *address, claim_of(service));
  }
}

}  // namespace metallb::controller
