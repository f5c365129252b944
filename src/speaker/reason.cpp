#include "speaker/reason.hpp"

namespace metallb::speaker {

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::kAnnounced:
      return "";
    case Reason::kServiceDeleted:
      return "serviceDeleted";
    case Reason::kNotLoadBalancer:
      return "notLoadBalancer";
    case Reason::kForeignLoadBalancerClass:
      return "foreignLoadBalancerClass";
    case Reason::kNoConfiguration:
      return "noConfiguration";
    case Reason::kNoAddress:
      return "noIPAllocated";
    case Reason::kInvalidAddress:
      return "invalidIP";
    case Reason::kAddressNotAllowed:
      return "ipNotAllowed";
    case Reason::kAddressChanged:
      return "loadBalancerIPChanged";
    case Reason::kNotOwner:
      return "notOwner";
    case Reason::kNoMatchingAdvertisement:
      return "noMatchingAdvertisement";
    case Reason::kSharedAddressWithServiceSelector:
      return "sharedIPWithServiceSelector";
    case Reason::kNoMatchingInterface:
      return "noMatchingInterface";
    case Reason::kInterfacesUnknown:
      return "interfacesUnknown";
    case Reason::kYielded:
      return "yieldedToMember";
    case Reason::kFirstJoin:
      return "waitingForFirstJoin";
    case Reason::kAlone:
      return "aloneForAMoment";
    case Reason::kStopping:
      return "stopping";
    case Reason::kConflictingAdvertisements:
      return "conflictingAdvertisements";
    case Reason::kNodeNetworkUnavailable:
      return "nodeNetworkUnavailable";
    case Reason::kNodeExcluded:
      return "nodeLabeledExcludeBalancers";
    case Reason::kNoLocalEndpoints:
      return "noLocalEndpoints";
    case Reason::kNoEndpoints:
      return "noEndpoints";
    case Reason::kFamilyNotCarried:
      return "familyNotCarried";
  }
  return "";
}

}  // namespace metallb::speaker
