#include "admission/findings.hpp"

#include <memory>

#include "config/community_value.hpp"

namespace metallb::admission {
namespace {

std::shared_ptr<const kube::BGPPeer> without_targets(const kube::BGPPeer& peer, const Kept& kept) {
  auto out = std::make_shared<kube::BGPPeer>(peer);
  if (!kept.bfd_profiles) out->spec.bfdProfile.clear();
  // With a password beside it the reference is a contradiction, whatever it leads to (rule N13).
  if (out->metadata.name != kept.secret_of && out->spec.password.empty()) out->spec.passwordSecret = {};
  return out;
}

std::shared_ptr<const kube::BGPAdvertisement> without_aliases(const kube::BGPAdvertisement& advertisement) {
  auto out = std::make_shared<kube::BGPAdvertisement>(advertisement);
  std::erase_if(out->spec.communities, [](const auto& text) { return config::can_only_be_alias(text); });
  return out;
}

}  // namespace

std::vector<config::ConfigError> errors_of(const config::Resources& resources) {
  return config::build(resources).errors;
}

config::Resources without_references(config::Resources resources, const Kept& kept) {
  for (auto& peer : resources.bgp_peers) peer = without_targets(*peer, kept);
  if (kept.aliases) return resources;
  for (auto& advertisement : resources.bgp_advertisements) advertisement = without_aliases(*advertisement);
  return resources;
}

}  // namespace metallb::admission
