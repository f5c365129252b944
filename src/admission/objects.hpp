// The kinds that admission looks at, as inputs of config::build, decoded and put in place of their namesakes.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <expected>
#include <memory>
#include <variant>

#include "base/names.hpp"
#include "config/build.hpp"
#include "kube/json.hpp"
#include "kube/resource.hpp"

namespace metallb::admission {

enum class Kind : std::uint8_t {
  kPool,
  kLayer2Advertisement,
  kBgpAdvertisement,
  kPeer,
  kBfdProfile,
  kCommunity,
  kNode,
  kSecret,
};

[[nodiscard]] const kube::Resource& resource_of(Kind kind);

using Object = std::variant<std::shared_ptr<const kube::IPAddressPool>, std::shared_ptr<const kube::L2Advertisement>,
                            std::shared_ptr<const kube::BGPAdvertisement>, std::shared_ptr<const kube::BGPPeer>,
                            std::shared_ptr<const kube::BFDProfile>, std::shared_ptr<const kube::Community>,
                            std::shared_ptr<const kube::Node>, std::shared_ptr<const kube::Secret>>;

/// A BGPPeer of v1beta1 becomes one of v1beta2.
[[nodiscard]] std::expected<Object, kube::DecodeError> decode_object(Kind kind, const boost::json::value& json);

/// Adds `object`, in place of the one of that name if there is one.
void put(config::Resources& resources, const Object& object);

}  // namespace metallb::admission
