#include "speaker/configuration.hpp"

#include <utility>

#include "kube/event_note.hpp"

namespace metallb::speaker {
namespace {

constexpr const char* kInvalid = "InvalidConfiguration";
constexpr const char* kBasicAuth = "kubernetes.io/basic-auth";
constexpr const char* kPassword = "password";

// What of an object enters the configuration.
template <class T>
bool alike(const T& a, const T& b) {
  return a.spec == b.spec;
}
bool alike(const kube::IPAddressPool& a, const kube::IPAddressPool& b) {
  return a.spec == b.spec && a.metadata.labels == b.metadata.labels;
}
bool alike(const kube::Secret& a, const kube::Secret& b) {
  return a.type == b.type && a.data == b.data;
}
bool alike(const kube::Namespace& a, const kube::Namespace& b) {
  return a.metadata.labels == b.metadata.labels;
}
bool alike(const kube::Node& a, const kube::Node& b) {
  return a.metadata.labels == b.metadata.labels;
}

/// Applies the change; true when it can matter to the configuration.
template <class T>
bool absorb(kube::Store<T>& store, const kube::Change<T>& change) {
  const auto before = store.apply(change);
  if (const auto* upserted = std::get_if<kube::Upserted<T>>(&change)) return !before || !alike(*before, *upserted->object);
  return before != nullptr;
}

/// Without what no peer can use: the namespace has Secrets of all kinds, and none of their business is ours.
std::shared_ptr<const kube::Secret> reduced(const kube::Secret& secret) {
  auto out = std::make_shared<kube::Secret>();
  out->metadata.namespace_ = secret.metadata.namespace_;
  out->metadata.name = secret.metadata.name;
  out->metadata.uid = secret.metadata.uid;
  out->metadata.resourceVersion = secret.metadata.resourceVersion;
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

bool Configuration::build() {
  due_ = false;
  auto built = config::build({.pools = own(pools_),
                              .l2_advertisements = own(l2_advertisements_),
                              .bgp_peers = own(bgp_peers_),
                              .bgp_advertisements = own(bgp_advertisements_),
                              .bfd_profiles = own(bfd_profiles_),
                              .communities = own(communities_),
                              .namespaces = all(namespaces_),
                              .nodes = all(nodes_),
                              .secrets = own(secrets_),
                              .node_name = node_name_});
  if (!built.has_value()) {
    if (built.error() != error_) {
      log_.error({{"msg", "failed to parse the configuration"},
                  {"op", "setConfig"},
                  {"error", built.error().to_string()},
                  {"in force", current_ ? "the last valid configuration" : "none"}});
    }
    error_ = std::move(built.error());
    return false;
  }
  error_.reset();
  if (current_ && *current_ == *built) return false;
  const bool first = current_ == nullptr;
  current_ = std::make_shared<const config::Config>(std::move(*built));
  log_.info({{"event", first ? "configLoaded" : "configChanged"},
             {"pools", current_->pools.size()},
             {"peers", current_->bgp_peers.size()},
             {"msg", "a new configuration is in force"}});
  return true;
}

std::optional<kube::EventNote> Configuration::complaint() const {
  if (!error_) return std::nullopt;
  const auto about = [&]<class T>(const kube::Store<T>& store) -> std::optional<kube::EventNote> {
    const auto object = error_->kind == kube::resource_of<T>().kind ? store.get(error_->key) : nullptr;
    if (!object) return std::nullopt;
    return kube::event_note(*object, kube::EventNote::Type::kWarning, kInvalid,
                            error_->field + ": " + error_->problem + ": " + error_->remedy);
  };
  if (auto note = about(l2_advertisements_)) return note;
  if (auto note = about(bgp_peers_)) return note;
  if (auto note = about(bgp_advertisements_)) return note;
  return about(bfd_profiles_);
}

}  // namespace metallb::speaker
