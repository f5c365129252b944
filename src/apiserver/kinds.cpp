#include "apiserver/kinds.hpp"

#include <algorithm>

namespace metallb::apiserver {
namespace {

Kind core(std::string_view plural, std::string_view singular, std::string_view name,
          std::vector<std::string_view> short_names) {
  return {.group = "",
          .version = "v1",
          .plural = plural,
          .singular = singular,
          .kind = name,
          .short_names = std::move(short_names)};
}

Kind grouped(std::string_view group, std::string_view plural, std::string_view singular, std::string_view name) {
  return {.group = group, .version = "v1", .plural = plural, .singular = singular, .kind = name};
}

Kind custom(std::string_view plural, std::string_view singular, std::string_view name) {
  return {.group = "metallb.io",
          .version = "v1beta1",
          .plural = plural,
          .singular = singular,
          .kind = name,
          .status = true,
          .custom = true,
          .generation = true};
}

std::vector<Kind> make_kinds() {
  std::vector<Kind> out;
  const auto add = [&out](Kind kind) -> Kind& { return out.emplace_back(std::move(kind)); };

  add(core("configmaps", "configmap", "ConfigMap", {"cm"}));
  add(core("events", "event", "Event", {"ev"}));
  {
    auto& kind = add(core("namespaces", "namespace", "Namespace", {"ns"}));
    kind.namespaced = false;
    kind.status = true;
    kind.name_rule = NameRule::kLabel;
  }
  {
    auto& kind = add(core("nodes", "node", "Node", {"no"}));
    kind.namespaced = false;
    kind.status = true;
    kind.status_on_create = true;
  }
  {
    auto& kind = add(core("pods", "pod", "Pod", {"po"}));
    kind.status = true;
    kind.status_on_create = true;
    kind.categories = {"all"};
  }
  add(core("secrets", "secret", "Secret", {}));
  add(core("serviceaccounts", "serviceaccount", "ServiceAccount", {"sa"}));
  {
    auto& kind = add(core("services", "service", "Service", {"svc"}));
    kind.status = true;
    kind.name_rule = NameRule::kLabel1035;
    kind.categories = {"all"};
  }
  {
    auto& kind = add(grouped("apps", "deployments", "deployment", "Deployment"));
    kind.status = true;
    kind.generation = true;
    kind.short_names = {"deploy"};
    kind.categories = {"all"};
  }
  for (const auto& [plural, name] :
       {std::pair{"tokenreviews", "TokenReview"}, {"selfsubjectreviews", "SelfSubjectReview"}}) {
    auto& kind = add(grouped("authentication.k8s.io", plural, "", name));
    kind.namespaced = false;
    kind.review = true;
  }
  for (const auto& [plural, name] :
       {std::pair{"subjectaccessreviews", "SubjectAccessReview"}, {"selfsubjectaccessreviews", "SelfSubjectAccessReview"}}) {
    auto& kind = add(grouped("authorization.k8s.io", plural, "", name));
    kind.namespaced = false;
    kind.review = true;
  }
  add(grouped("coordination.k8s.io", "leases", "lease", "Lease"));
  add(grouped("discovery.k8s.io", "endpointslices", "endpointslice", "EndpointSlice")).generation = true;

  add(custom("bfdprofiles", "bfdprofile", "BFDProfile"));
  add(custom("bgpadvertisements", "bgpadvertisement", "BGPAdvertisement"));
  {
    auto& kind = add(custom("bgppeers", "bgppeer", "BGPPeer"));
    kind.version = "v1beta2";
    kind.older_versions = {"v1beta1"};
  }
  add(custom("communities", "community", "Community"));
  add(custom("configurationstates", "configurationstate", "ConfigurationState"));
  add(custom("ipaddresspools", "ipaddresspool", "IPAddressPool"));
  add(custom("l2advertisements", "l2advertisement", "L2Advertisement"));
  add(custom("servicebgpstatuses", "servicebgpstatus", "ServiceBGPStatus"));
  add(custom("servicel2statuses", "servicel2status", "ServiceL2Status"));
  return out;
}

}  // namespace

bool Kind::serves(std::string_view wanted) const {
  return wanted == version || std::ranges::find(older_versions, wanted) != older_versions.end();
}

std::string Kind::api_version(std::string_view of_version) const {
  return group.empty() ? std::string(of_version) : std::string(group) + "/" + std::string(of_version);
}

std::span<const Kind> kinds() {
  static const std::vector<Kind> all = make_kinds();
  return all;
}

const Kind* find_kind(std::string_view group, std::string_view version, std::string_view plural) {
  const auto all = kinds();
  const auto found =
      std::ranges::find_if(all, [&](const Kind& k) { return k.group == group && k.plural == plural && k.serves(version); });
  return found == all.end() ? nullptr : &*found;
}

const Kind* find_kind_named(std::string_view group, std::string_view kind) {
  const auto all = kinds();
  const auto found = std::ranges::find_if(all, [&](const Kind& k) { return k.group == group && k.kind == kind; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace metallb::apiserver
