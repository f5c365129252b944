#include "config/community_aliases.hpp"

#include "config/problem.hpp"

namespace metallb::config {

std::expected<CommunityAliases, ConfigError> build_community_aliases(Objects<kube::Community> communities) {
  CommunityAliases out;
  for (const auto& object : by_name(std::move(communities))) {
    for (std::size_t i = 0; i < object->spec.communities.size(); ++i) {
      const auto& alias = object->spec.communities[i];
      const auto field = element("spec.communities", i);
      const auto value = parse_community(alias.value);
      if (!value) {
        return std::unexpected(blame("Community", *object,
                                     {field + ".value", value.error(),
                                      "write A:B with numbers up to 65535, or large:A:B:C with numbers up to 4294967295"}));
      }
      if (!out.emplace(alias.name, *value).second) {
        return std::unexpected(blame("Community", *object,
                                     {field + ".name", "duplicate definition of community " + quoted(alias.name),
                                      "give every alias a name of its own, over all Community objects"}));
      }
    }
  }
  return out;
}

}  // namespace metallb::config
