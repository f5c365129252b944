// Codecs of objects/metallb.hpp.
#include "kube/codec/mapper.hpp"

namespace metallb::kube {

METALLB_KUBE_CODEC(IPAddressPool)
METALLB_KUBE_CODEC(L2Advertisement)
METALLB_KUBE_CODEC(BGPAdvertisement)
METALLB_KUBE_CODEC(BGPPeer)
METALLB_KUBE_CODEC(BFDProfile)
METALLB_KUBE_CODEC(Community)
METALLB_KUBE_CODEC(ServiceL2Status)
METALLB_KUBE_CODEC(ServiceBGPStatus)
METALLB_KUBE_CODEC(ConfigurationState)

METALLB_KUBE_CODEC(IPAddressPoolStatus)
METALLB_KUBE_CODEC(ServiceL2StatusStatus)
METALLB_KUBE_CODEC(ConfigurationStateStatus)

}  // namespace metallb::kube
