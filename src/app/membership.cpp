#include "app/membership.hpp"

#include <utility>

#include "io/entropy.hpp"
#include "io/files.hpp"
#include "io/kube/pod_list.hpp"

namespace metallb::app {
namespace {

/// The kubelet replaces the files of a Secret by renaming; how soon that is seen matters little (gossip/key_rotation.hpp).
constexpr auto kSecretInterval = std::chrono::seconds(5);

}  // namespace

std::expected<std::unique_ptr<Membership>, SystemError> Membership::start(Component& component, io::LivenessThread& thread,
                                                                          const std::string& node_name,
                                                                          const std::string& namespace_,
                                                                          const MembershipSettings& settings,
                                                                          Handlers handlers) {
  std::unique_ptr<Membership> membership(new Membership(component, node_name, namespace_, settings, std::move(handlers)));
  if (auto opened = membership->open_gossip(thread, node_name, settings); !opened) {
    return std::unexpected(std::move(opened.error()));
  }
  membership->tell_members();
  membership->discovery_driver_.wake();
  if (!settings.secret_file.empty()) membership->watch_secret();
  return membership;
}

Membership::Membership(Component& component, const std::string& node_name, std::string namespace_,
                       const MembershipSettings& settings, Handlers handlers)
    : component_(component),
      namespace_(std::move(namespace_)),
      labels_(settings.labels),
      secret_file_(settings.secret_file),
      handlers_(std::move(handlers)),
      electorate_{.members = {node_name}, .hold = true, .left = {}},
      discovery_(node_name, settings.address, Random(io::random_seed()), component.log()),
      discovery_driver_(component.loop(), discovery_, [this](auto& out) { carry_out(out); }),
      rotation_(settings.secret, component.log()),
      rotation_driver_(component.loop(), rotation_,
                       [this](gossip::KeyRotation::Output& rings) {
                         for (auto& ring : rings) gossip_->use_keys(std::move(ring));
                       }),
      secret_timer_(component.loop()) {}

Membership::~Membership() = default;

std::expected<void, SystemError> Membership::open_gossip(io::LivenessThread& thread, const std::string& node_name,
                                                         const MembershipSettings& settings) {
  auto gossip = io::GossipDriver::open(
      thread, component_.loop(),
      {.node_name = node_name,
       .address = settings.address,
       .port = settings.port,
       .settings = settings.timing,
       .ring = rotation_.ring()},
      {.electorate_changed =
           [this](gossip::ElectorateChanged changed) {
             electorate_ = std::move(changed);
             discovery_driver_.feed(electorate_);
             tell_members();
           },
       .member_seen = [this](const gossip::MemberSeen& seen) { discovery_driver_.feed(seen); },
       .join_finished = [this](const gossip::JoinFinished& finished) { discovery_driver_.feed(finished); },
       .left =
           [this] {
             if (left_) left_();
           },
       .neighbours_changed = handlers_.neighbours_changed},
      component_.log());
  if (!gossip) return std::unexpected(std::move(gossip.error()));
  gossip_ = std::move(*gossip);
  return {};
}

void Membership::tell_members() {
  // Whom this node may count on while it goes is not asked any more.
  if (!leaving_)
    handlers_.members_changed({.members = electorate_.members, .hold_takeovers = holds(), .left = electorate_.left});
}

void Membership::node_changed(const kube::Change<kube::Node>& change) {
  if (!leaving_) discovery_driver_.feed(change);
}

void Membership::carry_out(speaker::PeerDiscovery::Output& out) {
  for (auto& action : out) {
    if (auto* join = std::get_if<gossip::Join>(&action)) {
      gossip_->join(std::move(join->addresses));
    } else if (std::holds_alternative<speaker::ListPods>(action)) {
      list_pods();
    } else {
      first_join_ended_ = true;
      tell_members();
    }
  }
}

void Membership::list_pods() {
  io::list_pods(component_.client(), namespace_, labels_, [this, alive = std::weak_ptr(alive_)](auto pods) {
    if (!alive.expired() && !leaving_) discovery_driver_.feed(speaker::PodsListed{std::move(pods)});
  });
}

void Membership::leave(std::function<void()> left) {
  leaving_ = true;
  left_ = std::move(left);
  gossip_->leave();
}

void Membership::watch_secret() {
  secret_timer_.expires_after(kSecretInterval);
  secret_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    auto content = io::read_file(secret_file_);
    rotation_driver_.feed({content ? gossip::SecretRead{std::move(*content)}
                                   : gossip::SecretRead{std::unexpected(content.error().to_string())}});
    watch_secret();
  });
}

}  // namespace metallb::app
