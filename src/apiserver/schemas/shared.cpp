#include "apiserver/schemas/texts.hpp"

namespace metallb::apiserver::schemas {

std::string_view shared() {
  return R"json({
"ObjectMeta": {"type": "object", "description": "Name, labels, annotations and owners of an object.", "properties": {
  "name": {"type": "string"}, "generateName": {"type": "string"}, "namespace": {"type": "string"}, "uid": {"type": "string"},
  "resourceVersion": {"type": "string"}, "creationTimestamp": {"type": "string"}, "deletionTimestamp": {"type": "string"},
  "deletionGracePeriodSeconds": {"type": "integer"}, "generation": {"type": "integer"},
  "labels": {"type": "object", "additionalProperties": {"type": "string"}},
  "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
  "finalizers": {"type": "array", "items": {"type": "string"}},
  "ownerReferences": {"type": "array", "items": {"type": "object", "properties": {
    "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "name": {"type": "string"}, "uid": {"type": "string"},
    "controller": {"type": "boolean"}, "blockOwnerDeletion": {"type": "boolean"}}}}}},
"JSONSchemaProps": {"type": "object", "description": "A structural schema.", "properties": {
  "type": {"type": "string"}, "format": {"type": "string"}, "title": {"type": "string"}, "description": {"type": "string"},
  "pattern": {"type": "string"}, "nullable": {"type": "boolean"}, "uniqueItems": {"type": "boolean"},
  "minimum": {"type": "number"}, "maximum": {"type": "number"}, "multipleOf": {"type": "number"},
  "exclusiveMinimum": {"type": "boolean"}, "exclusiveMaximum": {"type": "boolean"},
  "minLength": {"type": "integer"}, "maxLength": {"type": "integer"},
  "minItems": {"type": "integer"}, "maxItems": {"type": "integer"},
  "minProperties": {"type": "integer"}, "maxProperties": {"type": "integer"},
  "required": {"$ref": "#/components/schemas/Texts"}, "enum": {"type": "array"},
  "properties": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/JSONSchemaProps"}},
  "not": {"$ref": "#/components/schemas/JSONSchemaProps"},
  "allOf": {"type": "array", "items": {"$ref": "#/components/schemas/JSONSchemaProps"}},
  "anyOf": {"type": "array", "items": {"$ref": "#/components/schemas/JSONSchemaProps"}},
  "oneOf": {"type": "array", "items": {"$ref": "#/components/schemas/JSONSchemaProps"}},
  "x-kubernetes-preserve-unknown-fields": {"type": "boolean"}, "x-kubernetes-int-or-string": {"type": "boolean"},
  "x-kubernetes-embedded-resource": {"type": "boolean"}, "x-kubernetes-list-type": {"type": "string"},
  "x-kubernetes-list-map-keys": {"$ref": "#/components/schemas/Texts"}, "x-kubernetes-map-type": {"type": "string"},
  "x-kubernetes-validations": {"type": "array", "items": {"type": "object", "properties": {
    "rule": {"type": "string"}, "message": {"type": "string"}}}}}},
"Texts": {"type": "array", "items": {"type": "string"}},
"TextMap": {"type": "object", "additionalProperties": {"type": "string"}}
})json";
}

}  // namespace metallb::apiserver::schemas
