#include "config/bgp_advertisements.hpp"

#include <limits>

#include "base/contract.hpp"
#include "config/address_entry.hpp"
#include "config/advertisement_scope.hpp"
#include "config/local_preference.hpp"
#include "config/problem.hpp"
#include "config/selector_list.hpp"

namespace metallb::config {
namespace {

constexpr const char* kAdvertisementKind = "BGPAdvertisement";
/// Standard and large ones together (bgp spec 2.3).
constexpr std::size_t kMostCommunities = 63;

const char* length_field(IpFamily family) {
  return family == IpFamily::kIpv4 ? "spec.aggregationLength" : "spec.aggregationLengthV6";
}

Checked<std::uint8_t> aggregation_length(IpFamily family, const std::optional<std::int32_t>& length) {
  const auto longest = address_bits(family);
  const auto out = length.value_or(longest);
  if (out < 1 || out > longest) {
    return std::unexpected(Problem{
        length_field(family), "invalid aggregation length " + std::to_string(out) + " for " + std::string(to_string(family)),
        "choose a length from 1 to " + std::to_string(longest) + ", or leave it out for single addresses"});
  }
  return static_cast<std::uint8_t>(out);
}

/// B4: an aggregate that is wider than every block of an entry would announce more than the pool has.
Checked<void> check_aggregation(const BgpAdvertisement& advertisement, const kube::IPAddressPool& pool) {
  if (advertisement.aggregation_v4 == 32 && advertisement.aggregation_v6 == 128) return {};
  const auto& entries = pool.spec.addresses;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto prefixes = parse_address_entry(entries[i]);
    METALLB_CONTRACT(prefixes.has_value(), "the pool was built from these entries");
    const auto shortest = std::min_element(prefixes->begin(), prefixes->end(),
                                           [](const auto& a, const auto& b) { return a.length() < b.length(); });
    const auto family = shortest->family();
    const int length = family == IpFamily::kIpv4 ? advertisement.aggregation_v4 : advertisement.aggregation_v6;
    if (length >= shortest->length()) continue;
    const auto bits = std::to_string(shortest->length());
    return std::unexpected(
        Problem{.field = length_field(family),
                .problem = "invalid aggregation length " + std::to_string(length) + ": prefix " + bits + " in pool " +
                           quoted(pool.metadata.name) + " is more specific than the aggregation length for addresses " +
                           quoted(entries[i]),
                .remedy = "choose a length from " + bits + " on, or limit the advertisement to other pools",
                .other = std::pair("IPAddressPool", pool.metadata.name),
                .of_other = Fault{element("spec.addresses", i),
                                  "prefix " + bits + " of " + quoted(entries[i]) +
                                      " is more specific than the aggregation "
                                      "length " +
                                      std::to_string(length) + " of " + kAdvertisementKind + " " +
                                      quoted(advertisement.name) + ", which includes the pool",
                                  "give the pool a whole block of that length, or choose a length from " + bits +
                                      " on in the advertisement, or limit that to other pools"}});
  }
  return {};
}

Checked<std::set<CommunityValue>> communities(const std::vector<std::string>& texts, const CommunityAliases& aliases) {
  const std::string field = "spec.communities";
  if (auto unique = check_unique(field, texts, "of community"); !unique) return std::unexpected(unique.error());
  std::set<CommunityValue> out;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    // An alias that looks like a value wins (bgp spec 1.6).
    if (const auto alias = aliases.find(texts[i]); alias != aliases.end()) {
      out.insert(alias->second);
      continue;
    }
    const auto value = parse_community(texts[i]);
    if (!value) {
      const bool word = can_only_be_alias(texts[i]);
      return std::unexpected(
          Problem{.field = element(field, i),
                  .problem = value.error(),
                  .remedy = std::string(word ? "define this alias in a Community object, or write " : "write ") +
                            "A:B with numbers up to 65535, or large:A:B:C with numbers up to 4294967295",
                  .transient = word,
                  .other = word ? std::optional(std::pair<std::string, std::string>("Community", texts[i])) : std::nullopt});
    }
    out.insert(*value);
  }
  if (out.size() > kMostCommunities) {
    return std::unexpected(Problem{field, "too many communities: " + std::to_string(out.size()),
                                   "keep at most 63, so that the attributes fit into every message"});
  }
  return out;
}

Checked<std::optional<std::uint32_t>> local_preference(const std::optional<std::int64_t>& value) {
  const auto preference = value.value_or(0);
  if (preference < 0 || preference > std::numeric_limits<std::uint32_t>::max()) {
    return std::unexpected(Problem{"spec.localPref", "invalid local preference " + std::to_string(preference),
                                   "choose a number from 1 to 4294967295, or leave it out"});
  }
  if (preference == 0) return std::nullopt;
  return static_cast<std::uint32_t>(preference);
}

Checked<BgpAdvertisement> resolve(const kube::BGPAdvertisement& object, const AdvertisementScope& scope,
                                  const CommunityAliases& aliases) {
  const auto& spec = object.spec;
  const auto v4 = aggregation_length(IpFamily::kIpv4, spec.aggregationLength);
  if (!v4) return std::unexpected(v4.error());
  const auto v6 = aggregation_length(IpFamily::kIpv6, spec.aggregationLengthV6);
  if (!v6) return std::unexpected(v6.error());
  if (const bool v4_too = *v4 != 32; !scope.service_selectors.empty() && (v4_too || *v6 != 128)) {
    return std::unexpected(Problem{length_field(v4_too ? IpFamily::kIpv4 : IpFamily::kIpv6),
                                   "aggregation lengths and serviceSelectors are mutually exclusive",
                                   "remove the aggregation lengths or serviceSelectors: an aggregate would attract traffic "
                                   "for Services that are not selected"});
  }
  auto preference = local_preference(spec.localPref);
  if (!preference) return std::unexpected(preference.error());
  auto values = communities(spec.communities, aliases);
  if (!values) return std::unexpected(values.error());
  if (auto unique = check_unique("spec.peers", spec.peers, "of peers"); !unique) return std::unexpected(unique.error());
  return BgpAdvertisement{.name = object.metadata.name,
                          .nodes = scope.nodes,
                          .aggregation_v4 = *v4,
                          .aggregation_v6 = *v6,
                          .local_pref = *preference,
                          .communities = *std::move(values),
                          .peers = {spec.peers.begin(), spec.peers.end()},
                          .service_selectors = scope.service_selectors};
}

std::string text(const std::optional<std::uint32_t>& preference) {
  return preference ? std::to_string(*preference) : "(unset)";
}

/// Those with service selectors are compared for each Service, by whoever announces it.
Checked<void> check_preference(const BgpAdvertisement& advertisement, const Pool& pool) {
  if (!advertisement.service_selectors.empty()) return {};
  for (const auto& other : pool.bgp) {
    if (!other.service_selectors.empty() || !contradict(advertisement, other, pool)) continue;
    return std::unexpected(
        Problem{"spec.localPref",
                // "preferernce": the original's spelling, by which its users know this error.
                "invalid local preference " + text(advertisement.local_pref) + ": local preferernce " +
                    text(other.local_pref) + " was already set for the same type of BGP update by BGPAdvertisement " +
                    quoted(other.name) + ", for pool " + quoted(pool.name),
                "give both the same localPref, or let them differ in peers, nodes, pools or aggregation length", false,
                std::pair(kAdvertisementKind, other.name)});
  }
  return {};
}

/// Attaches it to every pool of its scope, or says what is wrong and leaves the pools alone.
Checked<void> attach(const kube::BGPAdvertisement& object, const Objects<kube::IPAddressPool>& pool_objects,
                     const Objects<kube::Node>& nodes, const CommunityAliases& aliases, std::map<std::string, Pool>& pools) {
  const auto scope = resolve_scope(object.spec, nodes);
  if (!scope) return std::unexpected(scope.error());
  const auto resolved = resolve(object, *scope, aliases);
  if (!resolved) return std::unexpected(resolved.error());
  std::vector<Pool*> chosen;
  for (const auto& pool_object : pool_objects) {
    if (!scope->includes(*pool_object)) continue;
    auto& pool = pools.at(pool_object->metadata.name);
    if (auto fits = check_aggregation(*resolved, *pool_object); !fits) return fits;
    if (auto agrees = check_preference(*resolved, pool); !agrees) return agrees;
    chosen.push_back(&pool);
  }
  for (auto* pool : chosen) pool->bgp.push_back(*resolved);
  return {};
}

}  // namespace

void attach_bgp(const Objects<kube::BGPAdvertisement>& advertisements, const Objects<kube::IPAddressPool>& pool_objects,
                const Objects<kube::Node>& nodes, const CommunityAliases& aliases, std::map<std::string, Pool>& pools,
                std::vector<ConfigError>& errors) {
  for (const auto& object : advertisements) {
    if (auto attached = attach(*object, pool_objects, nodes, aliases, pools); !attached) {
      errors.push_back(blame(kAdvertisementKind, *object, std::move(attached.error())));
    }
  }
  for (auto& [name, pool] : pools) {
    std::sort(pool.bgp.begin(), pool.bgp.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  }
}

}  // namespace metallb::config
