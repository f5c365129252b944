#include "apiserver/schemas/texts.hpp"

namespace metallb::apiserver::schemas {

// Descriptions are our own; they are what `kubectl explain` prints.
std::string_view metallb() {
  return R"json({
"IPAddressPool": {"type": "object", "required": ["spec"], "description": "A pool of addresses for LoadBalancer Services.",
  "properties": {
  "spec": {"type": "object", "required": ["addresses"], "properties": {
    "addresses": {"type": "array", "items": {"type": "string"},
      "description": "CIDRs or ranges (first-last), IPv4 and IPv6 may be mixed."},
    "autoAssign": {"type": "boolean", "default": true,
      "description": "When false, addresses are given only to Services that ask for them."},
    "avoidBuggyIPs": {"type": "boolean", "default": false,
      "description": "Never gives out IPv4 addresses that end in .0 or .255."},
    "serviceAllocation": {"type": "object", "description": "Which Services may, and should, use this pool.", "properties": {
      "priority": {"type": "integer", "description": "1 is tried first; 0 or none comes last."},
      "namespaces": {"$ref": "#/components/schemas/Texts"},
      "namespaceSelectors": {"$ref": "#/components/schemas/LabelSelectors"},
      "serviceSelectors": {"$ref": "#/components/schemas/LabelSelectors"}}}}},
  "status": {"type": "object", "required": ["assignedIPv4", "assignedIPv6", "availableIPv4", "availableIPv6"], "properties": {
    "assignedIPv4": {"type": "integer"}, "assignedIPv6": {"type": "integer"},
    "availableIPv4": {"type": "integer"}, "availableIPv6": {"type": "integer"}}}}},
"L2Advertisement": {"type": "object", "description": "Which pools are announced by ARP and NDP, and where.", "properties": {
  "spec": {"type": "object", "properties": {
    "ipAddressPools": {"$ref": "#/components/schemas/Texts"},
    "ipAddressPoolSelectors": {"$ref": "#/components/schemas/LabelSelectors"},
    "nodeSelectors": {"$ref": "#/components/schemas/LabelSelectors"},
    "interfaces": {"$ref": "#/components/schemas/Texts"},
    "serviceSelectors": {"$ref": "#/components/schemas/LabelSelectors"},
    "preferredNodeSelectors": {"type": "array", "items": {"type": "object", "required": ["weight", "preference"], "properties": {
      "weight": {"type": "integer", "minimum": 1, "maximum": 100},
      "preference": {"$ref": "#/components/schemas/LabelSelector"}}}}}},
  "status": {"type": "object"}}},
"BGPAdvertisement": {"type": "object", "description": "Which pools are announced by BGP, and how.", "properties": {
  "spec": {"type": "object", "properties": {
    "aggregationLength": {"type": "integer", "minimum": 1, "default": 32},
    "aggregationLengthV6": {"type": "integer", "default": 128},
    "localPref": {"type": "integer"},
    "communities": {"$ref": "#/components/schemas/Texts"},
    "ipAddressPools": {"$ref": "#/components/schemas/Texts"},
    "ipAddressPoolSelectors": {"$ref": "#/components/schemas/LabelSelectors"},
    "nodeSelectors": {"$ref": "#/components/schemas/LabelSelectors"},
    "peers": {"$ref": "#/components/schemas/Texts"},
    "serviceSelectors": {"$ref": "#/components/schemas/LabelSelectors"}}},
  "status": {"type": "object"}}},
"BGPPeer": {"type": "object", "description": "A router to speak BGP with.", "properties": {
  "spec": {"type": "object", "required": ["myASN"], "properties": {
    "myASN": {"type": "integer", "minimum": 0, "maximum": 4294967295},
    "peerASN": {"type": "integer", "minimum": 0, "maximum": 4294967295},
    "dynamicASN": {"type": "string", "enum": ["internal", "external"]},
    "localASN": {"type": "integer", "minimum": 1, "maximum": 4294967295},
    "peerAddress": {"type": "string"}, "interface": {"type": "string"}, "sourceAddress": {"type": "string"},
    "peerPort": {"type": "integer", "minimum": 1, "maximum": 16384, "default": 179},
    "holdTime": {"type": "string"}, "keepaliveTime": {"type": "string"}, "connectTime": {"type": "string"},
    "routerID": {"type": "string"}, "nodeSelectors": {"$ref": "#/components/schemas/LabelSelectors"},
    "password": {"type": "string"},
    "passwordSecret": {"type": "object", "properties": {"name": {"type": "string"}, "namespace": {"type": "string"}}},
    "bfdProfile": {"type": "string"}, "enableGracefulRestart": {"type": "boolean"}, "ebgpMultiHop": {"type": "boolean"},
    "vrf": {"type": "string"}, "disableMP": {"type": "boolean", "default": false},
    "dualStackAddressFamily": {"type": "boolean", "default": false}}},
  "status": {"type": "object"}}},
"BGPPeer.v1beta1": {"type": "object", "description": "A router to speak BGP with (older version, use v1beta2).", "properties": {
  "spec": {"type": "object", "required": ["myASN", "peerASN", "peerAddress"], "properties": {
    "myASN": {"type": "integer", "minimum": 0, "maximum": 4294967295},
    "peerASN": {"type": "integer", "minimum": 0, "maximum": 4294967295},
    "peerAddress": {"type": "string"}, "sourceAddress": {"type": "string"},
    "peerPort": {"type": "integer", "minimum": 0, "maximum": 16384},
    "holdTime": {"type": "string"}, "keepaliveTime": {"type": "string"}, "routerID": {"type": "string"},
    "nodeSelectors": {"$ref": "#/components/schemas/LabelSelectors"},
    "password": {"type": "string"}, "bfdProfile": {"type": "string"}, "ebgpMultiHop": {"type": "boolean"}}},
  "status": {"type": "object"}}},
"BFDProfile": {"type": "object", "description": "Timers of a BFD session; intervals in milliseconds.", "properties": {
  "spec": {"type": "object", "properties": {
    "receiveInterval": {"type": "integer", "minimum": 10, "maximum": 60000},
    "transmitInterval": {"type": "integer", "minimum": 10, "maximum": 60000},
    "detectMultiplier": {"type": "integer", "minimum": 2, "maximum": 255},
    "echoInterval": {"type": "integer", "minimum": 10, "maximum": 60000},
    "echoMode": {"type": "boolean"}, "passiveMode": {"type": "boolean"},
    "minimumTtl": {"type": "integer", "minimum": 1, "maximum": 254}}},
  "status": {"type": "object"}}},
"Community": {"type": "object", "description": "Names for BGP communities.", "properties": {
  "spec": {"type": "object", "properties": {
    "communities": {"type": "array", "items": {"type": "object", "properties": {
      "name": {"type": "string"}, "value": {"type": "string"}}}}}},
  "status": {"type": "object"}}},
"ServiceL2Status": {"type": "object", "description": "Which node answers for a Service.", "properties": {
  "spec": {"type": "object"},
  "status": {"type": "object", "properties": {
    "node": {"type": "string"}, "serviceName": {"type": "string"}, "serviceNamespace": {"type": "string"},
    "interfaces": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}}}}}},
"ServiceBGPStatus": {"type": "object", "description": "To which peers a node announces a Service.", "properties": {
  "spec": {"type": "object"},
  "status": {"type": "object", "properties": {
    "node": {"type": "string"}, "serviceName": {"type": "string"}, "serviceNamespace": {"type": "string"},
    "peers": {"$ref": "#/components/schemas/Texts"}}}}},
"ConfigurationState": {"type": "object", "description": "Whether a component could use the configuration.", "properties": {
  "status": {"type": "object", "properties": {
    "result": {"type": "string", "enum": ["Valid", "Invalid", "Unknown"]}, "errorSummary": {"type": "string"},
    "conditions": {"type": "array", "items": {"$ref": "#/components/schemas/Condition"}}}}}}
})json";
}

}  // namespace metallb::apiserver::schemas
