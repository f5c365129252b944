#include "apiserver/kinds.hpp"

#include <algorithm>

#include "apiserver/definitions/definition.hpp"

namespace metallb::apiserver {
namespace {

Kind core(std::string plural, std::string singular, std::string name, std::vector<std::string> short_names) {
  return {.group = "",
          .version = "v1",
          .plural = std::move(plural),
          .singular = std::move(singular),
          .kind = std::move(name),
          .short_names = std::move(short_names)};
}

Kind grouped(std::string group, std::string plural, std::string singular, std::string name) {
  return {.group = std::move(group),
          .version = "v1",
          .plural = std::move(plural),
          .singular = std::move(singular),
          .kind = std::move(name)};
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

  {
    auto& kind = add(grouped("apiextensions.k8s.io", "customresourcedefinitions", "customresourcedefinition",
                             "CustomResourceDefinition"));
    kind.namespaced = false;
    kind.status = true;
    kind.generation = true;
    kind.short_names = {"crd", "crds"};
    kind.categories = {"api-extensions"};
  }
  for (auto& kind : out) kind.served = {kind.version};
  return out;
}

const std::vector<Kind>& builtin_kinds() {
  static const std::vector<Kind> all = make_kinds();
  return all;
}

}  // namespace

bool Kind::serves(std::string_view wanted) const {
  return std::ranges::find(served, wanted) != served.end();
}

bool Kind::has_status(std::string_view of_version) const {
  if (!custom) return status;
  const auto* found = definition->find_version(of_version);
  return found != nullptr && found->status;
}

std::string Kind::api_version(std::string_view of_version) const {
  return group.empty() ? std::string(of_version) : group + "/" + std::string(of_version);
}

std::string Kind::list_kind() const {
  return custom ? definition->list_kind : kind + "List";
}

const Kind* find_builtin_kind(std::string_view group, std::string_view kind) {
  const auto& all = builtin_kinds();
  const auto found = std::ranges::find_if(all, [&](const Kind& k) { return k.group == group && k.kind == kind; });
  return found == all.end() ? nullptr : &*found;
}

Catalogue::Catalogue() {
  for (const auto& kind : builtin_kinds()) kinds_.push_back(&kind);
}

const Kind* Catalogue::find(std::string_view group, std::string_view version, std::string_view plural) const {
  const auto found = std::ranges::find_if(
      kinds_, [&](const Kind* k) { return k->group == group && k->plural == plural && k->serves(version); });
  return found == kinds_.end() ? nullptr : *found;
}

const Kind* Catalogue::find_named(std::string_view group, std::string_view kind) const {
  const auto found = std::ranges::find_if(kinds_, [&](const Kind* k) { return k->group == group && k->kind == kind; });
  return found == kinds_.end() ? nullptr : *found;
}

const Kind* Catalogue::find_defined(std::string_view definition) const {
  const auto found = std::ranges::find_if(custom_, [&](const auto& k) { return k->definition->name == definition; });
  return found == custom_.end() ? nullptr : found->get();
}

void Catalogue::define(std::shared_ptr<const Definition> definition) {
  ++revision_;
  auto found = std::ranges::find_if(custom_, [&](const auto& k) { return k->definition->name == definition->name; });
  if (found == custom_.end()) {
    found = custom_.insert(custom_.end(), std::make_unique<Kind>());
    kinds_.push_back(found->get());
  }
  auto& kind = **found;
  kind.group = definition->group;
  kind.version = definition->stored_version;
  kind.plural = definition->plural;
  kind.singular = definition->singular;
  kind.kind = definition->kind;
  kind.namespaced = definition->namespaced;
  kind.custom = true;
  kind.generation = true;
  kind.short_names = definition->short_names;
  kind.categories = definition->categories;
  kind.served.clear();
  for (const auto& version : definition->versions) {
    if (version.served) kind.served.push_back(version.name);
  }
  kind.definition = std::move(definition);
}

void Catalogue::withdraw(std::string_view definition) {
  const auto found = std::ranges::find_if(custom_, [&](const auto& k) { return k->definition->name == definition; });
  if (found == custom_.end() || (*found)->served.empty()) return;
  (*found)->served.clear();
  ++revision_;
}

}  // namespace metallb::apiserver
