// Validating admission: may this object be created, changed or deleted?
//
// In:   a Review (review.hpp), the Webhook that was asked, the stored objects that listings() named, freshly listed.
// Out:  a Verdict: allowed or refused, with what is wrong in the words of config/, and warnings.
// Pure functions, on the main loop. They do not list, answer or write: io/webhooks does.
//
// Refused is what the incoming object breaks among the objects of its own kind, and what is wrong with the object itself;
// not what was wrong before, and not what may be cured by creating something else. All of that becomes warnings, as does
// what the change breaks elsewhere (controller spec 6.2 and 8.2; docs/compatibility.md says where this differs from the
// original).
#pragma once

#include <optional>
#include <string>

#include "admission/review.hpp"
#include "admission/webhooks.hpp"

namespace metallb::admission {

/// What can be said without a look at other objects; nothing when it takes one. `namespace_`: MetalLB's own.
[[nodiscard]] std::optional<Verdict> judge_alone(const Webhook& webhook, const Review& review,
                                                 const std::string& namespace_);

/// `stored`: what the listings() brought. Only where judge_alone() said nothing.
[[nodiscard]] Verdict judge(const Webhook& webhook, const Review& review, const config::Resources& stored);

}  // namespace metallb::admission
