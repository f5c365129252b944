#include "apiserver/schemas/texts.hpp"

namespace metallb::apiserver::schemas {

std::string_view builtin() {
  return R"json({
"ConfigMap": {"type": "object", "properties": {
  "data": {"$ref": "#/components/schemas/TextMap"}, "binaryData": {"$ref": "#/components/schemas/TextMap"},
  "immutable": {"type": "boolean"}}},
"Secret": {"type": "object", "properties": {
  "data": {"$ref": "#/components/schemas/TextMap"}, "stringData": {"$ref": "#/components/schemas/TextMap"},
  "type": {"type": "string"}, "immutable": {"type": "boolean"}}},
"Event": {"type": "object", "properties": {
  "involvedObject": {"type": "object"}, "reason": {"type": "string"}, "message": {"type": "string"},
  "source": {"type": "object"}, "firstTimestamp": {"type": "string"}, "lastTimestamp": {"type": "string"},
  "count": {"type": "integer"}, "type": {"type": "string"}}},
"Namespace": {"type": "object", "properties": {"spec": {"type": "object"}, "status": {"type": "object"}}},
"Node": {"type": "object", "properties": {
  "spec": {"type": "object", "properties": {"podCIDR": {"type": "string"}, "podCIDRs": {"$ref": "#/components/schemas/Texts"},
    "unschedulable": {"type": "boolean"}, "taints": {"type": "array", "items": {"type": "object"}}}},
  "status": {"type": "object", "properties": {
    "addresses": {"type": "array", "items": {"type": "object", "properties": {
      "type": {"type": "string"}, "address": {"type": "string"}}}},
    "conditions": {"type": "array", "items": {"type": "object", "properties": {
      "type": {"type": "string"}, "status": {"type": "string"}}}}}}}},
"Pod": {"type": "object", "properties": {
  "spec": {"type": "object", "properties": {"nodeName": {"type": "string"},
    "containers": {"type": "array", "items": {"type": "object", "properties": {
      "name": {"type": "string"}, "image": {"type": "string"},
      "ports": {"type": "array", "items": {"type": "object", "properties": {
        "containerPort": {"type": "integer"}, "name": {"type": "string"}, "protocol": {"type": "string"}}}}}}}}},
  "status": {"type": "object", "properties": {
    "phase": {"type": "string"}, "podIP": {"type": "string"}, "hostIP": {"type": "string"},
    "podIPs": {"type": "array", "items": {"type": "object"}}, "conditions": {"type": "array", "items": {"type": "object"}},
    "containerStatuses": {"type": "array", "items": {"type": "object"}}}}}},
"Service": {"type": "object", "properties": {
  "spec": {"type": "object", "properties": {
    "type": {"type": "string"}, "clusterIP": {"type": "string"}, "clusterIPs": {"$ref": "#/components/schemas/Texts"},
    "ipFamilies": {"$ref": "#/components/schemas/Texts"}, "ipFamilyPolicy": {"type": "string"},
    "externalIPs": {"$ref": "#/components/schemas/Texts"}, "externalName": {"type": "string"},
    "selector": {"$ref": "#/components/schemas/TextMap"}, "loadBalancerIP": {"type": "string"},
    "loadBalancerClass": {"type": "string"}, "loadBalancerSourceRanges": {"$ref": "#/components/schemas/Texts"},
    "externalTrafficPolicy": {"type": "string"}, "internalTrafficPolicy": {"type": "string"},
    "sessionAffinity": {"type": "string"}, "healthCheckNodePort": {"type": "integer"},
    "allocateLoadBalancerNodePorts": {"type": "boolean"}, "publishNotReadyAddresses": {"type": "boolean"},
    "ports": {"type": "array", "items": {"type": "object", "properties": {
      "name": {"type": "string"}, "protocol": {"type": "string"}, "appProtocol": {"type": "string"},
      "port": {"type": "integer"}, "targetPort": {"x-kubernetes-int-or-string": true}, "nodePort": {"type": "integer"}}}}}},
  "status": {"type": "object", "properties": {
    "loadBalancer": {"type": "object", "properties": {"ingress": {"type": "array", "items": {"type": "object", "properties": {
      "ip": {"type": "string"}, "hostname": {"type": "string"}}}}}},
    "conditions": {"type": "array", "items": {"type": "object"}}}}}},
"Deployment": {"type": "object", "properties": {
  "spec": {"type": "object", "properties": {"replicas": {"type": "integer"}, "selector": {"type": "object"},
    "template": {"type": "object"}}}, "status": {"type": "object"}}},
"Lease": {"type": "object", "properties": {"spec": {"type": "object", "properties": {
  "holderIdentity": {"type": "string"}, "leaseDurationSeconds": {"type": "integer"}, "acquireTime": {"type": "string"},
  "renewTime": {"type": "string"}, "leaseTransitions": {"type": "integer"}}}}},
"EndpointSlice": {"type": "object", "properties": {
  "addressType": {"type": "string"},
  "endpoints": {"type": "array", "items": {"type": "object", "properties": {
    "addresses": {"$ref": "#/components/schemas/Texts"}, "nodeName": {"type": "string"},
    "conditions": {"type": "object", "properties": {
      "ready": {"type": "boolean"}, "serving": {"type": "boolean"}, "terminating": {"type": "boolean"}}}}}},
  "ports": {"type": "array", "items": {"type": "object", "properties": {
    "name": {"type": "string"}, "protocol": {"type": "string"}, "port": {"type": "integer"}}}}}},
"CustomResourceDefinition": {"type": "object", "description": "A kind of objects that this server keeps.", "properties": {
  "spec": {"type": "object", "properties": {
    "group": {"type": "string"}, "scope": {"type": "string", "description": "Namespaced or Cluster."},
    "preserveUnknownFields": {"type": "boolean"},
    "names": {"type": "object", "properties": {
      "plural": {"type": "string"}, "singular": {"type": "string"}, "kind": {"type": "string"}, "listKind": {"type": "string"},
      "shortNames": {"$ref": "#/components/schemas/Texts"}, "categories": {"$ref": "#/components/schemas/Texts"}}},
    "conversion": {"type": "object", "properties": {"strategy": {"type": "string"}, "webhook": {"type": "object", "properties": {
      "clientConfig": {"type": "object"}, "conversionReviewVersions": {"$ref": "#/components/schemas/Texts"}}}}},
    "versions": {"type": "array", "items": {"type": "object", "properties": {
      "name": {"type": "string"}, "served": {"type": "boolean"}, "storage": {"type": "boolean"},
      "deprecated": {"type": "boolean"}, "deprecationWarning": {"type": "string"},
      "schema": {"type": "object", "properties": {"openAPIV3Schema": {"$ref": "#/components/schemas/JSONSchemaProps"}}},
      "subresources": {"type": "object", "properties": {"status": {"type": "object"}, "scale": {"type": "object"}}},
      "additionalPrinterColumns": {"type": "array", "items": {"type": "object", "properties": {
        "name": {"type": "string"}, "type": {"type": "string"}, "jsonPath": {"type": "string"}, "format": {"type": "string"},
        "description": {"type": "string"}, "priority": {"type": "integer"}}}}}}}}},
  "status": {"type": "object", "properties": {
    "acceptedNames": {"type": "object"}, "storedVersions": {"$ref": "#/components/schemas/Texts"},
    "conditions": {"type": "array", "items": {"type": "object", "properties": {
      "type": {"type": "string"}, "status": {"type": "string"}, "reason": {"type": "string"},
      "message": {"type": "string"}, "lastTransitionTime": {"type": "string"}}}}}}}}
})json";
}

}  // namespace metallb::apiserver::schemas
