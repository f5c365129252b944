#include "apiserver/schemas/texts.hpp"

namespace metallb::apiserver::schemas {

std::string_view shared() {
  return R"json({
"ObjectMeta": {"type": "object", "description": "Name, labels, annotations and owners of an object.", "properties": {
  "name": {"type": "string"}, "generateName": {"type": "string"}, "namespace": {"type": "string"}, "uid": {"type": "string"},
  "resourceVersion": {"type": "string"}, "creationTimestamp": {"type": "string"}, "deletionTimestamp": {"type": "string"},
  "generation": {"type": "integer"},
  "labels": {"type": "object", "additionalProperties": {"type": "string"}},
  "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
  "finalizers": {"type": "array", "items": {"type": "string"}},
  "ownerReferences": {"type": "array", "items": {"type": "object", "properties": {
    "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "name": {"type": "string"}, "uid": {"type": "string"},
    "controller": {"type": "boolean"}, "blockOwnerDeletion": {"type": "boolean"}}}}}},
"LabelSelector": {"type": "object", "description": "All parts must hold; an empty selector selects everything.",
  "x-kubernetes-map-type": "atomic", "properties": {
  "matchLabels": {"type": "object", "additionalProperties": {"type": "string"}},
  "matchExpressions": {"type": "array", "x-kubernetes-list-type": "atomic", "items": {"type": "object",
    "required": ["key", "operator"], "properties": {
    "key": {"type": "string"}, "operator": {"type": "string", "description": "In, NotIn, Exists or DoesNotExist."},
    "values": {"type": "array", "x-kubernetes-list-type": "atomic", "items": {"type": "string"}}}}}}},
"LabelSelectors": {"type": "array", "description": "One of them has to match.",
  "items": {"$ref": "#/components/schemas/LabelSelector"}},
"Texts": {"type": "array", "items": {"type": "string"}},
"TextMap": {"type": "object", "additionalProperties": {"type": "string"}},
"Condition": {"type": "object", "required": ["lastTransitionTime", "message", "reason", "status", "type"], "properties": {
  "lastTransitionTime": {"type": "string"}, "message": {"type": "string"}, "reason": {"type": "string"},
  "status": {"type": "string", "enum": ["True", "False", "Unknown"]}, "type": {"type": "string"},
  "observedGeneration": {"type": "integer", "minimum": 0}}}
})json";
}

}  // namespace metallb::apiserver::schemas
