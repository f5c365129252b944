#include "admission/objects.hpp"

#include <algorithm>
#include <boost/json/value.hpp>

#include "admission/peer_versions.hpp"
#include "base/contract.hpp"
#include "kube/json_text.hpp"

namespace metallb::admission {
namespace {

template <class T>
std::expected<Object, kube::DecodeError> decoded(const boost::json::value& json) {
  auto object = kube::decode<T>(json);
  if (!object) return std::unexpected(std::move(object).error());
  return std::make_shared<const T>(*std::move(object));
}

/// Webhooks may be registered so that the server does not convert what it sends them.
std::expected<Object, kube::DecodeError> decoded_peer(const boost::json::value& json) {
  const auto* const whole = json.if_object();
  if (whole == nullptr || kube::string_at(*whole, "apiVersion") != kPeerV1beta1) return decoded<kube::BGPPeer>(json);
  const auto converted = convert_peer(json, kPeerV1beta2);
  if (!converted) return std::unexpected(kube::DecodeError{.path = {}, .message = converted.error()});
  return decoded<kube::BGPPeer>(*converted);
}

// Which list of the resources is that of a type.
auto& list(config::Resources& r, const kube::IPAddressPool&) {
  return r.pools;
}
auto& list(config::Resources& r, const kube::L2Advertisement&) {
  return r.l2_advertisements;
}
auto& list(config::Resources& r, const kube::BGPAdvertisement&) {
  return r.bgp_advertisements;
}
auto& list(config::Resources& r, const kube::BGPPeer&) {
  return r.bgp_peers;
}
auto& list(config::Resources& r, const kube::BFDProfile&) {
  return r.bfd_profiles;
}
auto& list(config::Resources& r, const kube::Community&) {
  return r.communities;
}
auto& list(config::Resources& r, const kube::Node&) {
  return r.nodes;
}
auto& list(config::Resources& r, const kube::Secret&) {
  return r.secrets;
}

}  // namespace

const kube::Resource& resource_of(Kind kind) {
  switch (kind) {
    case Kind::kPool:
      return kube::resource_of<kube::IPAddressPool>();
    case Kind::kLayer2Advertisement:
      return kube::resource_of<kube::L2Advertisement>();
    case Kind::kBgpAdvertisement:
      return kube::resource_of<kube::BGPAdvertisement>();
    case Kind::kPeer:
      return kube::resource_of<kube::BGPPeer>();
    case Kind::kBfdProfile:
      return kube::resource_of<kube::BFDProfile>();
    case Kind::kCommunity:
      return kube::resource_of<kube::Community>();
    case Kind::kNode:
      return kube::resource_of<kube::Node>();
    case Kind::kSecret:
      return kube::resource_of<kube::Secret>();
  }
  METALLB_CONTRACT(false, "a kind is one of those listed");
}

std::expected<Object, kube::DecodeError> decode_object(Kind kind, const boost::json::value& json) {
  switch (kind) {
    case Kind::kPool:
      return decoded<kube::IPAddressPool>(json);
    case Kind::kLayer2Advertisement:
      return decoded<kube::L2Advertisement>(json);
    case Kind::kBgpAdvertisement:
      return decoded<kube::BGPAdvertisement>(json);
    case Kind::kPeer:
      return decoded_peer(json);
    case Kind::kBfdProfile:
      return decoded<kube::BFDProfile>(json);
    case Kind::kCommunity:
      return decoded<kube::Community>(json);
    case Kind::kNode:
      return decoded<kube::Node>(json);
    case Kind::kSecret:
      return decoded<kube::Secret>(json);
  }
  METALLB_CONTRACT(false, "a kind is one of those listed");
}

void put(config::Resources& resources, const Object& object) {
  std::visit(
      [&](const auto& typed) {
        auto& objects = list(resources, *typed);
        const auto same = [&](const auto& other) { return other->metadata.name == typed->metadata.name; };
        if (const auto found = std::find_if(objects.begin(), objects.end(), same); found != objects.end()) {
          *found = typed;
        } else {
          objects.push_back(typed);
        }
      },
      object);
}

}  // namespace metallb::admission
