// Which node owns which Services, by the last decisions: so that a change of the members leads straight to the Services that
// change hands, and not through ten thousand that do not.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/names.hpp"
#include "speaker/decision.hpp"

namespace metallb::speaker {

class Owners {
 public:
  /// The last decision about `service`; null when it is forgotten. It must outlive the next call for the same Service.
  void set(const ServiceKey& service, const Decision* decision);

  /// Services whose owner is not among `members` and for which `node` is the next in the order; also those whose successor
  /// the decision does not tell, because it keeps the best few only. The exact answer is a new decision.
  [[nodiscard]] std::deque<ServiceKey> bequeathed_to(const std::string& node, const std::set<std::string>& members) const;
  /// Services whose owner is `node`.
  [[nodiscard]] std::deque<ServiceKey> of(const std::string& node) const;

 private:
  /// The first and the second in the order; empty when there is none.
  using Succession = std::pair<std::string, std::string>;
  using Services = std::map<ServiceKey, const Decision*>;

  std::map<Succession, Services> services_;
  std::map<ServiceKey, Succession> successions_;
};

}  // namespace metallb::speaker
