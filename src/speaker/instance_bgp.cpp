// The part of the speaker's core that feeds its BGP half (speaker/bgp/announcer.hpp).
#include <utility>

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

void Instance::configure_bgp(Output& out) {
  const auto& config = configuration_.current();
  // The farewell to peers is the engine's; nothing is changed under it.
  if (!config || !bgp_peers_due_ || stopping_) return;
  bgp_peers_due_ = false;
  bgp_.configure(*config, own_node_.value_or(OwnNode{}), bgp_held_, out);
}

void Instance::reconcile_bgp(const ServiceKey& key, Output& out) {
  if (stopping_) return;
  const auto service = services_.get(key);
  const auto pool = remember_pool(key, service.get());
  const auto slices =
      service ? slices_.by_index(key.to_string()) : std::vector<std::shared_ptr<const kube::EndpointSlice>>{};
  const auto facts = nodes_.find(options_.node_name);
  bgp_.reconcile(key, service.get(), slices,
                 grounds_of(service.get(), options_.lb_class, configuration_.current().get(), pool.get()), pool,
                 facts == nodes_.end() ? nullptr : &facts->second, out);
}

void Instance::publish_bgp(Output& out) {
  if (stopping_) return;
  const bool pass_ended = !pass_due_ && pass_.ready() == 0;
  bgp_.publish(!pass_ended, out);
  report_bgp_statuses();
  const bool all_known = configuration_.whole() && pass_ended && changed_.ready() == 0 && !bgp_.due();
  if (!all_known) return;
  bgp_.services_known(out);
  if (!bgp_.has_affected()) bgp_statuses_.start();
}

void Instance::report_bgp_statuses() {
  for (const auto& key : bgp_.take_affected(kStatusesPerSlice)) {
    auto peers = bgp_.peers_of(key);
    bgp_statuses_.want(key, peers.empty() ? std::nullopt : std::optional(std::move(peers)));
  }
}

}  // namespace metallb::speaker
