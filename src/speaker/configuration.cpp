#include "speaker/configuration.hpp"

#include <utility>

namespace metallb::speaker {
namespace {

// What of an object enters the configuration.
bool alike(const kube::IPAddressPool& a, const kube::IPAddressPool& b) {
  return a.spec == b.spec && a.metadata.labels == b.metadata.labels;
}
bool alike(const kube::L2Advertisement& a, const kube::L2Advertisement& b) {
  return a.spec == b.spec;
}
bool alike(const kube::Community& a, const kube::Community& b) {
  return a.spec == b.spec;
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
void Configuration::on_change(const kube::Change<kube::Community>& change) {
  due_ |= absorb(communities_, change);
}
void Configuration::on_change(const kube::Change<kube::Namespace>& change) {
  due_ |= absorb(namespaces_, change);
}
void Configuration::on_change(const kube::Change<kube::Node>& change) {
  due_ |= absorb(nodes_, change);
}

bool Configuration::listed() const {
  return pools_.listed() && l2_advertisements_.listed() && namespaces_.listed() && nodes_.listed();
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
                              .communities = own(communities_),
                              .namespaces = all(namespaces_),
                              .nodes = all(nodes_)});
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
             {"msg", "a new configuration is in force"}});
  return true;
}

}  // namespace metallb::speaker
