#include "kube/resource.hpp"

namespace metallb::kube {

std::string Resource::api_version() const {
  return group.empty() ? std::string(version) : std::string(group) + "/" + std::string(version);
}

std::string Resource::path(std::string_view namespace_) const {
  auto out = (group.empty() ? std::string("/api/") : std::string("/apis/")) + api_version();
  if (namespaced && !namespace_.empty()) out.append("/namespaces/").append(namespace_);
  return out.append("/").append(plural);
}

std::string Resource::path(const ObjectKey& key, std::string_view subresource) const {
  auto out = path(key.namespace_).append("/").append(key.name);
  if (!subresource.empty()) out.append("/").append(subresource);
  return out;
}

// One row per kind: RESOURCE(type, group, version, plural, namespaced). The kind is the type's name. A macro, because a
// row is a specialisation and the type's name is part of it.
#define RESOURCE(type, group, version, plural, namespaced)                     \
  template <>                                                                  \
  const Resource& resource_of<type>() {                                        \
    static constexpr Resource kRow{group, version, plural, #type, namespaced}; \
    return kRow;                                                               \
  }

RESOURCE(Service, "", "v1", "services", true)
RESOURCE(Node, "", "v1", "nodes", false)
RESOURCE(Namespace, "", "v1", "namespaces", false)
RESOURCE(Pod, "", "v1", "pods", true)
RESOURCE(Secret, "", "v1", "secrets", true)
RESOURCE(ConfigMap, "", "v1", "configmaps", true)
RESOURCE(Event, "", "v1", "events", true)
RESOURCE(EndpointSlice, "discovery.k8s.io", "v1", "endpointslices", true)
RESOURCE(Lease, "coordination.k8s.io", "v1", "leases", true)
RESOURCE(IPAddressPool, "metallb.io", "v1beta1", "ipaddresspools", true)
RESOURCE(L2Advertisement, "metallb.io", "v1beta1", "l2advertisements", true)
RESOURCE(BGPAdvertisement, "metallb.io", "v1beta1", "bgpadvertisements", true)
RESOURCE(BGPPeer, "metallb.io", "v1beta2", "bgppeers", true)
RESOURCE(BFDProfile, "metallb.io", "v1beta1", "bfdprofiles", true)
RESOURCE(Community, "metallb.io", "v1beta1", "communities", true)
RESOURCE(ServiceL2Status, "metallb.io", "v1beta1", "servicel2statuses", true)
RESOURCE(ServiceBGPStatus, "metallb.io", "v1beta1", "servicebgpstatuses", true)
RESOURCE(ConfigurationState, "metallb.io", "v1beta1", "configurationstates", true)

#undef RESOURCE

std::string query_value(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                       c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 0xF];
    }
  }
  return out;
}

}  // namespace metallb::kube
