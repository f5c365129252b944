#include "controller/service_request.hpp"

#include "base/contract.hpp"

namespace metallb::controller {
namespace {

struct Annotation {
  std::string key;
  const std::string* value = nullptr;
};

/// The current key, or else the deprecated one. Presence decides, so that an empty current value hides a deprecated one.
std::optional<Annotation> annotation(const kube::Service& service, std::string_view current) {
  std::string key(current);
  auto found = service.metadata.annotations.find(key);
  if (found == service.metadata.annotations.end()) {
    key = std::string(kDeprecatedDomain) + key.substr(key.find('/'));
    found = service.metadata.annotations.find(key);
    if (found == service.metadata.annotations.end()) return std::nullopt;
  }
  return Annotation{std::move(key), &found->second};
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n\v\f\r";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string quoted(const std::string& text) {
  return '"' + text + '"';
}

std::expected<std::vector<IpAddress>, RequestError> parse_addresses(const Annotation& from) {
  const auto refuse = [&](const std::string& detail) {
    return std::unexpected(RequestError{from.key, *from.value, "invalid " + from.key + ": " + quoted(*from.value) + detail,
                                        "write one address, or one IPv4 and one IPv6 address separated by a comma"});
  };
  std::vector<IpAddress> out;
  const std::string_view text = *from.value;
  for (std::size_t at = 0;;) {
    const auto comma = text.find(',', at);
    const auto address = IpAddress::parse(trimmed(text.substr(at, comma - at)));
    if (!address) return refuse("");
    out.push_back(*address);
    if (comma == std::string_view::npos) break;
    at = comma + 1;
  }
  if (out.size() > 2) return refuse(" names more than two addresses");
  if (out.size() == 2 && out[0].family() == out[1].family()) return refuse(" names two addresses of one family");
  return out;
}

}  // namespace

std::expected<Families, std::string> families_of(const std::vector<std::string>& addresses) {
  std::string list;
  for (const auto& address : addresses) list += (list.empty() ? "" : " ") + quoted(address);
  std::vector<IpAddress> parsed;
  for (const auto& text : addresses) {
    const auto address = IpAddress::parse(text);
    if (!address) return std::unexpected("IPFamilyForAddresses: invalid address " + quoted(text));
    parsed.push_back(*address);
  }
  if (parsed.empty() || parsed.size() > 2) {
    return std::unexpected("IPFamilyForAddresses: one or two addresses expected, found [" + list + "]");
  }
  if (parsed.size() == 2 && parsed[0].family() == parsed[1].family()) {
    return std::unexpected("IPFamilyForAddresses: same address family [" + list + "]");
  }
  return families_of(parsed);
}

Families families_of(const std::vector<IpAddress>& addresses) {
  METALLB_CONTRACT(!addresses.empty(), "no address has no family");
  if (addresses.size() > 1) return Families::kDual;
  return addresses.front().is_v4() ? Families::kIpv4 : Families::kIpv6;
}

std::vector<std::string> cluster_addresses(const kube::Service& service) {
  if (!service.spec.clusterIPs.empty()) return service.spec.clusterIPs;
  if (!service.spec.clusterIP.empty()) return {service.spec.clusterIP};
  return {};
}

std::expected<std::vector<IpAddress>, RequestError> requested_addresses(const kube::Service& service) {
  const auto& field = service.spec.loadBalancerIP;
  const auto from = annotation(service, kAddressesAnnotation);
  const bool annotated = from && !from->value->empty();
  if (annotated && !field.empty()) {
    return std::unexpected(RequestError{from->key, *from->value,
                                        "service can not have both " + from->key + " and svc.Spec.LoadBalancerIP",
                                        "remove spec.loadBalancerIP, which is deprecated, and keep the annotation"});
  }
  if (annotated) return parse_addresses(*from);
  if (field.empty()) return std::vector<IpAddress>{};
  const auto address = IpAddress::parse(field);
  if (!address) {
    return std::unexpected(RequestError{std::string(kAddressField), field, "invalid spec.loadBalancerIP " + quoted(field),
                                        "write one IPv4 or IPv6 address without blanks"});
  }
  return std::vector{*address};
}

bool ipv6_first(const kube::Service& service) {
  return !service.spec.ipFamilies.empty() && service.spec.ipFamilies.front() == "IPv6";
}

bool is_ours(std::string_view annotation) {
  return annotation.starts_with(kDomain) || annotation.starts_with(kDeprecatedDomain);
}

bool would_share(const kube::Service& service) {
  return !claim_of(service).sharing_key.empty();
}

std::string requested_pool(const kube::Service& service) {
  const auto from = annotation(service, kPoolAnnotation);
  return from ? *from->value : std::string();
}

std::string addresses_field(const kube::Service& service) {
  const auto from = annotation(service, kAddressesAnnotation);
  if (from && !from->value->empty()) return from->key;
  return std::string(service.spec.loadBalancerIP.empty() ? kAddressesAnnotation : kAddressField);
}

std::string pool_field(const kube::Service& service) {
  const auto from = annotation(service, kPoolAnnotation);
  return from && !from->value->empty() ? from->key : std::string(kPoolAnnotation);
}

ipam::Claim claim_of(const kube::Service& service) {
  ipam::Claim claim;
  const auto from = annotation(service, kSharingAnnotation);
  if (!from || from->value->empty()) return claim;
  claim.sharing_key = *from->value;
  if (service.spec.externalTrafficPolicy == "Local") {
    // deviation: the original compares the pod selector's text alone, so that equal text in two namespaces, or none with
    // Cluster, passes for the same backends (controller spec 8.1).
    claim.backend_key = service.metadata.namespace_ + "/";
    const char* separator = "";
    for (const auto& [key, value] : service.spec.selector) {
      claim.backend_key += separator + key + "=" + value;
      separator = ",";
    }
  }
  for (const auto& port : service.spec.ports) {
    claim.ports.insert({port.protocol.empty() ? "TCP" : port.protocol, port.port});
  }
  return claim;
}

std::vector<std::string> deprecated_annotations(const kube::Service& service) {
  std::vector<std::string> out;
  for (const auto& [key, value] : service.metadata.annotations) {
    if (key.starts_with(kDeprecatedDomain)) out.push_back(key);
  }
  return out;
}

bool class_matches(const kube::Service& service, const std::string& wanted) {
  const auto& given = service.spec.loadBalancerClass;
  return wanted.empty() ? !given.has_value() : given == wanted;
}

}  // namespace metallb::controller
