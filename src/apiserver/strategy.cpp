#include "apiserver/strategy.hpp"

#include <algorithm>

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
  if (kind.custom) {
    if (const auto* schema = schema_of(kind, kind.version)) {
      json::value value(std::move(object));
      apply_schema_defaults(*schema, value);
      object = std::move(value.get_object());
    }
  } else if (kind.kind == "Service") {
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

/// Rules that hold between fields, which a schema does not express (controller spec 1.4 and 1.8).
Causes check_custom(const Kind& kind, const json::object& after, const json::object* before) {
  Causes causes;
  if (kind.kind == "BGPAdvertisement" &&
      !unset(object_at(after, "spec") ? *object_at(after, "spec") : after, "serviceSelectors")) {
    const bool aggregates = number_at(after, "spec.aggregationLength").value_or(32) != 32 ||
                            number_at(after, "spec.aggregationLengthV6").value_or(128) != 128;
    if (aggregates) {
      causes.push_back(
          invalid_value("spec", json::value("object"), "serviceSelectors and aggregation lengths are mutually exclusive"));
    }
  }
  if (before != nullptr && (kind.kind == "ServiceL2Status" || kind.kind == "ServiceBGPStatus")) {
    for (const std::string_view path : {"status.node", "status.serviceName", "status.serviceNamespace"}) {
      const auto old_value = text_at(*before, path);
      const auto value = text_at(after, path);
      if (!old_value.empty() && !value.empty() && value != old_value) {
        causes.push_back(invalid_value(std::string(path), json::value(value), "Value is immutable"));
      }
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
  const bool metadata_is_wrong = !causes.empty();
  if (const auto* schema = schema_of(kind, version); schema != nullptr && !metadata_is_wrong) {
    check_schema(*schema, json::value(object), "", causes);
  }
  if (causes.empty()) return {};
  if (kind.custom && !metadata_is_wrong)
    return std::unexpected(invalid(kind, text_at(object, "metadata.name"), std::move(causes)));
  return std::unexpected(bad_request(std::string(kind.kind) + " in version \"" + std::string(version) +
                                     "\" cannot be handled as a " + std::string(kind.kind) + ": " + causes.front().field +
                                     ": " + causes.front().message));
}

void prepare_create(const Kind& kind, json::object& object) {
  // A real server drops status here for Nodes and Pods too, and kubelets report it; a lab applies both from one file.
  if (kind.status && !kind.status_on_create) erase(object, "status");
  apply_defaults(kind, object);
  if (kind.generation) object_in(object, "metadata")["generation"] = 1;
  if (kind.kind == "Service") object_in(object_in(object, "status"), "loadBalancer");
}

void prepare_update(const Kind& kind, json::object& after, const json::object& before) {
  if (kind.status) copy_member(after, before, "status");
  if (kind.kind == "Namespace") copy_member(after, before, "spec");
  if (kind.kind == "Service") carry_over_service(after, before);
  apply_defaults(kind, after);
}

void prepare_status_update(const Kind& kind, json::object& after, const json::object& before) {
  auto out = before;
  copy_member(out, after, "status");
  if (!kind.custom) copy_member(out, after, "metadata");
  after = std::move(out);
}

Result<void> validate(const Kind& kind, const json::object& after, const json::object* before) {
  auto causes = validate_metadata(kind, after);
  const auto add = [&causes](Causes more) { causes.insert(causes.end(), more.begin(), more.end()); };
  if (kind.custom) {
    add(check_custom(kind, after, before));
  } else if (kind.kind == "Service") {
    add(validate_service(after, before));
  } else if (kind.kind == "Pod") {
    add(check_pod(after));
  } else if (kind.kind == "EndpointSlice") {
    add(check_endpoint_slice(after, before));
  } else if (kind.kind == "Secret" || kind.kind == "ConfigMap") {
    add(check_data(after, before));
  }
  if (causes.empty()) return {};
  return std::unexpected(invalid(kind, text_at(after, "metadata.name"), std::move(causes)));
}

bool spec_changed(const json::object& after, const json::object& before) {
  const auto content = [](const json::object& object) {
    auto out = object;
    for (const std::string_view key : {"metadata", "status", "apiVersion", "kind"}) erase(out, key);
    return out;
  };
  return content(after) != content(before);
}

}  // namespace metallb::apiserver
