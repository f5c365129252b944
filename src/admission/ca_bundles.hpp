// Where API servers read by which authority they know the webhooks: the ValidatingWebhookConfiguration, and the conversion
// stanza of the BGPPeer CRD. Both are objects of others, so they are changed as raw JSON (design section 6).
#pragma once

#include <array>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "kube/objects/registration.hpp"
#include "kube/resource.hpp"

namespace metallb::admission {

enum class BundleHolder : std::uint8_t { kWebhookConfiguration, kPeerDefinition };
inline constexpr std::array kBundleHolders = {BundleHolder::kWebhookConfiguration, BundleHolder::kPeerDefinition};

[[nodiscard]] const kube::Resource& resource_of(BundleHolder holder);
/// "metallb-webhook-configuration", "bgppeers.metallb.io"
[[nodiscard]] std::string name_of(BundleHolder holder);

/// `object` with this authority in every bundle that it has room for. Nothing when there is nothing to change: it is in
/// there already, the object names no webhook (a CRD without conversion), or it is being deleted.
[[nodiscard]] std::optional<boost::json::value> with_authority(BundleHolder holder, const boost::json::value& object,
                                                               const std::string& authority_pem);

}  // namespace metallb::admission
