// The metallb.io kinds (controller spec section 1). Optional members distinguish "absent" where a default depends on it.
#pragma once

#include "kube/objects/meta.hpp"

namespace metallb::kube {

struct ServiceAllocation {
  std::int64_t priority = 0;  ///< 1 is the highest; 0 is unset, the lowest
  std::vector<std::string> namespaces;
  std::vector<LabelSelector> namespaceSelectors;
  std::vector<LabelSelector> serviceSelectors;
  bool operator==(const ServiceAllocation&) const = default;
};
BOOST_DESCRIBE_STRUCT(ServiceAllocation, (), (priority, namespaces, namespaceSelectors, serviceSelectors))

struct IPAddressPoolSpec {
  std::vector<std::string> addresses;
  std::optional<bool> autoAssign;
  bool avoidBuggyIPs = false;
  std::optional<ServiceAllocation> serviceAllocation;
  bool operator==(const IPAddressPoolSpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(IPAddressPoolSpec, (), (addresses, autoAssign, avoidBuggyIPs, serviceAllocation))

struct IPAddressPoolStatus {
  std::int64_t assignedIPv4 = 0;
  std::int64_t assignedIPv6 = 0;
  std::int64_t availableIPv4 = 0;
  std::int64_t availableIPv6 = 0;
  bool operator==(const IPAddressPoolStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(IPAddressPoolStatus, (), (assignedIPv4, assignedIPv6, availableIPv4, availableIPv6))

struct IPAddressPool {
  ObjectMeta metadata;
  IPAddressPoolSpec spec;
  IPAddressPoolStatus status;
  bool operator==(const IPAddressPool&) const = default;
};
BOOST_DESCRIBE_STRUCT(IPAddressPool, (), (metadata, spec, status))

struct PreferredNodeSelector {
  std::int32_t weight = 0;
  LabelSelector preference;
  bool operator==(const PreferredNodeSelector&) const = default;
};
BOOST_DESCRIBE_STRUCT(PreferredNodeSelector, (), (weight, preference))

struct L2AdvertisementSpec {
  std::vector<std::string> ipAddressPools;
  std::vector<LabelSelector> ipAddressPoolSelectors;
  std::vector<LabelSelector> nodeSelectors;
  std::vector<std::string> interfaces;
  std::vector<LabelSelector> serviceSelectors;
  std::vector<PreferredNodeSelector> preferredNodeSelectors;
  bool operator==(const L2AdvertisementSpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(L2AdvertisementSpec, (),
                      (ipAddressPools, ipAddressPoolSelectors, nodeSelectors, interfaces, serviceSelectors,
                       preferredNodeSelectors))

struct L2Advertisement {
  ObjectMeta metadata;
  L2AdvertisementSpec spec;
  bool operator==(const L2Advertisement&) const = default;
};
BOOST_DESCRIBE_STRUCT(L2Advertisement, (), (metadata, spec))

struct BGPAdvertisementSpec {
  std::optional<std::int32_t> aggregationLength;
  std::optional<std::int32_t> aggregationLengthV6;
  std::optional<std::int64_t> localPref;
  std::vector<std::string> communities;
  std::vector<std::string> ipAddressPools;
  std::vector<LabelSelector> ipAddressPoolSelectors;
  std::vector<LabelSelector> nodeSelectors;
  std::vector<std::string> peers;
  std::vector<LabelSelector> serviceSelectors;
  bool operator==(const BGPAdvertisementSpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(BGPAdvertisementSpec, (),
                      (aggregationLength, aggregationLengthV6, localPref, communities, ipAddressPools,
                       ipAddressPoolSelectors, nodeSelectors, peers, serviceSelectors))

struct BGPAdvertisement {
  ObjectMeta metadata;
  BGPAdvertisementSpec spec;
  bool operator==(const BGPAdvertisement&) const = default;
};
BOOST_DESCRIBE_STRUCT(BGPAdvertisement, (), (metadata, spec))

struct SecretReference {
  std::string name;
  std::string namespace_;
  bool operator==(const SecretReference&) const = default;
};
BOOST_DESCRIBE_STRUCT(SecretReference, (), (name, namespace_))

struct BGPPeerSpec {
  std::int64_t myASN = 0;
  std::int64_t peerASN = 0;
  std::string dynamicASN;
  std::optional<std::int64_t> localASN;
  std::string peerAddress;
  std::string interface;
  std::string sourceAddress;
  std::optional<std::int32_t> peerPort;
  std::optional<std::string> holdTime;  ///< Go duration strings
  std::optional<std::string> keepaliveTime;
  std::optional<std::string> connectTime;
  std::string routerID;
  std::vector<LabelSelector> nodeSelectors;
  std::string password;
  SecretReference passwordSecret;
  std::string bfdProfile;
  std::optional<bool> enableGracefulRestart;
  bool ebgpMultiHop = false;
  std::string vrf;
  bool disableMP = false;
  bool dualStackAddressFamily = false;
  bool operator==(const BGPPeerSpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(BGPPeerSpec, (),
                      (myASN, peerASN, dynamicASN, localASN, peerAddress, interface, sourceAddress, peerPort, holdTime,
                       keepaliveTime, connectTime, routerID, nodeSelectors, password, passwordSecret, bfdProfile,
                       enableGracefulRestart, ebgpMultiHop, vrf, disableMP, dualStackAddressFamily))

struct BGPPeer {
  ObjectMeta metadata;
  BGPPeerSpec spec;
  bool operator==(const BGPPeer&) const = default;
};
BOOST_DESCRIBE_STRUCT(BGPPeer, (), (metadata, spec))

struct BFDProfileSpec {
  std::optional<std::int32_t> receiveInterval;  ///< milliseconds, as all intervals here
  std::optional<std::int32_t> transmitInterval;
  std::optional<std::int32_t> detectMultiplier;
  std::optional<std::int32_t> echoInterval;
  std::optional<bool> echoMode;
  std::optional<bool> passiveMode;
  std::optional<std::int32_t> minimumTtl;
  bool operator==(const BFDProfileSpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(BFDProfileSpec, (),
                      (receiveInterval, transmitInterval, detectMultiplier, echoInterval, echoMode, passiveMode, minimumTtl))

struct BFDProfile {
  ObjectMeta metadata;
  BFDProfileSpec spec;
  bool operator==(const BFDProfile&) const = default;
};
BOOST_DESCRIBE_STRUCT(BFDProfile, (), (metadata, spec))

struct CommunityAlias {
  std::string name;
  std::string value;
  bool operator==(const CommunityAlias&) const = default;
};
BOOST_DESCRIBE_STRUCT(CommunityAlias, (), (name, value))

struct CommunitySpec {
  std::vector<CommunityAlias> communities;
  bool operator==(const CommunitySpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(CommunitySpec, (), (communities))

struct Community {
  ObjectMeta metadata;
  CommunitySpec spec;
  bool operator==(const Community&) const = default;
};
BOOST_DESCRIBE_STRUCT(Community, (), (metadata, spec))

struct InterfaceInfo {
  std::string name;
  bool operator==(const InterfaceInfo&) const = default;
};
BOOST_DESCRIBE_STRUCT(InterfaceInfo, (), (name))

struct ServiceL2StatusStatus {
  std::string node;
  std::string serviceName;
  std::string serviceNamespace;
  std::vector<InterfaceInfo> interfaces;
  bool operator==(const ServiceL2StatusStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(ServiceL2StatusStatus, (), (node, serviceName, serviceNamespace, interfaces))

struct ServiceL2Status {
  ObjectMeta metadata;
  ServiceL2StatusStatus status;
  bool operator==(const ServiceL2Status&) const = default;
};
BOOST_DESCRIBE_STRUCT(ServiceL2Status, (), (metadata, status))

struct ServiceBGPStatusStatus {
  std::string node;
  std::string serviceName;
  std::string serviceNamespace;
  std::vector<std::string> peers;
  bool operator==(const ServiceBGPStatusStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(ServiceBGPStatusStatus, (), (node, serviceName, serviceNamespace, peers))

struct ServiceBGPStatus {
  ObjectMeta metadata;
  ServiceBGPStatusStatus status;
  bool operator==(const ServiceBGPStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(ServiceBGPStatus, (), (metadata, status))

struct ConfigurationStateStatus {
  std::string result;
  std::string errorSummary;
  std::vector<Condition> conditions;
  bool operator==(const ConfigurationStateStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(ConfigurationStateStatus, (), (result, errorSummary, conditions))

struct ConfigurationState {
  ObjectMeta metadata;
  ConfigurationStateStatus status;
  bool operator==(const ConfigurationState&) const = default;
};
BOOST_DESCRIBE_STRUCT(ConfigurationState, (), (metadata, status))

}  // namespace metallb::kube
