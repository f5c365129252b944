#include "config/community_aliases.hpp"

#include "config/problem.hpp"

namespace metallb::config {
namespace {

using Definers = std::map<std::string, std::string>;  ///< alias -> name of the object that defines it

Checked<CommunityAliases> aliases_of(const kube::Community& object, const Definers& definers) {
  CommunityAliases out;
  for (std::size_t i = 0; i < object.spec.communities.size(); ++i) {
    const auto& alias = object.spec.communities[i];
    const auto field = element("spec.communities", i);
    const auto value = parse_community(alias.value);
    if (!value) {
      return std::unexpected(Problem{field + ".value", value.error(),
                                     "write A:B with numbers up to 65535, or large:A:B:C with numbers up to 4294967295"});
    }
    const auto definer = definers.find(alias.name);
    if (definer == definers.end() && out.emplace(alias.name, *value).second) continue;
    Problem problem{field + ".name", "duplicate definition of community " + quoted(alias.name),
                    "give every alias a name of its own, over all Community objects"};
    if (definer != definers.end()) {
      problem.problem += ", which Community " + quoted(definer->second) + " defines";
      problem.other.emplace("Community", alias.name);
    }
    return std::unexpected(std::move(problem));
  }
  return out;
}

}  // namespace

CommunityAliases build_community_aliases(const Objects<kube::Community>& communities, std::vector<ConfigError>& errors) {
  CommunityAliases out;
  Definers definers;
  for (const auto& object : communities) {
    auto aliases = aliases_of(*object, definers);
    if (!aliases) {
      errors.push_back(blame("Community", *object, aliases.error()));
      continue;
    }
    for (const auto& [name, value] : *aliases) definers.emplace(name, object->metadata.name);
    out.merge(*aliases);
  }
  return out;
}

}  // namespace metallb::config
