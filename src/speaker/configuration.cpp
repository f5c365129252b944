#include "speaker/configuration.hpp"

#include <algorithm>
#include <utility>

#include "config/alike.hpp"
#include "kube/event_note.hpp"

namespace metallb::speaker {
namespace {

constexpr const char* kInvalid = "InvalidConfiguration";
constexpr const char* kBasicAuth = "kubernetes.io/basic-auth";
constexpr const char* kPassword = "password";

/// Applies the change; true when it can matter to the configuration.
template <class T>
bool absorb(kube::Store<T>& store, const kube::Change<T>& change) {
  const auto before = store.apply(change);
  if (const auto* upserted = std::get_if<kube::Upserted<T>>(&change))
    return !before || !config::alike(*before, *upserted->object);
  return before != nullptr;
}

/// Without what no peer can use: the namespace has Secrets of all kinds, and none of their business is ours.
std::shared_ptr<const kube::Secret> reduced(const kube::Secret& secret) {
  auto out = std::make_shared<kube::Secret>();
  out->metadata = secret.metadata.identity();
  out->type = secret.type;
  if (const auto password = secret.data.find(kPassword); secret.type == kBasicAuth && password != secret.data.end()) {
    out->data.insert(*password);
  }
  return out;
}

template <class T>
config::Objects<T> all(const kube::Store<T>& store) {
  config::Objects<T> out;
  for (const auto& [key, object] : store.objects()) out.push_back(object);
  return out;
}

}  // namespace

void Configuration::on_change(const kube::Change<kube::IPAddressPool>& change) {
  due_ |= absorb(pools_, change);
}
void Configuration::on_change(const kube::Change<kube::L2Advertisement>& change) {
  due_ |= absorb(l2_advertisements_, change);
}
void Configuration::on_change(const kube::Change<kube::BGPPeer>& change) {
  due_ |= absorb(bgp_peers_, change);
}
void Configuration::on_change(const kube::Change<kube::BGPAdvertisement>& change) {
  due_ |= absorb(bgp_advertisements_, change);
}
void Configuration::on_change(const kube::Change<kube::BFDProfile>& change) {
  due_ |= absorb(bfd_profiles_, change);
}
void Configuration::on_change(const kube::Change<kube::Community>& change) {
  due_ |= absorb(communities_, change);
}
void Configuration::on_change(const kube::Change<kube::Secret>& change) {
  const auto* upserted = std::get_if<kube::Upserted<kube::Secret>>(&change);
  if (upserted == nullptr) {
    due_ |= absorb(secrets_, change);
  } else if (upserted->object->metadata.namespace_ == namespace_) {
    due_ |= absorb(secrets_, kube::Change<kube::Secret>(kube::Upserted<kube::Secret>{reduced(*upserted->object)}));
  }
}
void Configuration::on_change(const kube::Change<kube::Namespace>& change) {
  due_ |= absorb(namespaces_, change);
}
void Configuration::on_change(const kube::Change<kube::Node>& change) {
  due_ |= absorb(nodes_, change);
}

bool Configuration::listed() const {
  // Without the BGP kinds and what they refer to, sessions would begin with half of what they are to be, and start anew.
  return pools_.listed() && l2_advertisements_.listed() && bgp_peers_.listed() && bgp_advertisements_.listed() &&
         bfd_profiles_.listed() && communities_.listed() && secrets_.listed() && namespaces_.listed() && nodes_.listed();
}

template <class T>
config::Objects<T> Configuration::own(const kube::Store<T>& store) const {
  config::Objects<T> out;
  for (const auto& [key, object] : store.objects()) {
    if (key.namespace_ == namespace_) out.push_back(object);
  }
  return out;
}

Configuration::Result Configuration::build() {
  due_ = false;
  auto built = last_good_.build({.pools = own(pools_),
                                 .l2_advertisements = own(l2_advertisements_),
                                 .bgp_peers = own(bgp_peers_),
                                 .bgp_advertisements = own(bgp_advertisements_),
                                 .bfd_profiles = own(bfd_profiles_),
                                 .communities = own(communities_),
                                 .namespaces = all(namespaces_),
                                 .nodes = all(nodes_),
                                 .secrets = own(secrets_),
                                 .node_name = node_name_});
  Result out;
  const auto told = std::exchange(errors_, std::move(built.errors));
  for (const auto& error : errors_) {
    if (std::find(told.begin(), told.end(), error) != told.end()) continue;
    log_.error({{"msg", "failed to parse the configuration"}, {"op", "setConfig"}, {"error", error.to_string()}});
    if (auto note = complaint(error)) out.complaints.push_back(*std::move(note));
  }
  if (current_ && *current_ == built.config) return out;
  const bool first = current_ == nullptr;
  current_ = std::make_shared<const config::Config>(std::move(built.config));
  log_.info({{"event", first ? "configLoaded" : "configChanged"},
             {"pools", current_->pools.size()},
             {"peers", current_->bgp_peers.size()},
             {"msg", "a new configuration is in force"}});
  out.changed = true;
  return out;
}

bool Configuration::whole() const {
  return current_ && std::none_of(errors_.begin(), errors_.end(), [](const auto& error) { return error.left_out; });
}

std::optional<kube::EventNote> Configuration::complaint(const config::ConfigError& error) const {
  const auto about = [&]<class T>(const kube::Store<T>& store) -> std::optional<kube::EventNote> {
    const auto object = error.kind == kube::resource_of<T>().kind ? store.get(error.key) : nullptr;
    if (!object) return std::nullopt;
    return kube::event_note(*object, kube::EventNote::Type::kWarning, kInvalid, error.explanation());
  };
  if (auto note = about(l2_advertisements_)) return note;
  if (auto note = about(bgp_peers_)) return note;
  if (auto note = about(bgp_advertisements_)) return note;
  // What else is wrong with a pool the controller tells, which knows no advertisements.
  if (error.other && error.other->kind == kube::resource_of<kube::BGPAdvertisement>().kind) {
    if (auto note = about(pools_)) return note;
  }
  return about(bfd_profiles_);
}

}  // namespace metallb::speaker
