// Operations spec 1.11: a list beyond what the roles grant is refused as a whole.
#include "app/speaker_scopes.hpp"

#include <gtest/gtest.h>

namespace metallb::app {
namespace {

template <class... Kinds>
std::vector<io::WatchScope> scopes() {
  return {speaker_scope<Kinds>("metallb-system", "n1")...};
}

TEST(SpeakerScopes, GoBeyondTheOwnNamespaceOnlyWhereTheClusterRoleDoes) {
  for (const auto& scope :
       scopes<kube::Service, kube::EndpointSlice, kube::Node, kube::Namespace, kube::ServiceL2Status>()) {
    EXPECT_EQ(scope.namespace_, "");
    EXPECT_EQ(scope.label_selector + scope.field_selector, "");
  }
  for (const auto& scope :
       scopes<kube::IPAddressPool, kube::L2Advertisement, kube::BGPPeer, kube::BGPAdvertisement, kube::BFDProfile,
              kube::Community, kube::Secret, kube::ConfigMap, kube::ServiceBGPStatus>()) {
    EXPECT_EQ(scope.namespace_, "metallb-system");
  }
}

TEST(SpeakerScopes, LeaveTheBgpStatusesOfOtherNodesAlone) {
  EXPECT_EQ(speaker_scope<kube::ServiceBGPStatus>("metallb-system", "n1").label_selector, "metallb.io/node=n1");
}

TEST(SpeakerScopes, TakeOneConfigMapOnly) {
  EXPECT_EQ(speaker_scope<kube::ConfigMap>("metallb-system", "n1").field_selector, "metadata.name=bgpextras");
}

}  // namespace
}  // namespace metallb::app
