#include "controller/kept_service.hpp"

#include "controller/service_request.hpp"

namespace metallb::controller {

std::shared_ptr<const kube::Service> kept_of(const kube::Service& service) {
  auto out = std::make_shared<kube::Service>();
  out->metadata = service.metadata.identity();
  out->metadata.creationTimestamp = service.metadata.creationTimestamp;
  out->metadata.labels = service.metadata.labels;
  for (const auto& annotation : service.metadata.annotations) {
    if (is_ours(annotation.first)) out->metadata.annotations.insert(annotation);
  }
  out->spec = service.spec;
  if (!ipv6_first(service)) out->spec.ipFamilies = {};
  if (!would_share(service)) {
    out->spec.ports = {};
    out->spec.selector = {};
  }
  out->status = service.status;
  return out;
}

}  // namespace metallb::controller
