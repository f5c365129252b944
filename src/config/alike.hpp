// What of an object enters the configuration: two versions that are alike in this make the same one.
#pragma once

#include "kube/objects/core.hpp"
#include "kube/objects/metallb.hpp"

namespace metallb::config {

template <class T>
[[nodiscard]] bool alike(const T& a, const T& b) {
  return a.spec == b.spec;
}
[[nodiscard]] inline bool alike(const kube::IPAddressPool& a, const kube::IPAddressPool& b) {
  return a.spec == b.spec && a.metadata.labels == b.metadata.labels;
}
[[nodiscard]] inline bool alike(const kube::Secret& a, const kube::Secret& b) {
  return a.type == b.type && a.data == b.data;
}
[[nodiscard]] inline bool alike(const kube::Namespace& a, const kube::Namespace& b) {
  return a.metadata.labels == b.metadata.labels;
}
[[nodiscard]] inline bool alike(const kube::Node& a, const kube::Node& b) {
  return a.metadata.labels == b.metadata.labels;
}

}  // namespace metallb::config
