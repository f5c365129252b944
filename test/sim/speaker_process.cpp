#include "sim/speaker_process.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "sim/packet_filter.hpp"

namespace metallb::sim {
namespace {

using namespace std::chrono_literals;

/// Socket buffers, counted in packets: 2 MiB for UDP (gossip spec 3.9), the kernel's default for packet sockets.
constexpr std::size_t kUdpBuffer = 1600;
constexpr std::size_t kPacketBuffer = 160;

constexpr Duration kNetlinkDelay = 1ms;
constexpr Duration kJoinInterval = 1min;  // gossip spec 1.5
constexpr Duration kPodsInterval = 5min;  // likewise
constexpr Duration kStopLimit = 1s;       // failover spec, issue: clean stop
constexpr Duration kNeighbourInterval = 1s;

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
  host_.bind(this, kPort);
  start_membership();
  if (options_.membership_only) {
    network_.timeline.after(1ms, [this] { join(); });
    return;
  }
  feed_speaker(speaker::MembersChanged{.members = std::set{name()}, .hold_takeovers = options_.kind == MemberKind::kOurs});
  feed_packets(interface_state());
  feed_speaker(speaker::InterfacesChanged{{"eth0"}});
  follow<kube::Service>();
  follow<kube::EndpointSlice>();
  follow<kube::Node>();
  follow<kube::Namespace>();
  follow<kube::IPAddressPool>();
  follow<kube::L2Advertisement>();
  follow<kube::Community>();
  follow<kube::ServiceL2Status>();
  list_pods();
  join_loop();
  look_at_neighbours();
  if (options_.defects.slanders) slander();
}

void SpeakerProcess::start_membership() {
  liveness_.run([this] { membership_driven_.wake(); });
}

template <class T>
void SpeakerProcess::follow() {
  auto watch = std::make_unique<Watch<T>>(
      network_.timeline, api_, Random(network_.next_seed()), options_.distance,
      [this](const kube::Change<T>& change) { main_.run([this, change] { speaker_driven_.feed(change); }); });
  watch->start();
  watches_.push_back(std::move(watch));
}

// ---- signals ----

void SpeakerProcess::end() {
  ended_ = true;
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
  main_.run([this] {
    if (options_.kind == MemberKind::kOurs && !options_.membership_only) speaker_driven_.feed(speaker::Stopping{});
    liveness_.post([this] { membership_driven_.feed(gossip::Leave{}); });
  });
  if (options_.kind != MemberKind::kOurs) return;
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
  if (left_ && (options_.kind != MemberKind::kOurs || speaker_.announces_nothing())) {
    end();
    observer_.exited(*this);
    return;
  }
  network_.timeline.after(5ms, [this] { main_.run([this] { exit_when_done(); }); });
}

// ---- what comes in ----

void SpeakerProcess::on_datagram(const std::shared_ptr<const Datagram>& datagram) {
  if (liveness_.waiting() >= kUdpBuffer) return;
  liveness_.run([this, datagram] {
    membership_driven_.feed(gossip::PacketReceived{.from = datagram->from, .packet = datagram->payload});
  });
}

void SpeakerProcess::on_unreachable(const gossip::Endpoint& to) {
  liveness_.run([this, to] { membership_driven_.feed(gossip::Unreachable{to}); });
}

void SpeakerProcess::on_stream(StreamNews news) {
  liveness_.run([this, news = std::move(news)] {
    switch (news.what) {
      case StreamNews::What::kAccepted:
        return membership_driven_.feed(gossip::StreamAccepted{.stream = news.stream, .from = news.from});
      case StreamNews::What::kConnected:
        return membership_driven_.feed(gossip::StreamConnected{news.stream});
      case StreamNews::What::kReceived:
        return membership_driven_.feed(gossip::StreamReceived{.stream = news.stream, .data = news.data});
      case StreamNews::What::kEnded:
        return membership_driven_.feed(gossip::StreamEnded{.stream = news.stream, .error = news.error});
    }
  });
}

void SpeakerProcess::on_frame(const Frame& frame) {
  if (options_.membership_only || packets_.waiting() >= kPacketBuffer) return;
  packets_.run([this, frame] {
    observer_.frame_seen(*this, *frame);
    if (!passes(arp_filter_, *frame) && !passes(ndp_filter_, *frame)) return;
    layer2_driven_.feed(layer2::FrameReceived{.interface = kInterface, .frame = *frame});
    look_at_answers();
  });
}

layer2::InterfaceState SpeakerProcess::interface_state() const {
  return {.index = kInterface,
          .name = "eth0",
          .mac = host_.mac(),
          .arp = true,
          .link_local = host_.link_local(),
          .running = network_.lan.carrier(host_.port())};
}

void SpeakerProcess::on_carrier(bool carrier) {
  network_.timeline.after(kNetlinkDelay, [this, carrier] {
    liveness_.run([this, carrier] { membership_driven_.feed(gossip::LinkChanged{carrier}); });
    if (!options_.membership_only) feed_packets(interface_state());
  });
}

void SpeakerProcess::feed_speaker(speaker::Input input) {
  main_.run([this, input = std::move(input)] { speaker_driven_.feed(input); });
}

void SpeakerProcess::feed_packets(layer2::Input input) {
  packets_.run([this, input = std::move(input)] {
    layer2_driven_.feed(input);
    look_at_answers();
  });
}

// ---- what the membership wants done ----

void SpeakerProcess::carry_out(gossip::Output& out) {
  for (auto& action : out) {
    std::visit([this](auto& a) { do_one(a); }, action);
  }
}

void SpeakerProcess::do_one(gossip::SendPacket& action) {
  if (options_.defects.floods) {
    for (int i = 0; i < 100; ++i) host_.send_datagram(action.to, action.packet);
  }
  host_.send_datagram(action.to, std::move(action.packet));
}

void SpeakerProcess::do_one(gossip::Dial& action) {
  network_.streams.dial(host_, *this, action.stream, action.to);
}

void SpeakerProcess::do_one(gossip::SendStream& action) {
  network_.streams.send(*this, action.stream, std::move(action.data), action.last);
}

void SpeakerProcess::do_one(gossip::CloseStream& action) {
  network_.streams.close(*this, action.stream);
}

void SpeakerProcess::do_one(gossip::AskWitness& action) {
  // Posted: an answer may be there at once, and the core is not entered while it acts.
  network_.timeline.after(10us, [this, request = action.request, accused = action.accused] {
    if (ended_) return;
    host_.ask_witness(accused, [this, request](std::optional<bool> heard) {
      const auto answer = !heard   ? gossip::WitnessAnswer::kNobodyToAsk
                          : *heard ? gossip::WitnessAnswer::kHeard
                                   : gossip::WitnessAnswer::kSilent;
      liveness_.run([this, request, answer] {
        membership_driven_.feed(gossip::WitnessAnswered{.request = request, .answer = answer});
      });
    });
  });
}

void SpeakerProcess::do_one(gossip::ElectorateChanged& action) {
  electorate_ = std::move(action);
  observer_.electorate_changed(*this, electorate_);
  if (!options_.membership_only) main_.post([this] { tell_electorate(); });
}

void SpeakerProcess::tell_electorate() {
  const bool hold = electorate_.hold && options_.kind == MemberKind::kOurs;
  speaker_driven_.feed(speaker::MembersChanged{.members = electorate_.members, .hold_takeovers = hold});
}

void SpeakerProcess::do_one(gossip::MemberSeen& action) {
  if (action.node != name()) member_addresses_[action.node] = action.address;
  observer_.member_seen(*this, action);
}

void SpeakerProcess::do_one(gossip::JoinFinished& /*action*/) {}

void SpeakerProcess::do_one(gossip::LeaveFinished& /*action*/) {
  main_.post([this] {
    left_ = true;
    exit_when_done();
  });
}

/// Which MAC is which member's: from the member table and the kernel's neighbour table.
void SpeakerProcess::look_at_neighbours() {
  if (ended_ || options_.kind != MemberKind::kOurs) return;
  const auto neighbours = host_.neighbours(Duration(24h));
  std::map<MacAddress, std::string> known;
  for (const auto& [node, address] : member_addresses_) {
    const auto found = std::ranges::find(neighbours, address, &Host::Neighbour::address);
    if (found != neighbours.end()) known[found->mac] = node;
  }
  if (known != known_neighbours_) {
    known_neighbours_ = known;
    feed_packets(layer2::NeighboursKnown{std::move(known)});
  }
  network_.timeline.after(kNeighbourInterval, [this] { main_.run([this] { look_at_neighbours(); }); });
}

// ---- what the others want done ----

void SpeakerProcess::carry_out(std::vector<layer2::Action>& out) {
  for (auto& action : out) {
    if (auto* send = std::get_if<layer2::SendFrame>(&action)) {
      observer_.frame_sent(*this, send->address);
      host_.send_frame(std::move(send->frame));
    } else if (const auto* capture = std::get_if<layer2::CaptureChanged>(&action)) {
      arp_filter_ = capture->arp ? layer2::arp_capture_filter(capture->addresses) : layer2::FilterProgram{};
      ndp_filter_ = capture->ndp ? layer2::ndp_capture_filter(capture->addresses) : layer2::FilterProgram{};
    } else if (const auto* seen = std::get_if<layer2::ConflictSeen>(&action)) {
      if (options_.kind != MemberKind::kOurs || options_.defects.ignores_conflicts) continue;
      main_.post([this, conflict = *seen] { speaker_driven_.feed(conflict); });
    }
    // Group memberships: the simulated switch floods multicast.
  }
}

void SpeakerProcess::carry_out(speaker::Output& out) {
  for (auto& action : out) {
    if (auto* command = std::get_if<layer2::Command>(&action)) {
      if (options_.defects.never_withdraws && std::holds_alternative<layer2::Withdraw>(*command)) continue;
      if (options_.defects.never_announces && std::holds_alternative<layer2::Announce>(*command)) continue;
      packets_.post([this, c = std::move(*command)] {
        layer2_driven_.feed(c);
        look_at_answers();
      });
    } else if (auto* write = std::get_if<kube::Write>(&action)) {
      api_.write(std::move(*write), options_.distance.delay,
                 [this](kube::WriteDone done) { feed_speaker(std::move(done)); });
    } else {
      observer_.told(*this, std::get<kube::EventNote>(action));
    }
  }
}

bool SpeakerProcess::answers(const IpAddress& address) const {
  return layer2_.table().find(kInterface, address).has_value();
}

void SpeakerProcess::look_at_answers() {
  if (!options_.tracked) return;
  const auto& tracked = *options_.tracked;
  answering_.resize(tracked.size());
  for (std::size_t i = 0; i < tracked.size(); ++i) {
    const bool answers_now = answers(tracked[i]);
    if (answering_[i] == answers_now) continue;
    answering_[i] = answers_now;
    observer_.answers_changed(*this, tracked[i], answers_now);
  }
}

// ---- the join loop (gossip spec 1.5) ----

void SpeakerProcess::list_pods() {
  if (ended_ || stopping_) return;
  network_.timeline.after(options_.distance.delay, [this] {
    main_.run([this] {
      if (api_.available()) {
        pods_.clear();
        for (const auto& [key, node] : api_.of<kube::Node>().objects) {
          for (const auto& address : node->status.addresses) {
            if (const auto ip = IpAddress::parse(address.address)) pods_.push_back(*ip);
          }
        }
      }
      network_.timeline.after(pods_.empty() ? Duration(1s) : kPodsInterval, [this] { list_pods(); });
    });
  });
}

void SpeakerProcess::join_loop() {
  if (ended_ || stopping_) return;
  auto next = Duration(20ms);
  // First when the picture is whole and the pods are known, then every minute.
  if (!pods_.empty() && speaker_.ready()) {
    joined_once_ = true;
    join();
    next = kJoinInterval;
  }
  network_.timeline.after(next, [this] { main_.run([this] { join_loop(); }); });
}

void SpeakerProcess::join() {
  auto addresses = options_.membership_only ? options_.join : pods_;
  std::erase(addresses, host_.address());
  liveness_.post([this, addresses = std::move(addresses)] { membership_driven_.feed(gossip::Join{addresses}); });
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
