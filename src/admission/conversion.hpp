// ConversionReview: the API server's request to write BGPPeers in another version, and the answer.
//
// apiextensions.k8s.io/v1 and v1beta1, which have the same fields; the answer comes in the version of the request.
// Kubernetes, "Versions in CustomResourceDefinitions", section "Webhook request and response"; controller spec 6.5.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace metallb::admission {

/// The path that the CRD names.
inline constexpr std::string_view kConversionPath = "/convert";

/// The answer to one review: all its objects converted, in their order, or none of them and the reason. The error: the text
/// is no ConversionReview.
[[nodiscard]] std::expected<std::string, std::string> answer_conversion(std::string_view text);

}  // namespace metallb::admission
