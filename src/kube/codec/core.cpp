// Codecs of objects/core.hpp. One file for all of them: with tables instead of code, a kind adds little to it.
#include "kube/codec/mapper.hpp"

namespace metallb::kube {

METALLB_KUBE_CODEC(Service)
METALLB_KUBE_CODEC(EndpointSlice)
METALLB_KUBE_CODEC(Node)
METALLB_KUBE_CODEC(Namespace)
METALLB_KUBE_CODEC(Pod)
METALLB_KUBE_CODEC(Secret)
METALLB_KUBE_CODEC(ConfigMap)
METALLB_KUBE_CODEC(Event)
METALLB_KUBE_CODEC(Lease)

METALLB_KUBE_CODEC(ServiceSpec)
METALLB_KUBE_CODEC(ServiceStatus)

}  // namespace metallb::kube
