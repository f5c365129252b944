// What a Service asks of the controller: its annotations and spec, read (controller spec section 2).
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipam/claim.hpp"
#include "kube/objects/core.hpp"
#include "net/ip_address.hpp"

namespace metallb::controller {

inline constexpr std::string_view kPoolAnnotation = "metallb.io/address-pool";
inline constexpr std::string_view kAddressesAnnotation = "metallb.io/loadBalancerIPs";
inline constexpr std::string_view kSharingAnnotation = "metallb.io/allow-shared-ip";
inline constexpr std::string_view kAllocatedFromAnnotation = "metallb.io/ip-allocated-from-pool";
inline constexpr std::string_view kAddressField = "spec.loadBalancerIP";
inline constexpr std::string_view kDomain = "metallb.io";
/// Annotations of this domain are still read where those of the other are absent.
inline constexpr std::string_view kDeprecatedDomain = "metallb.universe.tf";

enum class Families : std::uint8_t { kIpv4, kIpv6, kDual };

/// Whether an annotation with this key is read here at all.
[[nodiscard]] bool is_ours(std::string_view annotation);
/// Whether the Service would share an address. Its ports and its selector matter only then (controller spec 4.4).
[[nodiscard]] bool would_share(const kube::Service& service);

/// The families of one address, or of two of different families; anything else is an error ("IPFamilyForAddresses: ...").
[[nodiscard]] std::expected<Families, std::string> families_of(const std::vector<std::string>& addresses);
[[nodiscard]] Families families_of(const std::vector<IpAddress>& addresses);

/// spec.clusterIPs, or spec.clusterIP where that is absent; empty when both are.
[[nodiscard]] std::vector<std::string> cluster_addresses(const kube::Service& service);

/// Whether spec.ipFamilies begins with IPv6, which is all that its order says.
[[nodiscard]] bool ipv6_first(const kube::Service& service);

struct RequestError {
  std::string field;    ///< the annotation, or kAddressField
  std::string value;    ///< as the user wrote it
  std::string problem;  ///< the original's phrase, with field and value
  std::string remedy;
  [[nodiscard]] std::string to_string() const { return problem + ": " + remedy; }
};

/// The addresses asked for, in the order given; empty when none are. One, or one of each family.
[[nodiscard]] std::expected<std::vector<IpAddress>, RequestError> requested_addresses(const kube::Service& service);

/// The pool asked for; empty when none is.
[[nodiscard]] std::string requested_pool(const kube::Service& service);

/// Where the Service asks for addresses or a pool, for texts about it: the annotation by the key that it has, current or
/// deprecated, or kAddressField. Where it does not ask, the annotation by which it could.
[[nodiscard]] std::string addresses_field(const kube::Service& service);
[[nodiscard]] std::string pool_field(const kube::Service& service);

/// Ports and the terms of sharing (controller spec 4.4); empty for a Service that shares with nobody.
[[nodiscard]] ipam::Claim claim_of(const kube::Service& service);

/// Keys of annotations with the deprecated domain.
[[nodiscard]] std::vector<std::string> deprecated_annotations(const kube::Service& service);

/// Does this controller, started with --lb-class `wanted`, look after the Service?
[[nodiscard]] bool class_matches(const kube::Service& service, const std::string& wanted);

}  // namespace metallb::controller
