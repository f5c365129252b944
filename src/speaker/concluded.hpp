// How a decision of either mode ends: what to do, why, and that as a sentence.
#pragma once

#include <string>
#include <utility>

#include "speaker/decision.hpp"

namespace metallb::speaker {

/// `D`: Decision or BgpDecision.
template <class D>
[[nodiscard]] D concluded(D decision, Decision::Action action, Reason reason, std::string detail) {
  decision.action = action;
  decision.reason = reason;
  decision.detail = std::move(detail);
  return decision;
}

template <class D>
[[nodiscard]] D withdrawn(D decision, Reason reason, std::string detail) {
  return concluded(std::move(decision), Decision::Action::kWithdraw, reason, std::move(detail));
}

/// What is kept of an announcement that is not made: there may be many of these, and the Service itself has the rest.
template <class A>
[[nodiscard]] A without_addresses(A announcement) {
  A out;
  out.pool = std::move(announcement.pool);
  return out;
}

}  // namespace metallb::speaker
