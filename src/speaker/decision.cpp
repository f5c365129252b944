#include "speaker/decision.hpp"

#include <algorithm>

#include "layer2/election.hpp"
#include "speaker/concluded.hpp"

namespace metallb::speaker {
namespace {

using Verdict = Decision::Action;

std::string nobody(const ServingEndpoints& endpoints, bool local_only) {
  if (local_only && endpoints.nodes.empty()) return "no node is known to have an endpoint that can serve";
  if (local_only) return "no node that may announce has an endpoint that can serve";
  return "every node of the matching advertisements is excluded, unavailable or has no live speaker";
}

/// The winner takes over, unless something forbids it.
std::optional<Decision> restrained(const Standing& standing, const Decision& decision) {
  if (standing.yielded_to) {
    return withdrawn(decision, Reason::kYielded,
                     *standing.yielded_to +
                         " announces the Service as well and comes before this node in the order, but the membership does "
                         "not know it to be alive yet");
  }
  if (standing.announced) return std::nullopt;
  if (standing.hold == Hold::kFirstJoin) {
    return withdrawn(decision, Reason::kFirstJoin,
                     "this speaker takes over nothing before its first attempt to join the others has ended");
  }
  if (standing.hold == Hold::kAlone) {
    return withdrawn(decision, Reason::kAlone,
                     "this speaker has just lost all others at once and takes over nothing before it is sure of it");
  }
  return std::nullopt;
}

/// A speaker that stops goes on answering until a successor is heard, or until it ends.
Decision stopping(Decision decision) {
  auto detail = decision.order.empty() ? "this speaker stops; it answers until its end, since no other node may announce"
                                       : "this speaker stops; it answers until " + decision.order.front() + " is heard";
  return concluded(std::move(decision), Verdict::kKeep, Reason::kStopping, std::move(detail));
}

/// Layer2 spec 2.2, and the choice of interfaces of 1.7.
Decision elect(const Surroundings& surroundings, const kube::Service& service, const config::Pool& pool, Slices slices,
               const Standing& standing, Decision decision) {
  const auto& node = surroundings.node;
  const auto endpoints = serving_endpoints(slices);
  if (!endpoints.any) return withdrawn(std::move(decision), Reason::kNotOwner, "no endpoint can serve");

  const auto advertisements = advertisements_for(pool, service);
  if (shares_address_across_selectors(advertisements, service)) {
    return withdrawn(std::move(decision), Reason::kSharedAddressWithServiceSelector,
                     "an allow-shared-ip annotation does not go together with an L2Advertisement that has serviceSelectors: "
                     "the Services that share the address could be given to different nodes");
  }
  if (!names_node(advertisements, node)) {
    return withdrawn(std::move(decision), Reason::kNoMatchingAdvertisement,
                     "no L2Advertisement of pool " + pool.name + " covers both the Service and node " + node);
  }

  const bool local_only = service.spec.externalTrafficPolicy == "Local";
  auto nominees = candidates(surroundings.electorate, advertisements, endpoints, local_only);
  if (standing.stopping) nominees.erase(node);
  if (nominees.empty() && standing.stopping && standing.announced) return stopping(std::move(decision));
  if (nominees.empty()) return withdrawn(std::move(decision), Reason::kNotOwner, nobody(endpoints, local_only));

  // The first address of the Service's status decides for all of them, so that a dual-stack Service stays in one place.
  decision.order = layer2::rank(decision.announcement.addresses.front(), nominees);
  decision.candidates = decision.order.size();
  if (decision.order.size() > Decision::kKeptCandidates) decision.order.resize(Decision::kKeptCandidates);
  if (standing.stopping && standing.announced) return stopping(std::move(decision));
  if (decision.order.front() != node) {
    auto detail = decision.order.front() + " is first in the order of candidates";
    return withdrawn(std::move(decision), Reason::kNotOwner, std::move(detail));
  }

  if (auto held = restrained(standing, decision)) return std::move(*held);

  // deviation: a winner without a usable interface still wins, as in the original, so that mixed clusters agree; but it
  // announces nothing and says so (layer2 spec 7, items 5 and 6).
  decision.announcement.interfaces = interfaces_on(advertisements, node);
  const auto& wanted = decision.announcement.interfaces;
  if (!wanted.all) {
    if (!surroundings.interfaces.has_value()) {
      return concluded(std::move(decision), Verdict::kKeep, Reason::kInterfacesUnknown,
                       "the interfaces of this node have not been listed yet");
    }
    if (std::ranges::none_of(wanted.names, [&](const auto& name) { return surroundings.interfaces->contains(name); })) {
      return withdrawn(
          std::move(decision), Reason::kNoMatchingInterface,
          "node " + node + " is first in the order, but has none of the interfaces that its advertisements name");
    }
  }
  return concluded(std::move(decision), Verdict::kAnnounce, Reason::kAnnounced,
                   "this node is first in the order of candidates");
}

}  // namespace

std::optional<Reason> why_not_ours(const kube::Service& service, const std::string& lb_class) {
  if (service.spec.type != "LoadBalancer") return Reason::kNotLoadBalancer;
  if (service.spec.loadBalancerClass.value_or("") != lb_class) return Reason::kForeignLoadBalancerClass;
  return std::nullopt;
}

std::optional<std::vector<IpAddress>> addresses_of(const kube::Service& service) {
  std::vector<IpAddress> out;
  for (const auto& ingress : service.status.loadBalancer.ingress) {
    const auto address = IpAddress::parse(ingress.ip);
    if (!address.has_value()) return std::nullopt;
    if (std::ranges::find(out, *address) == out.end()) out.push_back(*address);
  }
  return out;
}

Grounds grounds_of(const kube::Service* service, const std::string& lb_class, const config::Config* config,
                   const config::Pool* former) {
  Grounds grounds;
  const auto conclude = [&](Verdict action, Reason reason, const char* detail) {
    grounds.conclusion = {action, reason, detail};
    return grounds;
  };
  if (service == nullptr) return conclude(Verdict::kWithdraw, Reason::kServiceDeleted, "the Service has been deleted");
  if (const auto reason = why_not_ours(*service, lb_class)) {
    return conclude(Verdict::kWithdraw, *reason,
                    *reason == Reason::kNotLoadBalancer ? "the Service's type is not LoadBalancer"
                                                        : "the Service's load balancer class is another implementation's");
  }
  if (config == nullptr) {
    return conclude(Verdict::kKeep, Reason::kNoConfiguration, "no valid configuration has been loaded yet");
  }

  auto addresses = addresses_of(*service);
  if (!addresses.has_value()) {
    return conclude(Verdict::kWithdraw, Reason::kInvalidAddress,
                    "the Service's status has an ingress entry that is not an IP address");
  }
  if (addresses->empty()) {
    return conclude(Verdict::kWithdraw, Reason::kNoAddress, "no address has been assigned to the Service");
  }
  grounds.addresses = std::move(*addresses);
  grounds.uid = service->metadata.uid;

  grounds.pool = config->pool_of(grounds.addresses);
  if (grounds.pool != nullptr) return grounds;
  if (former == nullptr) {
    return conclude(Verdict::kWithdraw, Reason::kAddressNotAllowed, "no single pool holds all addresses of the Service");
  }
  grounds.pool = former;
  grounds.stranded = true;
  return grounds;
}

std::string stranded_detail(const config::Pool& former, const std::string& detail) {
  return "no pool holds all addresses of the Service any more; until the controller has assigned others, the former "
         "advertisements of pool " +
         former.name + " apply: " + detail;
}

Decision decide(const Surroundings& surroundings, const kube::Service* service, Slices slices, const config::Pool* former,
                const Standing& standing) {
  auto grounds = grounds_of(service, surroundings.lb_class, surroundings.config, former);
  Decision decision;
  decision.announcement.uid = std::move(grounds.uid);
  decision.announcement.addresses = std::move(grounds.addresses);
  if (grounds.conclusion) {
    auto& [action, reason, detail] = *grounds.conclusion;
    return concluded(std::move(decision), action, reason, std::move(detail));
  }
  decision.announcement.pool = grounds.pool->name;
  decision = elect(surroundings, *service, *grounds.pool, slices, standing, std::move(decision));
  // deviation: the original refuses the whole configuration while it would strand an announced address. Here the
  // configuration takes effect, and only this Service is judged by the pool of before, until the controller has moved it.
  // All speakers do so, whether they announce it or not, so that it has one owner and can change its owner
  // (docs/modules/speaker.md).
  if (!grounds.stranded) return decision;
  if (decision.action == Verdict::kAnnounce) decision.reason = Reason::kAddressNotAllowed;
  decision.detail = stranded_detail(*grounds.pool, decision.detail);
  return decision;
}

}  // namespace metallb::speaker
