#include "app/bgp_mode.hpp"

#include <chrono>
#include <optional>
#include <utility>
#include <variant>

#include "io/entropy.hpp"
#include "io/kube/frr_k8s_query.hpp"

namespace metallb::app {
namespace {

/// From the withdrawal of the routes to the end of the sessions: FRR takes about 70 ms from an UPDATE to its kernel's
/// routes.
constexpr auto kDrain = std::chrono::milliseconds(400);

}  // namespace

std::expected<std::unique_ptr<BgpMode>, SystemError> BgpMode::start(Component& component, io::LivenessThread& liveness,
                                                                    Options options, Held held,
                                                                    SessionChanged session_changed) {
  std::unique_ptr<BgpMode> mode(new BgpMode(component, std::move(options), std::move(held), std::move(session_changed)));
  auto links = io::LinkMonitor::open(
      component.loop(),
      [mode = mode.get()](const peering::Links& links) {
        mode->engine_.set_links(links);
        mode->peering_driver_.feed(peering::LinksChanged{links});
      },
      component.log());
  if (!links) return std::unexpected(std::move(links.error()));
  mode->links_ = std::move(*links);
  mode->bfd_ = io::BfdDriver::open(
      liveness, component.loop(),
      {.state_changed = [mode = mode.get()](const bfd::StateChanged& changed) { mode->peering_driver_.feed(changed); },
       .refused = [mode = mode.get()](const bfd::Refused& refused) { mode->peering_driver_.feed(refused); }},
      component.log());
  return mode;
}

BgpMode::BgpMode(Component& component, Options options, Held held, SessionChanged session_changed)
    : component_(component),
      options_(std::move(options)),
      held_(std::move(held)),
      session_changed_(std::move(session_changed)),
      engine_(
          component.loop(), io::random_seed(), [this](const bgp::StateChanged& changed) { on_session(changed); },
          component.log()),
      discovery_(component.loop(),
                 {.received = [this](const peering::NdpReceived& received) { peering_driver_.feed(received); },
                  .trouble = [this](const peering::DiscoveryTrouble& trouble) { peering_driver_.feed(trouble); }},
                 component.log()),
      peering_({.ipv4_on_point_to_point = options_.unnumbered_ipv4}, component.log()),
      peering_driver_(component.loop(), peering_, [this](peering::Output& out) { carry_out(out); }),
      lookout_(options_.node_name, Random(io::random_seed()), component.log()),
      lookout_driver_(component.loop(), lookout_, [this](speaker::FrrK8sLookout::Output& out) { carry_out(out); }),
      drained_(component.loop()) {}

void BgpMode::carry_out(speaker::BgpCommand command) {
  if (stopping_) return;
  if (auto* set = std::get_if<peering::SetPeer>(&command)) {
    peers_.insert(set->peer);
    peers_changed();
    peering_driver_.feed(std::move(*set));
  } else if (const auto* remove = std::get_if<peering::RemovePeer>(&command)) {
    peers_.erase(remove->peer);
    peers_changed();
    peering_driver_.feed(*remove);
  } else if (auto* publish = std::get_if<bgp::Publish>(&command)) {
    engine_.feed(std::move(*publish));
  } else {
    engine_.feed(std::get<bgp::ServicesKnown>(command));
  }
}

void BgpMode::peers_changed() {
  if (!options_.allow_frr_k8s) lookout_driver_.feed(speaker::PeersWanted{!peers_.empty()});
}

void BgpMode::node_changed(const kube::Change<kube::Node>& change) {
  const auto* upserted = std::get_if<kube::Upserted<kube::Node>>(&change);
  if (upserted == nullptr || upserted->object->metadata.name != options_.node_name) return;
  own_node_ = speaker::own_facts_of(own_node_, *upserted->object);
  engine_.set_node_ipv6(own_node_.internal_v6);
}

void BgpMode::on_session(const bgp::StateChanged& changed) {
  if (stopping_) return;
  // The address first: BFD is to watch the path of this session, and not that of the last one for a moment.
  const auto local =
      changed.to == bgp::State::kEstablished ? engine_.local_address(changed.peer) : std::optional<IpAddress>();
  if (local) peering_driver_.feed(peering::SessionAddress{changed.peer, *local});
  peering_driver_.feed(changed);
  session_changed_({.peer = changed.peer, .established = changed.to == bgp::State::kEstablished, .problem = changed.reason});
}

void BgpMode::carry_out(peering::Output& out) {
  for (auto& action : out) {
    if (auto* for_bgp = std::get_if<bgp::Input>(&action)) {
      engine_.feed(std::move(*for_bgp));
    } else if (auto* for_bfd = std::get_if<bfd::Input>(&action)) {
      if (auto* watch = std::get_if<bfd::Watch>(for_bfd)) bfd_->watch(std::move(*watch));
      if (auto* unwatch = std::get_if<bfd::Unwatch>(for_bfd)) bfd_->unwatch(std::move(*unwatch));
    } else if (const auto* send = std::get_if<peering::SendNdp>(&action)) {
      discovery_.apply(*send);
    } else if (const auto* join = std::get_if<peering::JoinGroups>(&action)) {
      discovery_.apply(*join);
    } else {
      discovery_.apply(std::get<peering::LeaveGroups>(action));
    }
  }
}

void BgpMode::carry_out(speaker::FrrK8sLookout::Output& out) {
  for (auto& action : out) {
    if (std::holds_alternative<speaker::LookForFrrK8s>(action)) {
      io::look_for_frr_k8s(component_.client(), options_.frr_k8s_namespace, options_.node_name,
                           [this, alive = std::weak_ptr(alive_)](speaker::FrrK8sSeen seen) {
                             if (!alive.expired()) lookout_driver_.feed(std::move(seen));
                           });
    } else if (auto* hold = std::get_if<speaker::HoldPeers>(&action)) {
      held_(std::move(hold->reason));
    } else {
      component_.tell(std::move(std::get<kube::EventNote>(action)));
    }
  }
}

void BgpMode::stop(std::function<void()> done) {
  stopping_ = true;
  peering_driver_.feed(peering::Stopping{});
  // First BFD, so that routers do not take the end of its packets for a failure of the path (bgp spec 4.14).
  const auto after_two = [](std::function<void()> then) {
    return [left = std::make_shared<int>(2), then = std::move(then)] {
      if (--*left == 0) then();
    };
  };
  const auto through = after_two(std::move(done));
  const auto end_sessions = after_two([this, through] { engine_.stop(false, through); });
  bfd_->stop(end_sessions, through);
  engine_.feed(bgp::Drain{});
  drained_.expires_after(engine_.core().has_routes_out() ? kDrain : std::chrono::milliseconds(0));
  drained_.async_wait([end_sessions](const boost::system::error_code& cancelled) {
    if (!cancelled) end_sessions();
  });
}

}  // namespace metallb::app
