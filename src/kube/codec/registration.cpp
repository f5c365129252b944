// Codecs of objects/registration.hpp, and where these kinds live.
#include "kube/objects/registration.hpp"

#include "kube/codec/mapper.hpp"

namespace metallb::kube {

template <>
const Resource& resource_of<ValidatingWebhookConfiguration>() {
  static constexpr Resource kRow{"admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations",
                                 "ValidatingWebhookConfiguration", false};
  return kRow;
}

template <>
const Resource& resource_of<CustomResourceDefinition>() {
  static constexpr Resource kRow{"apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition",
                                 false};
  return kRow;
}

METALLB_KUBE_CODEC(ValidatingWebhookConfiguration)
METALLB_KUBE_CODEC(CustomResourceDefinition)

}  // namespace metallb::kube
