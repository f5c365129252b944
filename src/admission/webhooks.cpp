#include "admission/webhooks.hpp"

#include <algorithm>
#include <array>

#include "kube/json_text.hpp"

namespace metallb::admission {
namespace {

// More than the original looks at (controller spec 6.2): what it does not see it cannot warn of (8.2).
constexpr std::array kForPools = {Kind::kPool, Kind::kLayer2Advertisement, Kind::kBgpAdvertisement, Kind::kNode};
constexpr std::array kForLayer2 = {Kind::kLayer2Advertisement, Kind::kPool};
constexpr std::array kForBgp = {Kind::kBgpAdvertisement, Kind::kPool, Kind::kPeer, Kind::kCommunity, Kind::kNode};
constexpr std::array kForPeers = {Kind::kPeer, Kind::kBfdProfile, Kind::kNode};
constexpr std::array kForProfiles = {Kind::kBfdProfile};
constexpr std::array kForDeletion = {Kind::kPeer};
constexpr std::array kForCommunities = {Kind::kCommunity, Kind::kBgpAdvertisement};

constexpr std::array kWebhooks = {
    Webhook{"/validate-metallb-io-v1beta1-ipaddresspool", Kind::kPool, kForPools},
    Webhook{"/validate-metallb-io-v1beta1-l2advertisement", Kind::kLayer2Advertisement, kForLayer2},
    Webhook{"/validate-metallb-io-v1beta1-bgpadvertisement", Kind::kBgpAdvertisement, kForBgp},
    Webhook{"/validate-metallb-io-v1beta2-bgppeer", Kind::kPeer, kForPeers},
    Webhook{"/validate-metallb-io-v1beta1-bfdprofile", Kind::kBfdProfile, kForProfiles},
    Webhook{"/validate-metallb-io-v1beta1-community", Kind::kCommunity, kForCommunities},
};

/// The Secret that a BGPPeer takes its password from.
std::string secret_of(const boost::json::value& peer) {
  const auto* const whole = peer.if_object();
  const auto* const spec = whole == nullptr ? nullptr : kube::object_at(*whole, "spec");
  const auto* const reference = spec == nullptr ? nullptr : kube::object_at(*spec, "passwordSecret");
  return reference == nullptr ? std::string() : kube::string_at(*reference, "name");
}

}  // namespace

const Webhook* webhook_at(std::string_view path) {
  const auto found = std::find_if(kWebhooks.begin(), kWebhooks.end(), [&](const auto& w) { return w.path == path; });
  return found == kWebhooks.end() ? nullptr : &*found;
}

std::span<const Webhook> webhooks() {
  return kWebhooks;
}

std::vector<Listing> listings(const Webhook& webhook, const Review& review, const std::string& namespace_) {
  std::vector<Listing> out;
  const auto inputs = review.operation == Operation::kDelete ? std::span<const Kind>(kForDeletion) : webhook.inputs;
  for (const auto kind : inputs) {
    out.push_back({.kind = kind, .target = resource_of(kind).path(namespace_)});
  }
  // Only the one: there may be many Secrets, and they are nobody's business.
  if (const auto name = secret_of(review.object); webhook.kind == Kind::kPeer && !name.empty()) {
    out.push_back({.kind = Kind::kSecret,
                   .target = resource_of(Kind::kSecret).path(namespace_) +
                             "?fieldSelector=" + kube::query_value("metadata.name=" + name)});
  }
  return out;
}

}  // namespace metallb::admission
