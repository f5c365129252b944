// The validating webhooks (controller spec 6.1): where each is asked, about which kind, and what it must know besides.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "admission/objects.hpp"
#include "admission/review.hpp"

namespace metallb::admission {

struct Webhook {
  std::string_view path;  ///< of the request
  Kind kind;
  std::span<const Kind> inputs;  ///< to be listed before it can judge a creation or an update; without Secrets
};

/// Null when nothing answers there.
[[nodiscard]] const Webhook* webhook_at(std::string_view path);
/// For metrics and documentation.
[[nodiscard]] std::span<const Webhook> webhooks();

/// One list request that judge() wants the answer of.
struct Listing {
  Kind kind;
  std::string target;  ///< path, and query if it takes one
};
/// `namespace_`: MetalLB's own.
[[nodiscard]] std::vector<Listing> listings(const Webhook& webhook, const Review& review, const std::string& namespace_);

}  // namespace metallb::admission
