// The part of the speaker's core that feeds its BGP half (speaker/bgp/announcer.hpp).
#include <string>
#include <utility>

#include "kube/event_note.hpp"
#include "speaker/instance.hpp"

namespace metallb::speaker {
namespace {

constexpr std::size_t kStatusesPerSlice = 512;

}  // namespace

void Instance::note_own(const kube::Node& node) {
  auto own = own_facts_of(own_node_.value_or(OwnNode{}), node);
  if (own_node_ == own) return;
  if (own_node_ && own_node_->labels != own.labels) {
    log_.info({{"event", "nodeLabelsChanged"}, {"msg", "node labels changed, looking at the BGP peers again"}});
  }
  // A Node that vanishes from the API takes nothing with it here: its sessions go on as its labels last said.
  own_node_ = std::move(own);
  bgp_peers_due_ = true;
}

void Instance::note(const BgpHeld& held) {
  if (bgp_held_ == held.reason) return;
  bgp_held_ = held.reason;
  bgp_peers_due_ = true;
}

void Instance::configure_bgp(SteadyPoint now, Output& out) {
  const auto& config = configuration_.current();
  // The farewell to peers is the engine's; nothing is changed under it.
  if (!config || !bgp_peers_due_ || stopping_) return;
  bgp_peers_due_ = false;
  bgp_.configure(now, *config, own_node_.value_or(OwnNode{}), bgp_held_, out);
}

/// To be called when a pass begins.
void Instance::note_pass_for_bgp(Output& out) {
  const auto own = nodes_.find(options_.node_name);
  BgpBasis basis{.config = configuration_.current(),
                 .facts = own == nodes_.end() ? std::nullopt : std::optional(own->second)};
  if (pass_.empty()) pass_is_for_bgp_ = false;  // else the one before has not ended, and is part of this one
  if (bgp_basis_ == basis) return;
  // The node's condition and labels may take away all that it announces: that is one change for the routers. A pass that is
  // the first is one anyway, since the engine tells nothing before its end.
  if (bgp_basis_ && !stopping_) bgp_.begin_batch(out);
  bgp_basis_ = std::move(basis);
  pass_is_for_bgp_ = true;
}

void Instance::reconcile_bgp(const Subject& subject, Output& out) {
  if (stopping_) return;
  const auto& [key, service, slices, pool] = subject;
  const auto stranded = [&key](const auto& decisions) -> const std::string* {
    const auto* found = decisions.find(key);
    const bool so =
        found != nullptr && found->reason == Reason::kAddressNotAllowed && found->action == Decision::Action::kAnnounce;
    return so ? &found->detail : nullptr;
  };
  const bool was_stranded = stranded(bgp_.decisions()) != nullptr;
  const auto facts = nodes_.find(options_.node_name);
  bgp_.reconcile(key, service.get(), slices,
                 grounds_of(service.get(), options_.lb_class, configuration_.current().get(), pool.get()), pool,
                 facts == nodes_.end() ? nullptr : &facts->second, out);
  // Where this node announces it on layer 2 as well, that has told.
  const auto* detail = stranded(bgp_.decisions());
  if (detail != nullptr && !was_stranded && stranded(decisions_) == nullptr) report_stranded(key.to_string(), *detail);
}

void Instance::publish_bgp(SteadyPoint now, Output& out) {
  if (stopping_) return;
  bgp_.on_time(now, out);
  const bool pass_ended = !pass_due_ && pass_.empty();
  bgp_.publish(!pass_ended, out);
  report_bgp_statuses();
  const bool all_known = configuration_.whole() && pass_ended && changed_.ready() == 0 && !bgp_.due();
  if (!all_known) return;
  bgp_.services_known(out);
  if (!bgp_.has_affected()) bgp_statuses_.start();
}

/// There is no FRR that could read them; to say nothing would leave the user with routers that lack something.
void Instance::report_extras(const kube::Change<kube::ConfigMap>& change, Output& out) {
  if (const auto* removed = std::get_if<kube::Removed<kube::ConfigMap>>(&change)) {
    if (removed->key == ObjectKey{options_.namespace_, kExtrasName}) extras_told_ = false;
    return;
  }
  const auto* upserted = std::get_if<kube::Upserted<kube::ConfigMap>>(&change);
  if (upserted == nullptr) return;
  const auto& map = *upserted->object;
  if (map.metadata.key() != ObjectKey{options_.namespace_, kExtrasName}) return;
  const auto text = map.data.find("extras");
  const bool any = text != map.data.end() && text->second.find_first_not_of(" \t\r\n") != std::string::npos;
  if (std::exchange(extras_told_, any) || !any) return;
  const std::string message =
      "data.extras: configuration for FRR has no effect, since there is no FRR: use the fields of BGPPeer, BGPAdvertisement "
      "and BFDProfile instead, and delete this ConfigMap";
  log_.warn({{"event", "bgpExtrasIgnored"}, {"configMap", map.metadata.key().to_string()}, {"msg", message}});
  out.emplace_back(kube::event_note(map, kube::EventNote::Type::kWarning, "bgpExtrasIgnored", message));
}

void Instance::report_bgp_statuses() {
  for (const auto& key : bgp_.take_affected(kStatusesPerSlice)) {
    auto peers = bgp_.peers_of(key);
    bgp_statuses_.want(key, peers.empty() ? std::nullopt : std::optional(std::move(peers)));
  }
}

}  // namespace metallb::speaker
