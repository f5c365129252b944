// Objects by which the API server knows of webhooks and kinds. They belong to others and are changed as raw JSON, so all
// that is decoded of them is what tells one state from another. Only who looks after webhooks includes this.
#pragma once

#include "kube/objects/meta.hpp"
#include "kube/resource.hpp"

namespace metallb::kube {

struct ValidatingWebhookConfiguration {
  ObjectMeta metadata;
  bool operator==(const ValidatingWebhookConfiguration&) const = default;
};
BOOST_DESCRIBE_STRUCT(ValidatingWebhookConfiguration, (), (metadata))

struct CustomResourceDefinition {
  ObjectMeta metadata;
  bool operator==(const CustomResourceDefinition&) const = default;
};
BOOST_DESCRIBE_STRUCT(CustomResourceDefinition, (), (metadata))

template <>
[[nodiscard]] const Resource& resource_of<ValidatingWebhookConfiguration>();
template <>
[[nodiscard]] const Resource& resource_of<CustomResourceDefinition>();

}  // namespace metallb::kube
