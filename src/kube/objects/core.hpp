// The core kinds: Service, Node, Namespace, Pod, Secret, ConfigMap, Event; and coordination's Lease, discovery's
// EndpointSlice. Only the fields that the program reads or writes: a cluster has ten thousand Services, each of which is
// kept.
#pragma once

#include "kube/objects/meta.hpp"

namespace metallb::kube {

struct ServicePort {
  std::string protocol;  ///< empty means TCP
  std::int32_t port = 0;
  bool operator==(const ServicePort&) const = default;
};
BOOST_DESCRIBE_STRUCT(ServicePort, (), (protocol, port))

struct ServiceSpec {
  std::string type;
  std::vector<ServicePort> ports;
  StringMap selector;
  std::string clusterIP;
  std::vector<std::string> clusterIPs;
  std::vector<std::string> ipFamilies;
  std::string ipFamilyPolicy;
  std::string loadBalancerIP;
  std::optional<std::string> loadBalancerClass;
  std::string externalTrafficPolicy;
  bool operator==(const ServiceSpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(ServiceSpec, (),
                      (type, ports, selector, clusterIP, clusterIPs, ipFamilies, ipFamilyPolicy, loadBalancerIP,
                       loadBalancerClass, externalTrafficPolicy))

struct LoadBalancerIngress {
  std::string ip;
  std::string hostname;
  bool operator==(const LoadBalancerIngress&) const = default;
};
BOOST_DESCRIBE_STRUCT(LoadBalancerIngress, (), (ip, hostname))

struct LoadBalancerStatus {
  std::vector<LoadBalancerIngress> ingress;
  bool operator==(const LoadBalancerStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(LoadBalancerStatus, (), (ingress))

struct ServiceStatus {
  LoadBalancerStatus loadBalancer;
  bool operator==(const ServiceStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(ServiceStatus, (), (loadBalancer))

struct Service {
  ObjectMeta metadata;
  ServiceSpec spec;
  ServiceStatus status;
  bool operator==(const Service&) const = default;
};
BOOST_DESCRIBE_STRUCT(Service, (), (metadata, spec, status))

struct EndpointConditions {
  std::optional<bool> ready;
  std::optional<bool> serving;
  std::optional<bool> terminating;
  bool operator==(const EndpointConditions&) const = default;
};
BOOST_DESCRIBE_STRUCT(EndpointConditions, (), (ready, serving, terminating))

struct Endpoint {
  std::vector<std::string> addresses;
  EndpointConditions conditions;
  std::optional<std::string> nodeName;
  bool operator==(const Endpoint&) const = default;
};
BOOST_DESCRIBE_STRUCT(Endpoint, (), (addresses, conditions, nodeName))

struct EndpointSlice {
  ObjectMeta metadata;
  std::string addressType;
  std::vector<Endpoint> endpoints;
  bool operator==(const EndpointSlice&) const = default;
};
BOOST_DESCRIBE_STRUCT(EndpointSlice, (), (metadata, addressType, endpoints))

struct NodeSpec {
  std::optional<bool> unschedulable;
  std::string podCIDR;
  std::vector<std::string> podCIDRs;
  bool operator==(const NodeSpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(NodeSpec, (), (unschedulable, podCIDR, podCIDRs))

struct NodeAddress {
  std::string type;
  std::string address;
  bool operator==(const NodeAddress&) const = default;
};
BOOST_DESCRIBE_STRUCT(NodeAddress, (), (type, address))

struct NodeStatus {
  std::vector<NodeAddress> addresses;
  std::vector<Condition> conditions;
  bool operator==(const NodeStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(NodeStatus, (), (addresses, conditions))

struct Node {
  ObjectMeta metadata;
  NodeSpec spec;
  NodeStatus status;
  bool operator==(const Node&) const = default;
};
BOOST_DESCRIBE_STRUCT(Node, (), (metadata, spec, status))

struct NamespaceStatus {
  std::string phase;
  bool operator==(const NamespaceStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(NamespaceStatus, (), (phase))

struct Namespace {
  ObjectMeta metadata;
  NamespaceStatus status;
  bool operator==(const Namespace&) const = default;
};
BOOST_DESCRIBE_STRUCT(Namespace, (), (metadata, status))

struct PodIP {
  std::string ip;
  bool operator==(const PodIP&) const = default;
};
BOOST_DESCRIBE_STRUCT(PodIP, (), (ip))

struct PodStatus {
  std::string phase;
  std::string hostIP;
  std::string podIP;
  std::vector<PodIP> podIPs;
  std::vector<Condition> conditions;
  bool operator==(const PodStatus&) const = default;
};
BOOST_DESCRIBE_STRUCT(PodStatus, (), (phase, hostIP, podIP, podIPs, conditions))

struct PodSpec {
  std::string nodeName;
  bool operator==(const PodSpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(PodSpec, (), (nodeName))

struct Pod {
  ObjectMeta metadata;
  PodSpec spec;
  PodStatus status;
  bool operator==(const Pod&) const = default;
};
BOOST_DESCRIBE_STRUCT(Pod, (), (metadata, spec, status))

struct Secret {
  ObjectMeta metadata;
  std::string type;
  StringMap data;        ///< values in base64, as on the wire
  StringMap stringData;  ///< write-only convenience of the API
  bool operator==(const Secret&) const = default;
};
BOOST_DESCRIBE_STRUCT(Secret, (), (metadata, type, data, stringData))

struct ConfigMap {
  ObjectMeta metadata;
  StringMap data;
  bool operator==(const ConfigMap&) const = default;
};
BOOST_DESCRIBE_STRUCT(ConfigMap, (), (metadata, data))

struct EventSource {
  std::string component;
  std::string host;
  bool operator==(const EventSource&) const = default;
};
BOOST_DESCRIBE_STRUCT(EventSource, (), (component, host))

struct Event {
  ObjectMeta metadata;
  ObjectReference involvedObject;
  std::string reason;
  std::string message;
  EventSource source;
  std::string firstTimestamp;
  std::string lastTimestamp;
  std::int32_t count = 0;
  std::string type;  ///< "Normal" or "Warning"
  std::string reportingComponent;
  std::string reportingInstance;
  bool operator==(const Event&) const = default;
};
BOOST_DESCRIBE_STRUCT(Event, (),
                      (metadata, involvedObject, reason, message, source, firstTimestamp, lastTimestamp, count, type,
                       reportingComponent, reportingInstance))

struct LeaseSpec {
  std::optional<std::string> holderIdentity;
  std::optional<std::int32_t> leaseDurationSeconds;
  std::optional<std::string> acquireTime;
  std::optional<std::string> renewTime;
  std::optional<std::int32_t> leaseTransitions;
  bool operator==(const LeaseSpec&) const = default;
};
BOOST_DESCRIBE_STRUCT(LeaseSpec, (), (holderIdentity, leaseDurationSeconds, acquireTime, renewTime, leaseTransitions))

struct Lease {
  ObjectMeta metadata;
  LeaseSpec spec;
  bool operator==(const Lease&) const = default;
};
BOOST_DESCRIBE_STRUCT(Lease, (), (metadata, spec))

}  // namespace metallb::kube
