// Codecs of objects/meta.hpp: the shapes that are decoded on their own.
#include "kube/codec/mapper.hpp"

namespace metallb::kube {

METALLB_KUBE_CODEC(ObjectMeta)
METALLB_KUBE_CODEC(ObjectReference)
METALLB_KUBE_CODEC(LabelSelector)
METALLB_KUBE_CODEC(Condition)

}  // namespace metallb::kube
