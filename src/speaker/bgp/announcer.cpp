#include "speaker/bgp/announcer.hpp"

#include "kube/event_note.hpp"
#include "speaker/address_list.hpp"
#include "speaker/concluded.hpp"

namespace metallb::speaker {
namespace {

/// Some milliseconds.
constexpr std::size_t kPrefixesPerSlice = 2048;

}  // namespace

BgpAnnouncer::BgpAnnouncer(Settings settings, Objects objects, Log log)
    : settings_(std::move(settings)), objects_(std::move(objects)), log_(log), peers_(settings_.node, log) {}

void BgpAnnouncer::configure(SteadyPoint now, const config::Config& config, const OwnNode& node, const std::string& held,
                             Output& out) {
  if (peers_.apply(config.bgp_peers, node, held, out)) {
    routes_.set_sessions(peers_.sessions());
    session_watch_.follow(now, peers_.sessions());
  }
  check_advertisements(now, config);
}

void BgpAnnouncer::reconcile(const ServiceKey& key, const kube::Service* service, Slices slices, Grounds grounds,
                             const std::shared_ptr<const config::Pool>& pool, const NodeFacts* facts, Output& out) {
  auto decision =
      decide_bgp({.node = settings_.node, .facts = facts, .ignore_exclude_label = settings_.ignore_exclude_label}, service,
                 slices, std::move(grounds), pool);
  if (decision.action == BgpDecision::Action::kAnnounce) decision = within_reach(std::move(decision), out);
  report(key, service, decision, out);
  if (decision.action == BgpDecision::Action::kAnnounce) announce(key, *service, decision, out);
  if (decision.action == BgpDecision::Action::kWithdraw) withdraw(key, decision.reason);
  if (decision.reason == Reason::kServiceDeleted || decision.reason == Reason::kNotLoadBalancer) {
    decisions_.erase(key);
  } else {
    if (decision.action == BgpDecision::Action::kWithdraw)
      decision.announcement = without_addresses(std::move(decision.announcement));
    decisions_.set(key, std::move(decision));
  }
}

void BgpAnnouncer::announce(const ServiceKey& key, const kube::Service& service, const BgpDecision& decision, Output& out) {
  const auto& wanted = decision.announcement;
  routes_.set(key, wishes_for(wanted.addresses, decision.advertisements));

  auto& current = announced_[key];
  if (current == wanted) return;
  const auto before = std::exchange(current, wanted);
  if (const auto gone = missing_in(before.addresses, wanted.addresses); !gone.empty()) {
    report_withdrawal(key, gone, decision.missing == Reason::kAnnounced ? Reason::kAddressChanged : decision.missing);
  }
  const auto added = missing_in(wanted.addresses, before.addresses);
  if (added.empty() && before.pool == wanted.pool && before.uid == wanted.uid) return;
  log_.info({{"event", "serviceAnnounced"},
             {"service", key.to_string()},
             {"ips", texts(wanted.addresses)},
             {"pool", wanted.pool},
             {"protocol", "bgp"},
             {"msg", "this node announces the Service"}});
  // Users and tests compare this text (bgp spec 5.5).
  out.emplace_back(kube::event_note(service, kube::EventNote::Type::kNormal, "nodeAssigned",
                                    "announcing from node \"" + settings_.node + "\" with protocol \"bgp\""));
}

void BgpAnnouncer::withdraw(const ServiceKey& key, Reason reason) {
  const auto found = announced_.find(key);
  if (found == announced_.end()) return;
  routes_.set(key, {});
  report_withdrawal(key, found->second.addresses, reason);
  announced_.erase(found);
}

void BgpAnnouncer::begin_batch(Output& out) {
  if (!std::exchange(batch_, true)) out.emplace_back(BgpCommand(bgp::Publish{.changes = {}, .more = true}));
}

void BgpAnnouncer::publish(bool more_to_come, Output& out) {
  auto changes = routes_.flush(kPrefixesPerSlice);
  if (!more_to_come && !routes_.due()) {
    // Before, Services that share a prefix may differ only since one of them was not looked at yet.
    for (const auto& dispute : routes_.take_new_disputes()) report(dispute, out);
  }
  const bool more = routes_.due() || (batch_ && more_to_come);
  if (changes.empty() && more == batch_) return;
  out.emplace_back(BgpCommand(bgp::Publish{.changes = std::move(changes), .more = more}));
  batch_ = more;
  if (more) return;
  log_.info({{"event", "updatedAdvertisements"},
             {"numAds", routes_.announced()},
             {"protocol", "bgp"},
             {"msg", "the prefixes of this node have been handed to the BGP engine"}});
}

void BgpAnnouncer::services_known(Output& out) {
  if (!std::exchange(services_known_, true)) out.emplace_back(BgpCommand(bgp::ServicesKnown{}));
}

}  // namespace metallb::speaker
