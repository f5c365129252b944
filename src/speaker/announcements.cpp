#include "speaker/announcements.hpp"

#include <algorithm>
#include <utility>

#include "kube/event_note.hpp"
#include "speaker/address_list.hpp"

namespace metallb::speaker {
const Announcement* Announcements::find(const ServiceKey& key) const {
  const auto found = announced_.find(key);
  return found == announced_.end() ? nullptr : &found->second;
}

std::set<ServiceKey> Announcements::holders(const IpAddress& address) const {
  const auto found = holders_.find(address);
  return found == holders_.end() ? std::set<ServiceKey>{} : found->second;
}

bool Announcements::apply(SteadyPoint now, const ServiceKey& key, const kube::Service* service, const Decision& decision,
                          Output& out) {
  if (decision.action == Decision::Action::kKeep) return false;
  if (decision.reason == Reason::kNoMatchingInterface && service != nullptr) {
    report_missing_interfaces(key, *service, decision.announcement, out);
  } else {
    reported_.erase(key);
  }
  if (decision.action == Decision::Action::kAnnounce && service != nullptr) {
    return announce(now, key, *service, decision.announcement, out);
  }
  return withdraw(key, decision.reason, out);
}

bool Announcements::announce(SteadyPoint now, const ServiceKey& key, const kube::Service& service,
                             const Announcement& wanted, Output& out) {
  auto& current = announced_[key];
  if (current == wanted) return false;
  const auto before = std::exchange(current, wanted);
  since_.try_emplace(key, now);

  // Only what differs is touched: the other address of a dual-stack Service goes on undisturbed.
  const auto gone = missing_in(before.addresses, wanted.addresses);
  withdraw_addresses(key, gone, out);
  if (!gone.empty()) report_withdrawal(key, gone, Reason::kAddressChanged, "the Service has other addresses now");
  const auto added = missing_in(wanted.addresses, before.addresses);
  for (const auto& address : added) holders_[address].insert(key);
  for (const auto& address : wanted.interfaces == before.interfaces ? added : wanted.addresses) {
    out.emplace_back(layer2::Announce{key, address, wanted.interfaces});
  }
  if (added.empty() && gone.empty() && before.pool == wanted.pool && before.uid == wanted.uid) return true;

  log_.info({{"event", "serviceAnnounced"},
             {"service", key.to_string()},
             {"ips", texts(wanted.addresses)},
             {"pool", wanted.pool},
             {"protocol", "layer2"},
             {"msg", "this node answers for the Service"}});
  // Users and tests compare this text (layer2 spec 4.3).
  out.emplace_back(kube::event_note(service, kube::EventNote::Type::kNormal, "nodeAssigned",
                                    "announcing from node \"" + node_ + "\" with protocol \"layer2\""));
  return true;
}

bool Announcements::withdraw(const ServiceKey& key, Reason reason, Output& out) {
  const auto found = announced_.find(key);
  if (found == announced_.end()) return false;
  const auto before = std::move(found->second);
  announced_.erase(found);
  since_.erase(key);
  withdraw_addresses(key, before.addresses, out);
  report_withdrawal(key, before.addresses, reason, "this node does not answer for the Service any more");
  return true;
}

void Announcements::give_up(const IpAddress& address, Reason reason, Output& out) {
  for (const auto& key : holders(address)) {
    auto& addresses = announced_.at(key).addresses;
    if (addresses.size() == 1) {
      withdraw(key, reason, out);
      continue;
    }
    std::erase(addresses, address);
    withdraw_addresses(key, {address}, out);
    report_withdrawal(key, {address}, reason, "this node does not answer for the address any more");
  }
}

void Announcements::withdraw_addresses(const ServiceKey& key, const std::vector<IpAddress>& addresses, Output& out) {
  for (const auto& address : addresses) {
    out.emplace_back(layer2::Withdraw{key, address});
    const auto holders = holders_.find(address);
    holders->second.erase(key);
    if (holders->second.empty()) holders_.erase(holders);
  }
}

void Announcements::report_withdrawal(const ServiceKey& key, const std::vector<IpAddress>& addresses, Reason reason,
                                      const char* message) {
  log_.info({{"event", "serviceWithdrawn"},
             {"service", key.to_string()},
             {"ip", texts(addresses)},
             {"reason", to_string(reason)},
             {"protocol", "layer2"},
             {"msg", message}});
}

void Announcements::report_missing_interfaces(const ServiceKey& key, const kube::Service& service,
                                              const Announcement& wanted, Output& out) {
  auto& reported = reported_[key];
  if (reported == wanted) return;
  reported = wanted;
  for (const auto& address : wanted.addresses) {
    out.emplace_back(kube::event_note(service, kube::EventNote::Type::kWarning, "announceFailed",
                                      "the interfaces specified by LB IP \"" + address.to_string() +
                                          "\" doesn't exist in assigned node \"" + node_ + "\" with protocol \"layer2\""));
  }
}

}  // namespace metallb::speaker
