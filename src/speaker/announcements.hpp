// What this node announces at present, and the difference that a decision makes: commands for the packets thread, log
// lines and events on change only (layer2 spec 1.7 and 4.3; the original repeats all three on every pass, section 7 item
// 10).
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "speaker/actions.hpp"
#include "speaker/decision.hpp"

namespace metallb::speaker {

class Announcements {
 public:
  Announcements(std::string node, Log log) : node_(std::move(node)), log_(log) {}

  /// Carries `decision` out. `service` is null when it has been deleted. Returns true when the announcement changed.
  bool apply(const ServiceKey& key, const kube::Service* service, const Decision& decision, Output& out);

  /// Null when the Service is not announced here.
  [[nodiscard]] const Announcement* find(const ServiceKey& key) const;
  [[nodiscard]] const std::map<ServiceKey, Announcement>& all() const { return announced_; }

 private:
  bool announce(const ServiceKey& key, const kube::Service& service, const Announcement& wanted, Output& out);
  bool withdraw(const ServiceKey& key, Reason reason, Output& out);
  void report_missing_interfaces(const ServiceKey& key, const kube::Service& service, const Announcement& wanted,
                                 Output& out);

  std::string node_;
  Log log_;
  std::map<ServiceKey, Announcement> announced_;
  std::map<ServiceKey, Announcement> reported_;  ///< of announceFailed, so that each case is told once
};

}  // namespace metallb::speaker
