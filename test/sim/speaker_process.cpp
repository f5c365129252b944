#include "sim/speaker_process.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kRetry = 2s;
constexpr Duration kStopLimit = 1s;  // issue 4: clean stop

}  // namespace

const char* to_string(MemberKind kind) {
  switch (kind) {
    case MemberKind::kOurs:
      return "ours";
    case MemberKind::kClassic:
      return "classic";
    case MemberKind::kMinimal:
      return "minimal";
  }
  return "";
}

namespace {

std::unique_ptr<Membership> make(const SpeakerOptions& options, const Host& host, Random& random, Log log) {
  gossip::Options with;
  with.node_name = host.name();
  with.address = host.address();
  with.port = SpeakerProcess::kPort;
  with.settings = options.settings;
  with.ring = options.ring;
  // Never the same twice within one simulation, and nothing that a seed does not repeat.
  with.nonces = [counter = random.below(Network::kSeeds), who = host.port()]() mutable {
    gossip::Nonce nonce{};
    ++counter;
    for (std::size_t i = 0; i < 8; ++i) nonce[i] = static_cast<std::uint8_t>(counter >> (8 * i));
    for (std::size_t i = 0; i < 4; ++i) nonce[8 + i] = static_cast<std::uint8_t>(who >> (8 * i));
    return nonce;
  };
  with.seed = random.below(Network::kSeeds);
  // The product leaves it to who discovers the others; the others know no such thing.
  if (!options.membership_only) with.start_hold = Duration::zero();
  if (options.kind != MemberKind::kOurs) with.settings.ring.enabled = false;
  return options.kind == MemberKind::kMinimal ? make_minimal(std::move(with), log) : make_core(std::move(with), log);
}

speaker::Options speaker_options(const Host& host) {
  return {.node_name = host.name(),
          .namespace_ = "metallb-system",
          .pod = std::nullopt,
          .lb_class = {},
          .ignore_exclude_lb = false};
}

}  // namespace

SpeakerProcess::SpeakerProcess(Network& network, Api& api, Host& host, Observer& observer, SpeakerOptions options)
    : network_(network),
      api_(api),
      host_(host),
      observer_(observer),
      options_(std::move(options)),
      random_(network.next_seed()),
      log_(network.trace, host.name()),
      liveness_(network.timeline, Random(network.next_seed())),
      packets_(network.timeline, Random(network.next_seed())),
      main_(network.timeline, Random(network.next_seed())),
      membership_(make(options_, host, random_, Log(log_))),
      layer2_(Log(log_)),
      speaker_(speaker_options(host), Log(log_)),
      membership_driven_(network.timeline, host, liveness_, *membership_, [this](auto& out) { carry_out(out); }),
      layer2_driven_(network.timeline, host, packets_, layer2_, [this](auto& out) { carry_out(out); }),
      speaker_driven_(network.timeline, host, main_, speaker_, [this](auto& out) { carry_out(out); }) {}

void SpeakerProcess::start() {
  if (options_.membership_only) return begin();
  // The program reads its own pod first, and waits for the API server that long.
  network_.timeline.after(2 * options_.distance.delay, [this] {
    main_.run([this] {
      if (stopping_) return;
      if (api_.available()) return begin();
      network_.timeline.after(kRetry, [this] { start(); });
    });
  });
}

void SpeakerProcess::begin() {
  begun_ = true;
  host_.bind(this, kPort);
  start_membership();
  if (options_.membership_only) {
    network_.timeline.after(1ms, [this] { join(options_.join); });
    return;
  }
  feed_speaker(speaker::MembersChanged{.members = std::set{name()}, .hold_takeovers = is_ours()});
  feed_packets(interface_state());
  feed_speaker(speaker::InterfacesChanged{{"eth0"}});
  follow<kube::Service>();
  follow<kube::EndpointSlice>();
  follow<kube::Node>();
  follow<kube::Namespace>();
  follow<kube::IPAddressPool>();
  follow<kube::L2Advertisement>();
  follow<kube::BGPPeer>();
  follow<kube::BGPAdvertisement>();
  follow<kube::BFDProfile>();
  follow<kube::Community>();
  follow<kube::Secret>();
  follow<kube::ServiceL2Status>();
  joining_ = (is_ours() ? join_like_ours : join_like_the_original)({.network = network_,
                                                                    .api = api_,
                                                                    .host = host_,
                                                                    .main = main_,
                                                                    .distance = options_.distance,
                                                                    .log = Log(log_),
                                                                    .join = [this](auto to) { join(std::move(to)); },
                                                                    .first_join_ended = [this] { first_join_ended(); },
                                                                    .ready = [this] { return speaker_.ready(); }});
  joining_->start();
  for (const auto& known : host_.neighbours(Duration(24h))) neighbours_[known.address] = known.mac;
  if (options_.defects.slanders) slander();
}

void SpeakerProcess::start_membership() {
  liveness_.run([this] { membership_driven_.wake(); });
}

template <class T>
void SpeakerProcess::follow() {
  auto watch = std::make_unique<Watch<T>>(network_.timeline, api_, Random(network_.next_seed()), options_.distance,
                                          [this](const kube::Change<T>& change) {
                                            main_.run([this, change] {
                                              if constexpr (std::is_same_v<T, kube::Node>) {
                                                if (joining_) joining_->feed(change);
                                              }
                                              speaker_driven_.feed(change);
                                            });
                                          });
  watch->start();
  watches_.push_back(std::move(watch));
}

// ---- signals ----

void SpeakerProcess::end() {
  ended_ = true;
  if (joining_) joining_->stop();
  liveness_.end();
  packets_.end();
  main_.end();
  for (auto& watch : watches_) watch->end();
  if (host_.sockets() == this) host_.bind(nullptr, 0);
  network_.streams.abandon(*this);
  for (std::size_t i = 0; i < answering_.size(); ++i) {
    if (answering_[i]) observer_.answers_changed(*this, (*options_.tracked)[i], false);
  }
  answering_.clear();
}

void SpeakerProcess::kill() {
  if (!ended_) end();
}

void SpeakerProcess::freeze() {
  liveness_.stop();
  packets_.stop();
  main_.stop();
}

void SpeakerProcess::go_on() {
  liveness_.go_on();
  packets_.go_on();
  main_.go_on();
}

void SpeakerProcess::set_slowness(Duration at_most) {
  slowness_ = at_most;
  liveness_.set_slowness(at_most);
  packets_.set_slowness(at_most);
  main_.set_slowness(at_most);
}

void SpeakerProcess::stick_watches_until(SteadyPoint when) {
  for (auto& watch : watches_) watch->stick_until(when);
}

void SpeakerProcess::terminate() {
  if (ended_ || std::exchange(stopping_, true)) return;
  if (joining_) joining_->stop();
  if (!begun_) {
    main_.run([this] {
      end();
      observer_.exited(*this);
    });
    return;
  }
  main_.run([this] {
    if (is_ours() && !options_.membership_only) speaker_driven_.feed(speaker::Stopping{});
    liveness_.post([this] { membership_driven_.feed(gossip::Leave{}); });
  });
  if (!is_ours()) return;
  network_.timeline.after(kStopLimit, [this] {
    main_.run([this] {
      end();
      observer_.exited(*this);
    });
  });
  exit_when_done();
}

/// Ours goes when it has told everybody and answers for nothing any more.
void SpeakerProcess::exit_when_done() {
  if (ended_ || !stopping_) return;
  if (left_ && (!is_ours() || speaker_.announces_nothing())) {
    end();
    observer_.exited(*this);
    return;
  }
  network_.timeline.after(5ms, [this] { main_.run([this] { exit_when_done(); }); });
}

// ---- defects ----

void SpeakerProcess::slander() {
  if (ended_) return;
  const auto others = membership_->members();
  const auto& victim = others[random_.below(others.size())];
  if (victim.name != name()) {
    const gossip::PacketMessage message =
        gossip::Dead{.incarnation = victim.incarnation, .node = victim.name, .from = name()};
    for (const auto& other : others) {
      const auto address = gossip::to_ip_address(other.address);
      if (!address || other.name == victim.name) continue;
      host_.send_datagram({.address = *address, .port = kPort}, gossip::encode(message));
    }
  }
  network_.timeline.after(3s, [this] { slander(); });
}

std::array<std::size_t, 3> SpeakerProcess::busiest() const {
  return {membership_driven_.busiest(), layer2_driven_.busiest(), speaker_driven_.busiest()};
}

}  // namespace metallb::sim
