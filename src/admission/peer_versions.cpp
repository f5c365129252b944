#include "admission/peer_versions.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "kube/json_text.hpp"

namespace metallb::admission {
namespace {

namespace json = boost::json;
using Converted = std::expected<json::object, std::string>;

constexpr std::array<std::string_view, 11> kCommon = {"myASN",    "peerASN",    "peerAddress",   "sourceAddress",
                                                      "peerPort", "holdTime",   "keepaliveTime", "routerID",
                                                      "password", "bfdProfile", "ebgpMultiHop"};

struct NewField {
  std::string_view name;
  bool (*fits)(const json::value&);
};

bool is_text(const json::value& value) {
  return value.is_string();
}
bool is_number(const json::value& value) {
  return value.is_int64();
}
bool is_bool(const json::value& value) {
  return value.is_bool();
}
bool is_reference(const json::value& value) {
  const auto* const object = value.if_object();
  return object != nullptr && std::all_of(object->begin(), object->end(), [](const auto& member) {
           return (member.key() == "name" || member.key() == "namespace") && member.value().is_string();
         });
}

/// The API server checks an object in the version of the request only, so what comes out of an annotation is checked here.
constexpr std::array<NewField, 9> kNew = {{{"connectTime", is_text},
                                           {"dynamicASN", is_text},
                                           {"interface", is_text},
                                           {"localASN", is_number},
                                           {"passwordSecret", is_reference},
                                           {"enableGracefulRestart", is_bool},
                                           {"vrf", is_text},
                                           {"disableMP", is_bool},
                                           {"dualStackAddressFamily", is_bool}}};

const json::value* find(const json::object& in, std::string_view name) {
  const auto* const found = in.if_contains({name.data(), name.size()});
  return found == nullptr || found->is_null() ? nullptr : found;
}

/// Means the same as its absence: unset strings, numbers and booleans as clients of typed languages write them.
bool is_zero(const json::value& value) {
  if (const auto* const text = value.if_string()) return text->empty();
  if (const auto* const number = value.if_int64()) return *number == 0;
  return value.is_bool() && !value.get_bool();
}

bool has(const json::object& in, std::string_view name) {
  const auto* const found = find(in, name);
  return found != nullptr && !is_zero(*found);
}

void copy(const json::object& from, std::string_view name, json::object& to) {
  if (const auto* const found = find(from, name)) to[{name.data(), name.size()}] = *found;
}

/// The shape is the same in both versions, but v1beta1 wants every expression to have values, were it none.
std::expected<json::array, std::string> selectors(const json::value& list, bool with_values) {
  const auto* const entries = list.if_array();
  if (entries == nullptr) return std::unexpected("spec.nodeSelectors: expected a list");
  auto out = *entries;
  for (auto& entry : out) {
    auto* const selector = entry.if_object();
    if (selector == nullptr) return std::unexpected("spec.nodeSelectors: expected a list of selectors");
    auto* const expressions = selector->if_contains("matchExpressions");
    if (expressions == nullptr || expressions->is_null()) continue;
    if (!expressions->is_array()) return std::unexpected("spec.nodeSelectors[].matchExpressions: expected a list");
    for (auto& expression : expressions->get_array()) {
      if (!expression.is_object())
        return std::unexpected("spec.nodeSelectors[].matchExpressions: expected a list of objects");
      auto& fields = expression.get_object();
      if (with_values && find(fields, "values") == nullptr) fields["values"] = json::array();
    }
  }
  return out;
}

Converted common(const json::object& spec, bool down) {
  json::object out;
  for (const auto name : kCommon) copy(spec, name, out);
  if (const auto* const list = find(spec, "nodeSelectors")) {
    auto converted = selectors(*list, down);
    if (!converted) return std::unexpected(std::move(converted).error());
    out["nodeSelectors"] = *std::move(converted);
  }
  return out;
}

/// What the annotation remembers, where nothing that was said in v1beta1 since contradicts it.
void restore(const std::string& annotation, json::object& spec) {
  const auto parsed = kube::parse_json(annotation);
  const auto* const fields = parsed ? parsed->if_object() : nullptr;
  if (fields == nullptr) return;
  for (const auto& [name, fits] : kNew) {
    const auto* const value = find(*fields, name);
    if (value == nullptr || !fits(*value)) continue;
    if (name == "dynamicASN" && has(spec, "peerASN")) continue;
    if (name == "interface" && has(spec, "peerAddress")) continue;
    if (name == "passwordSecret" && has(spec, "password")) continue;
    spec[{name.data(), name.size()}] = *value;
  }
}

/// The annotation's text, which is removed. `peer` may have no annotations at all.
std::string take_annotation(json::object& peer) {
  auto* const metadata = peer.if_contains("metadata");
  auto* const fields = metadata == nullptr ? nullptr : metadata->if_object();
  auto* const annotations = fields == nullptr ? nullptr : fields->if_contains("annotations");
  auto* const texts = annotations == nullptr ? nullptr : annotations->if_object();
  if (texts == nullptr) return {};
  auto text = kube::string_at(*texts, kFieldsAnnotation);
  if (texts->erase({kFieldsAnnotation.data(), kFieldsAnnotation.size()}) > 0 && texts->empty()) fields->erase("annotations");
  return text;
}

void annotate(json::object& peer, const json::object& lost) {
  if (lost.empty()) return;
  auto& metadata = peer["metadata"];
  if (!metadata.is_object()) metadata = json::object();
  auto& annotations = metadata.get_object()["annotations"];
  if (!annotations.is_object()) annotations = json::object();
  annotations.get_object()[{kFieldsAnnotation.data(), kFieldsAnnotation.size()}] = json::serialize(lost);
}

Converted to_v1beta2(json::object& peer, const json::object& spec) {
  auto out = common(spec, false);
  if (!out) return out;
  for (const std::string_view name : {"peerASN", "peerAddress", "peerPort"}) {
    if (!has(*out, name)) out->erase({name.data(), name.size()});
  }
  // deviation: absent timers stay absent, where the original turns them into an explicit 0s, which disables them.
  restore(take_annotation(peer), *out);
  return out;
}

Converted to_v1beta1(json::object& peer, const json::object& spec) {
  auto out = common(spec, true);
  if (!out) return out;
  if (find(*out, "peerASN") == nullptr) (*out)["peerASN"] = 0;  // required there
  if (find(*out, "peerAddress") == nullptr) (*out)["peerAddress"] = "";
  take_annotation(peer);
  json::object lost;
  for (const auto& [name, fits] : kNew) {
    const auto* const value = find(spec, name);
    // Except for enableGracefulRestart, of which false cannot be taken back (controller spec 1.5).
    if (value != nullptr && (!is_zero(*value) || name == "enableGracefulRestart")) copy(spec, name, lost);
  }
  annotate(peer, lost);
  return out;
}

std::string name_of(const json::object& peer) {
  const auto* const metadata = kube::object_at(peer, "metadata");
  if (metadata == nullptr) return "BGPPeer without metadata";
  return "BGPPeer " + kube::string_at(*metadata, "namespace") + "/" + kube::string_at(*metadata, "name");
}

}  // namespace

std::expected<json::value, std::string> convert_peer(const json::value& peer, std::string_view wanted) {
  const auto* const whole = peer.if_object();
  if (whole == nullptr) return std::unexpected("expected a BGPPeer, found something that is no JSON object");
  const auto refuse = [&](const std::string& why) { return std::unexpected(name_of(*whole) + ": " + why); };
  const auto version = kube::string_at(*whole, "apiVersion");
  if (const auto kind = kube::string_at(*whole, "kind"); kind != "BGPPeer") {
    return refuse("kind is \"" + kind + "\": only BGPPeer is converted");
  }
  if (wanted != kPeerV1beta1 && wanted != kPeerV1beta2) return refuse("there is no version \"" + std::string(wanted) + "\"");
  if (version != kPeerV1beta1 && version != kPeerV1beta2) return refuse("unknown version \"" + version + "\"");
  if (version == wanted) return peer;
  auto out = *whole;
  out["apiVersion"] = json::string_view(wanted.data(), wanted.size());
  const auto* const spec = find(*whole, "spec");
  if (spec == nullptr) return out;
  if (!spec->is_object()) return refuse("spec: expected an object");
  auto converted = wanted == kPeerV1beta2 ? to_v1beta2(out, spec->get_object()) : to_v1beta1(out, spec->get_object());
  if (!converted) return refuse(converted.error());
  out["spec"] = *std::move(converted);
  return out;
}

}  // namespace metallb::admission
