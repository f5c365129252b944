#include "speaker/kept_service.hpp"

namespace metallb::speaker {

std::shared_ptr<const kube::Service> kept_of(const kube::Service& service) {
  auto out = std::make_shared<kube::Service>();
  out->metadata = service.metadata.identity();
  out->metadata.labels = service.metadata.labels;
  for (const auto* name : kSharingAnnotations) {
    const auto found = service.metadata.annotations.find(name);
    if (found != service.metadata.annotations.end()) out->metadata.annotations.insert(*found);
  }
  out->spec.type = service.spec.type;
  out->spec.ipFamilies = service.spec.ipFamilies;
  out->spec.loadBalancerClass = service.spec.loadBalancerClass;
  out->spec.externalTrafficPolicy = service.spec.externalTrafficPolicy;
  out->status = service.status;
  return out;
}

}  // namespace metallb::speaker
