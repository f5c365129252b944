// Kubernetes' protobuf envelope and the messages in it, as JSON. kubectl since 1.32 sends what it builds itself (`create
// namespace`, `create service` ...) in this form and does not fall back to JSON; answers are always JSON.
//
//   "k8s\0" | Unknown { 1: TypeMeta { 1: apiVersion, 2: kind }, 2: raw, 3: contentEncoding, 4: contentType }
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "apiserver/json_access.hpp"

namespace metallb::apiserver::protobuf {

[[nodiscard]] bool is_envelope(std::string_view body);
/// The object, with its apiVersion and kind. The error says what is wrong, or which field this server does not know: nothing
/// that was set is dropped in silence.
[[nodiscard]] std::optional<json::object> decode(std::string_view body, std::string& error);

}  // namespace metallb::apiserver::protobuf
