#include "admission/ca_bundles.hpp"

#include "base/base64.hpp"
#include "kube/json_text.hpp"

namespace metallb::admission {
namespace {

namespace json = boost::json;

constexpr const char* kClientConfig = "clientConfig";

json::object* object_in(json::value* outer, const char* name) {
  auto* const whole = outer == nullptr ? nullptr : outer->if_object();
  auto* const found = whole == nullptr ? nullptr : whole->if_contains(name);
  return found == nullptr ? nullptr : found->if_object();
}

/// True when it was another one.
bool set_bundle(json::object& client_config, const std::string& bundle) {
  if (kube::string_at(client_config, "caBundle") == bundle) return false;
  client_config["caBundle"] = bundle;
  return true;
}

bool set_in_configuration(json::value& object, const std::string& bundle) {
  auto* const webhooks = object.get_object().if_contains("webhooks");
  if (webhooks == nullptr || !webhooks->is_array()) return false;
  bool changed = false;
  for (auto& webhook : webhooks->get_array()) {
    if (auto* const config = object_in(&webhook, kClientConfig)) changed |= set_bundle(*config, bundle);
  }
  return changed;
}

bool set_in_definition(json::value& object, const std::string& bundle) {
  auto* const spec = object.get_object().if_contains("spec");
  auto* const conversion = object_in(spec, "conversion");
  auto* const webhook = conversion == nullptr ? nullptr : conversion->if_contains("webhook");
  auto* const config = object_in(webhook, kClientConfig);
  return config != nullptr && set_bundle(*config, bundle);
}

}  // namespace

const kube::Resource& resource_of(BundleHolder holder) {
  return holder == BundleHolder::kWebhookConfiguration ? kube::resource_of<kube::ValidatingWebhookConfiguration>()
                                                       : kube::resource_of<kube::CustomResourceDefinition>();
}

std::string name_of(BundleHolder holder) {
  return holder == BundleHolder::kWebhookConfiguration ? "metallb-webhook-configuration" : "bgppeers.metallb.io";
}

std::optional<boost::json::value> with_authority(BundleHolder holder, const json::value& object,
                                                 const std::string& authority_pem) {
  const auto* const whole = object.if_object();
  const auto* const metadata = whole == nullptr ? nullptr : kube::object_at(*whole, "metadata");
  if (metadata == nullptr || !kube::string_at(*metadata, "deletionTimestamp").empty()) return std::nullopt;
  auto out = object;
  const auto bundle = encode_base64(authority_pem);
  const bool changed =
      holder == BundleHolder::kWebhookConfiguration ? set_in_configuration(out, bundle) : set_in_definition(out, bundle);
  return changed ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace metallb::admission
