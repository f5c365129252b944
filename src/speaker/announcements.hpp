// What this node announces at present, and the difference that a decision makes: commands for the packets thread, log
// lines and events on change only (layer2 spec 1.7 and 4.3; the original repeats all three on every pass, section 7 item
// 10).
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/time.hpp"
#include "speaker/actions.hpp"
#include "speaker/decision.hpp"

namespace metallb::speaker {

class Announcements {
 public:
  Announcements(std::string node, Log log) : node_(std::move(node)), log_(log) {}

  /// Carries `decision` out. `service` is null when it has been deleted. Returns true when the announcement changed.
  bool apply(SteadyPoint now, const ServiceKey& key, const kube::Service* service, const Decision& decision, Output& out);
  /// Withdraws one address, whatever Services have it, and leaves the others that they have.
  void give_up(const IpAddress& address, Reason reason, Output& out);

  /// Null when the Service is not announced here.
  [[nodiscard]] const Announcement* find(const ServiceKey& key) const;
  [[nodiscard]] const std::map<ServiceKey, Announcement>& all() const { return announced_; }
  /// The Services on whose behalf the address is announced here; several when they share it.
  [[nodiscard]] std::set<ServiceKey> holders(const IpAddress& address) const;
  /// Since when a Service that is announced has been.
  [[nodiscard]] SteadyPoint since(const ServiceKey& key) const { return since_.at(key); }

 private:
  bool announce(SteadyPoint now, const ServiceKey& key, const kube::Service& service, const Announcement& wanted,
                Output& out);
  bool withdraw(const ServiceKey& key, Reason reason, Output& out);
  void withdraw_addresses(const ServiceKey& key, const std::vector<IpAddress>& addresses, Output& out);
  void report_withdrawal(const ServiceKey& key, const std::vector<IpAddress>& addresses, Reason reason, const char* message);
  void report_missing_interfaces(const ServiceKey& key, const kube::Service& service, const Announcement& wanted,
                                 Output& out);

  std::string node_;
  Log log_;
  std::map<ServiceKey, Announcement> announced_;
  std::map<ServiceKey, SteadyPoint> since_;            ///< of the same Services
  std::map<IpAddress, std::set<ServiceKey>> holders_;  ///< the same by address
  std::map<ServiceKey, Announcement> reported_;        ///< of announceFailed, so that each case is told once
};

}  // namespace metallb::speaker
