#include "io/liveness/gossip_driver.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>

#include "base/cases.hpp"
#include "base/contract.hpp"
#include "io/clock.hpp"
#include "io/driver.hpp"
#include "io/entropy.hpp"
#include "io/liveness/latest.hpp"
#include "io/liveness/neighbour_names.hpp"
#include "io/liveness/network_monitor.hpp"
#include "io/liveness/network_table.hpp"
#include "io/liveness/streams.hpp"
#include "io/liveness/udp_socket.hpp"
#include "io/liveness/witness.hpp"

namespace metallb::io {
namespace {

/// Counters are pinned this often, for whoever scrapes them.
constexpr auto kReportInterval = std::chrono::seconds(1);
/// A cluster that starts tells its MAC addresses one by one: they are handed on together.
constexpr auto kNeighboursDelay = std::chrono::milliseconds(20);

gossip::Options core_options(GossipDriver::Options options) {
  return {.node_name = std::move(options.node_name),
          .address = options.address,
          .port = options.port,
          .settings = options.settings,
          .ring = std::move(options.ring),
          .nonces =
              [] {
                gossip::Nonce nonce{};
                fill_random(nonce);
                return nonce;
              },
          .seed = random_seed(),
          // Who discovers the others knows when to wait, and from when on (speaker/peer_discovery.hpp).
          .start_hold = Duration::zero()};
}

/// What the main thread is told, in boxes that keep the latest: a slow main thread makes nobody wait.
struct Outbox {
  GossipDriver::Handlers handlers;
  Latest<gossip::ElectorateChanged> electorate;
  Latest<std::map<MacAddress, std::string>> neighbours;
  std::mutex mutex;
  std::map<std::string, gossip::MemberSeen> members;
};

class Implementation final : public GossipDriver {
 public:
  Implementation(LivenessThread& thread, boost::asio::io_context& main_loop, Options options, Handlers handlers, Log log)
      : thread_(thread),
        loop_(thread.loop()),
        main_loop_(main_loop),
        outbox_(std::make_shared<Outbox>()),
        log_(log),
        own_{options.address, options.port},
        witness_timeout_(options.settings.ring.witness_timeout),
        names_(options.node_name),
        table_(options.address),
        witness_(
            loop_, [this](const gossip::WitnessAnswered& answered) { driver_.feed(answered); }, log),
        report_timer_(loop_),
        neighbours_timer_(loop_),
        core_(core_options(std::move(options)), log),
        driver_(loop_, core_, [this](gossip::Output& actions) { perform(actions); }) {
    outbox_->handlers = std::move(handlers);
  }

  ~Implementation() override { thread_.stop(); }

  std::expected<void, SystemError> open() {
    auto udp = UdpSocket::open(
        loop_, own_,
        {.received = [this](const gossip::Endpoint& from, ByteView packet) { view(gossip::PacketReceived{from, packet}); },
         .unreachable = [this](const gossip::Endpoint& to) { driver_.feed(gossip::Unreachable{to}); }},
        log_);
    if (!udp) return std::unexpected(std::move(udp.error()));
    udp_ = std::move(*udp);
    auto streams =
        Streams::open(loop_, own_,
                      {.accepted = [this](gossip::StreamId id,
                                          const gossip::Endpoint& from) { driver_.feed(gossip::StreamAccepted{id, from}); },
                       .connected = [this](gossip::StreamId id) { driver_.feed(gossip::StreamConnected{id}); },
                       .received = [this](gossip::StreamId id, ByteView data) { view(gossip::StreamReceived{id, data}); },
                       .ended = [this](gossip::StreamId id,
                                       std::string error) { driver_.feed(gossip::StreamEnded{id, std::move(error)}); }},
                      log_);
    if (!streams) return std::unexpected(std::move(streams.error()));
    streams_ = std::move(*streams);
    auto monitor = NetworkMonitor::open(loop_, table_,
                                        {.changed = [this] { network_changed(); },
                                         .neighbour =
                                             [this](const IpAddress& address, const MacAddress& mac) {
                                               names_.neighbour(address, mac);
                                               tell_neighbours_soon();
                                             }},
                                        log_);
    if (!monitor) return std::unexpected(std::move(monitor.error()));
    monitor_ = std::move(*monitor);
    log_.info({{"op", "memberlist"},
               {"ip", own_.address.to_string()},
               {"port", own_.port},
               {"msg", "listening for the other speakers"}});
    boost::asio::post(loop_, [this] {
      driver_.wake();
      report();
      tell_neighbours_soon();
    });
    return {};
  }

  void join(std::vector<IpAddress> addresses) override {
    boost::asio::post(loop_, [this, addresses = std::move(addresses)] { driver_.feed(gossip::Join{addresses}); });
  }
  void leave() override {
    boost::asio::post(loop_, [this] { driver_.feed(gossip::Leave{}); });
  }
  void use_keys(gossip::KeyRing ring) override {
    boost::asio::post(loop_, [this, ring = std::move(ring)] { driver_.feed(gossip::KeysChanged{ring}); });
  }
  [[nodiscard]] GossipReport report() const override {
    const std::lock_guard lock(report_mutex_);
    return report_;
  }

 private:
  /// An input that only views what a socket has just read must not wait in the driver's queue.
  void view(gossip::Input input) {
    METALLB_CONTRACT(!driver_.busy(), "a socket was read while an action was carried out");
    driver_.feed(std::move(input));
  }

  void perform(gossip::Output& actions) {
    for (auto& action : actions) {
      std::visit(Cases{[this](const gossip::SendPacket& send) { udp_->send(send.to, send.packet); },
                       [this](const gossip::Dial& dial) { streams_->dial(dial.stream, dial.to); },
                       [this](const gossip::SendStream& send) { streams_->send(send.stream, send.data, send.last); },
                       [this](const gossip::CloseStream& close) { streams_->close(close.stream); },
                       [this](const gossip::AskWitness& ask) {
                         witness_.ask(ask.request, table_.witnesses(now().steady, ask.accused), witness_timeout_);
                       },
                       [this](gossip::ElectorateChanged& changed) { tell(std::move(changed)); },
                       [this](const gossip::MemberSeen& seen) { tell(seen); },
                       [this](gossip::JoinFinished& finished) {
                         post([finished = std::move(finished)](Outbox& outbox) { outbox.handlers.join_finished(finished); });
                       },
                       [this](const gossip::LeaveFinished&) { post([](Outbox& outbox) { outbox.handlers.left(); }); }},
                 action);
    }
  }

  /// Runs `tell` on the main loop, unless this object, which lives there, has gone meanwhile.
  template <class Tell>
  void post(Tell tell) {
    boost::asio::post(main_loop_, [weak = std::weak_ptr(outbox_), tell = std::move(tell)] {
      if (const auto outbox = weak.lock()) tell(*outbox);
    });
  }

  void tell(gossip::ElectorateChanged changed) {
    if (!outbox_->electorate.put(std::move(changed))) return;
    post([](Outbox& outbox) {
      if (auto latest = outbox.electorate.take()) outbox.handlers.electorate_changed(std::move(*latest));
    });
  }

  void tell(const gossip::MemberSeen& seen) {
    names_.member(seen, table_.mac_of(seen.address, uplink_ ? uplink_->index : InterfaceIndex()));
    tell_neighbours_soon();
    {
      const std::lock_guard lock(outbox_->mutex);
      const bool was_empty = outbox_->members.empty();
      outbox_->members.insert_or_assign(seen.node, seen);
      if (!was_empty) return;
    }
    post([](Outbox& outbox) {
      std::map<std::string, gossip::MemberSeen> members;
      {
        const std::lock_guard lock(outbox.mutex);
        members.swap(outbox.members);
      }
      for (const auto& [node, latest] : members) outbox.handlers.member_seen(latest);
    });
  }

  void tell_neighbours_soon() {
    if (!names_.changed() || std::exchange(neighbours_armed_, true)) return;
    neighbours_timer_.expires_after(kNeighboursDelay);
    neighbours_timer_.async_wait([this](const boost::system::error_code& cancelled) {
      if (cancelled) return;
      neighbours_armed_ = false;
      auto names = names_.take_changed();
      if (!names || !outbox_->neighbours.put(std::move(*names))) return;
      post([](Outbox& outbox) {
        if (auto latest = outbox.neighbours.take()) outbox.handlers.neighbours_changed(std::move(*latest));
      });
    });
  }

  void network_changed() {
    auto uplink = table_.uplink();
    if (uplink == uplink_) return;
    // An address that no interface ever held is one that the kernel takes for local without: of its link nothing is known.
    // One that is gone takes the way to everybody with it.
    had_uplink_ = had_uplink_ || uplink;
    const bool carrier = uplink ? uplink->running : !had_uplink_;
    if (std::exchange(carrier_, carrier) != carrier) {
      log_.info({{"op", "memberlist"},
                 {"interface", uplink ? uplink->name : std::string()},
                 {"ip", own_.address.to_string()},
                 {"msg", carrier ? "the own link works again" : "the own link has no carrier"}});
      driver_.feed(gossip::LinkChanged{carrier});
    }
    witness_.use(uplink);
    uplink_ = std::move(uplink);
  }

  void report() {
    {
      const std::unique_lock lock(report_mutex_, std::try_to_lock);
      if (lock.owns_lock()) {
        report_.counters = core_.counters();
        report_.members = core_.members();
        report_.packets_dropped = udp_->counters().dropped;
        report_.unreachable = udp_->counters().unreachable;
        report_.streams_refused = streams_->counters().refused;
      }
    }
    report_timer_.expires_after(kReportInterval);
    report_timer_.async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled) report();
    });
  }

  LivenessThread& thread_;
  boost::asio::io_context& loop_;  ///< the thread's
  boost::asio::io_context& main_loop_;
  std::shared_ptr<Outbox> outbox_;
  Log log_;
  mutable std::mutex report_mutex_;
  GossipReport report_;

  // Below: the liveness thread's own, from its start to its end.
  gossip::Endpoint own_;
  Duration witness_timeout_;
  NeighbourNames names_;
  NetworkTable table_;
  std::optional<Uplink> uplink_;
  bool had_uplink_ = false;
  bool carrier_ = true;
  std::unique_ptr<NetworkMonitor> monitor_;
  std::unique_ptr<UdpSocket> udp_;
  std::unique_ptr<Streams> streams_;
  Witness witness_;
  boost::asio::steady_timer report_timer_;
  boost::asio::steady_timer neighbours_timer_;
  bool neighbours_armed_ = false;
  gossip::Instance core_;
  Driver<gossip::Instance, gossip::Input, gossip::Output> driver_;
};

}  // namespace

std::expected<std::unique_ptr<GossipDriver>, SystemError> GossipDriver::open(LivenessThread& thread,
                                                                             boost::asio::io_context& main_loop,
                                                                             Options options, Handlers handlers, Log log) {
  METALLB_CONTRACT(!thread.started(), "the membership was added to a liveness thread that runs already");
  auto driver = std::make_unique<Implementation>(thread, main_loop, std::move(options), std::move(handlers), log);
  if (auto opened = driver->open(); !opened) return std::unexpected(std::move(opened.error()));
  return driver;
}

}  // namespace metallb::io
