#include "apiserver/strategy.hpp"

#include <algorithm>

#include "apiserver/definitions/check_definition.hpp"
#include "apiserver/definitions/custom_resource.hpp"
#include "apiserver/names.hpp"
#include "apiserver/schema.hpp"
#include "apiserver/services/defaults.hpp"
#include "apiserver/services/validation.hpp"
#include "base/base64.hpp"

namespace metallb::apiserver {
namespace {

void default_namespace(json::object& object) {
  auto& metadata = object_in(object, "metadata");
  object_in(metadata, "labels")["kubernetes.io/metadata.name"] = text_at(metadata, "name");
  object_in(object, "spec")["finalizers"] = json::array{"kubernetes"};
  auto& status = object_in(object, "status");
  if (unset(status, "phase")) status["phase"] = "Active";
}

void default_pod(json::object& object) {
  auto& spec = object_in(object, "spec");
  const auto fill = [&spec](std::string_view key, json::value value) {
    if (unset(spec, key)) spec[key] = std::move(value);
  };
  fill("restartPolicy", "Always");
  fill("dnsPolicy", "ClusterFirst");
  fill("terminationGracePeriodSeconds", 30);
  fill("schedulerName", "default-scheduler");
  fill("enableServiceLinks", true);
  if (auto* value = spec.if_contains("containers"); value != nullptr && value->is_array()) {
    for (auto& item : value->get_array()) {
      auto* container = item.if_object();
      auto* ports = container == nullptr ? nullptr : container->if_contains("ports");
      if (ports == nullptr || !ports->is_array()) continue;
      for (auto& port : ports->get_array()) {
        if (auto* p = port.if_object(); p != nullptr && unset(*p, "protocol")) (*p)["protocol"] = "TCP";
      }
    }
  }
  auto& status = object_in(object, "status");
  if (unset(status, "phase")) status["phase"] = "Pending";
}

/// stringData is for writing only: its values go to data, in base64.
void default_secret(json::object& object) {
  if (unset(object, "type")) object["type"] = "Opaque";
  const auto texts = map_at(object, "stringData");
  erase(object, "stringData");
  if (texts.empty()) return;
  auto& data = object_in(object, "data");
  for (const auto& [key, value] : texts) data[key] = encode_base64(value);
}

void default_endpoint_slice(json::object& object) {
  auto* ports = object.if_contains("ports");
  if (ports == nullptr || !ports->is_array()) return;
  for (auto& port : ports->get_array()) {
    auto* p = port.if_object();
    if (p == nullptr) continue;
    if (unset(*p, "protocol")) (*p)["protocol"] = "TCP";
    if (!p->contains("name")) (*p)["name"] = "";
  }
}

void apply_defaults(const Kind& kind, json::object& object) {
  if (kind.custom) return;
  if (kind.kind == "Service") {
    default_service(object);
  } else if (kind.kind == "Namespace") {
    default_namespace(object);
  } else if (kind.kind == "Pod") {
    default_pod(object);
  } else if (kind.kind == "Secret") {
    default_secret(object);
  } else if (kind.kind == "EndpointSlice") {
    default_endpoint_slice(object);
  } else if (kind.kind == "Deployment") {
    auto& spec = object_in(object, "spec");
    if (!number_at(spec, "replicas")) spec["replicas"] = 1;
  } else if (kind.kind == "CustomResourceDefinition") {
    default_definition(object);
  }
}

void copy_member(json::object& to, const json::object& from, std::string_view key) {
  const auto* value = from.if_contains(key);
  if (value != nullptr) {
    to[key] = *value;
  } else {
    erase(to, key);
  }
}

Causes check_pod(const json::object& pod) {
  Causes causes;
  const auto* containers = array_at(pod, "spec.containers");
  if (containers == nullptr || containers->empty()) return {required_value("spec.containers")};
  for (std::size_t i = 0; i < containers->size(); ++i) {
    const auto path = "spec.containers[" + std::to_string(i) + "]";
    const auto* container = (*containers)[i].if_object();
    if (container == nullptr) continue;
    const auto name = text_at(*container, "name");
    if (name.empty()) {
      causes.push_back(required_value(path + ".name"));
    } else if (const auto problem = name_problem(NameRule::kLabel, name)) {
      causes.push_back(invalid_value(path + ".name", json::value(name), *problem));
    }
    if (text_at(*container, "image").empty()) causes.push_back(required_value(path + ".image"));
  }
  return causes;
}

Causes check_endpoint_slice(const json::object& slice, const json::object* before) {
  const auto type = text_at(slice, "addressType");
  const std::vector<std::string> types{"FQDN", "IPv4", "IPv6"};
  if (type.empty()) return {required_value("addressType")};
  if (std::ranges::find(types, type) == types.end()) return {unsupported_value("addressType", type, types)};
  if (before != nullptr && text_at(*before, "addressType") != type) {
    return {invalid_value("addressType", json::value(type), "field is immutable")};
  }
  return {};
}

Causes check_data(const json::object& after, const json::object* before) {
  Causes causes;
  for (const auto& [key, value] : map_at(after, "data")) {
    if (text_at(after, "kind") == "Secret" && !decode_base64(value)) {
      causes.push_back(invalid_value("data[" + key + "]", json::value("<binary>"), "illegal base64 data"));
    }
  }
  if (before == nullptr) return causes;
  if (text_at(after, "type") != text_at(*before, "type")) {
    causes.push_back(invalid_value("type", json::value(text_at(after, "type")), "field is immutable"));
  }
  if (flag_at(*before, "immutable").value_or(false)) {
    if (!flag_at(after, "immutable").value_or(false)) {
      causes.push_back(forbidden_value("immutable", "field is immutable when `immutable` is set"));
    }
    if (map_at(after, "data") != map_at(*before, "data")) {
      causes.push_back(forbidden_value("data", "field is immutable when `immutable` is set"));
    }
  }
  return causes;
}

}  // namespace

Result<void> check_types(const Kind& kind, std::string_view version, const json::object& object) {
  Causes causes;
  if (const auto* metadata = object.if_contains("metadata")) {
    check_schema(*object_at(shared_schemas(), "ObjectMeta"), *metadata, "metadata", causes);
  }
  if (const auto* schema = kind.custom ? nullptr : builtin_schema(kind); schema != nullptr && causes.empty()) {
    check_schema(*schema, json::value(object), "", causes);
  }
  if (causes.empty()) return {};
  return std::unexpected(bad_request(kind.kind + " in version \"" + std::string(version) + "\" cannot be handled as a " +
                                     kind.kind + ": " + causes.front().field + ": " + causes.front().message));
}

void prepare_create(const Kind& kind, std::string_view version, json::object& object) {
  // A real server drops status here for Nodes and Pods too, and kubelets report it; a lab applies both from one file.
  if (kind.has_status(version) && !kind.status_on_create) erase(object, "status");
  apply_defaults(kind, object);
  if (kind.generation) object_in(object, "metadata")["generation"] = 1;
  if (&kind == &service_kind()) object_in(object_in(object, "status"), "loadBalancer");
}

void prepare_update(const Kind& kind, std::string_view version, json::object& after, const json::object& before) {
  if (kind.has_status(version)) copy_member(after, before, "status");
  if (&kind == &namespace_kind()) copy_member(after, before, "spec");
  if (&kind == &service_kind()) carry_over_service(after, before);
  apply_defaults(kind, after);
}

void prepare_status_update(const Kind& kind, json::object& after, const json::object& before) {
  auto out = before;
  copy_member(out, after, "status");
  if (!kind.custom) copy_member(out, after, "metadata");
  if (&kind == &service_kind()) default_service_status(out);
  after = std::move(out);
}

Result<void> validate(const Kind& kind, std::string_view version, const json::object& after, const json::object* before) {
  auto causes = validate_metadata(kind, after);
  const auto add = [&causes](const Causes& more) { causes.add(more); };
  if (kind.custom) {
    add(check_custom_resource(kind, version, after));
  } else if (kind.kind == "Service") {
    add(validate_service(after, before));
  } else if (kind.kind == "Pod") {
    add(check_pod(after));
  } else if (kind.kind == "EndpointSlice") {
    add(check_endpoint_slice(after, before));
  } else if (kind.kind == "Secret" || kind.kind == "ConfigMap") {
    add(check_data(after, before));
  } else if (kind.kind == "CustomResourceDefinition") {
    add(check_definition(after, before));
  }
  if (causes.empty()) return {};
  return std::unexpected(invalid(kind, text_at(after, "metadata.name"), std::move(causes)));
}

bool spec_changed(const Kind& kind, std::string_view version, const json::object& after, const json::object& before) {
  const bool status_apart = !kind.custom || kind.has_status(version);
  const auto content = [status_apart](const json::object& object) {
    auto out = object;
    for (const std::string_view key : {"metadata", "apiVersion", "kind"}) erase(out, key);
    if (status_apart) erase(out, "status");
    return out;
  };
  return content(after) != content(before);
}

}  // namespace metallb::apiserver
