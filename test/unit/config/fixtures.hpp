// Short ways to write custom resources in the tests of config/.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/build.hpp"

// The tables name only the fields that matter to a row; the rest keep their defaults.
#pragma clang diagnostic ignored "-Wmissing-designated-field-initializers"

namespace metallb::config {

inline std::shared_ptr<kube::IPAddressPool> pool(std::string name, std::vector<std::string> addresses) {
  auto object = std::make_shared<kube::IPAddressPool>();
  object->metadata.namespace_ = "metallb-system";
  object->metadata.name = std::move(name);
  object->spec.addresses = std::move(addresses);
  return object;
}

inline std::shared_ptr<kube::L2Advertisement> advertisement(std::string name, kube::L2AdvertisementSpec spec = {}) {
  auto object = std::make_shared<kube::L2Advertisement>();
  object->metadata.namespace_ = "metallb-system";
  object->metadata.name = std::move(name);
  object->spec = std::move(spec);
  return object;
}

inline std::shared_ptr<kube::BGPAdvertisement> bgp_advertisement(std::string name, kube::BGPAdvertisementSpec spec = {}) {
  auto object = std::make_shared<kube::BGPAdvertisement>();
  object->metadata.namespace_ = "metallb-system";
  object->metadata.name = std::move(name);
  object->spec = std::move(spec);
  return object;
}

/// An external session with 192.0.2.1.
inline std::shared_ptr<kube::BGPPeer> peer(std::string name) {
  auto object = std::make_shared<kube::BGPPeer>();
  object->metadata.namespace_ = "metallb-system";
  object->metadata.name = std::move(name);
  object->spec.myASN = 64'512;
  object->spec.peerASN = 64'513;
  object->spec.peerAddress = "192.0.2.1";
  return object;
}

inline std::shared_ptr<kube::BFDProfile> profile(std::string name, kube::BFDProfileSpec spec = {}) {
  auto object = std::make_shared<kube::BFDProfile>();
  object->metadata.namespace_ = "metallb-system";
  object->metadata.name = std::move(name);
  object->spec = spec;
  return object;
}

/// `data` with its values in base64.
inline std::shared_ptr<kube::Secret> secret(std::string name, std::string type, kube::StringMap data) {
  auto object = std::make_shared<kube::Secret>();
  object->metadata.namespace_ = "metallb-system";
  object->metadata.name = std::move(name);
  object->type = std::move(type);
  object->data = std::move(data);
  return object;
}

inline std::shared_ptr<kube::Node> node(std::string name, kube::StringMap labels = {}) {
  auto object = std::make_shared<kube::Node>();
  object->metadata.name = std::move(name);
  object->metadata.labels = std::move(labels);
  return object;
}

inline std::shared_ptr<kube::Namespace> namespace_(std::string name, kube::StringMap labels = {}) {
  auto object = std::make_shared<kube::Namespace>();
  object->metadata.name = std::move(name);
  object->metadata.labels = std::move(labels);
  return object;
}

inline std::shared_ptr<kube::Community> community(std::string name, std::vector<kube::CommunityAlias> aliases) {
  auto object = std::make_shared<kube::Community>();
  object->metadata.namespace_ = "metallb-system";
  object->metadata.name = std::move(name);
  object->spec.communities = std::move(aliases);
  return object;
}

inline kube::LabelSelector labels(kube::StringMap match) {
  return {std::move(match), {}};
}

inline kube::LabelSelector expression(std::string key, std::string op, std::vector<std::string> values = {}) {
  return {{}, {{std::move(key), std::move(op), std::move(values)}}};
}

/// The configuration of resources that are all to be valid; else the first error.
inline std::expected<Config, ConfigError> strict(const Resources& resources) {
  auto built = build(resources);
  if (!built.errors.empty()) return std::unexpected(built.errors.front());
  return std::move(built.config);
}

/// "a/b c/d": the prefixes of a pool, for comparison.
inline std::string text(const std::vector<IpPrefix>& prefixes) {
  std::string out;
  for (const auto& prefix : prefixes) out += (out.empty() ? "" : " ") + prefix.to_string();
  return out;
}

}  // namespace metallb::config
