#include "io/liveness/bfd_driver.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "base/cases.hpp"
#include "base/contract.hpp"
#include "io/driver.hpp"
#include "io/entropy.hpp"
#include "io/liveness/bfd_sockets.hpp"
#include "io/liveness/latest_of_each.hpp"

namespace metallb::io {
namespace {

/// Counters are pinned this often, for whoever scrapes them.
constexpr auto kReportInterval = std::chrono::seconds(1);
/// bgp spec 4.14: three packets and one detection time of the peer; with slow profiles it is cut short.
constexpr auto kFarewell = std::chrono::seconds(1);
/// Each may open a session with its sockets: so many, then the loop has its turn.
constexpr std::size_t kOrdersPerTurn = 32;

using Order = std::variant<bfd::Watch, bfd::Unwatch>;
using News = std::variant<bfd::StateChanged, bfd::Refused>;
/// A client and its path.
using Watched = std::pair<std::string, bfd::SessionKey>;

bfd::Instance::Options core_options() {
  return {.numbers = [] { return static_cast<std::uint32_t>(random_seed()); }, .seed = random_seed()};
}

/// The core as its driver is to see it: before it may notice silence, it is handed what lies in the sockets.
class ListeningCore {
 public:
  ListeningCore(bfd::Instance& core, BfdSockets& sockets) : core_(core), sockets_(sockets) {}
  void on_input(Now at, const bfd::Input& in, bfd::Output& out) { core_.on_input(at, in, out); }
  void on_time(Now at, bfd::Output& out) {
    sockets_.read_waiting([&](const bfd::Input& packet) { core_.on_input(at, packet, out); });
    core_.on_time(at, out);
  }
  [[nodiscard]] SteadyPoint next_deadline() const { return core_.next_deadline(); }

 private:
  bfd::Instance& core_;
  BfdSockets& sockets_;
};

/// What the main thread is told, and whom it still wants to hear of.
struct Outbox {
  BfdDriver::Handlers handlers;
  LatestOfEach<Watched, News> news;
  std::set<Watched> watched;  ///< the main thread's
  std::function<void()> said_goodbye;
  std::function<void()> stopped;
};

class Implementation final : public BfdDriver {
 public:
  Implementation(LivenessThread& thread, boost::asio::io_context& main_loop, Handlers handlers, Log log)
      : thread_(thread),
        loop_(thread.loop()),
        main_loop_(main_loop),
        outbox_(std::make_shared<Outbox>()),
        report_timer_(loop_),
        farewell_timer_(loop_),
        core_(core_options(), log),
        sockets_(
            loop_,
            [this](const bfd::Input& packet) {
              METALLB_CONTRACT(!driver_.busy(), "a socket was read while an action was carried out");
              driver_.feed(packet);
            },
            log),
        listening_core_(core_, sockets_),
        driver_(loop_, listening_core_, [this](bfd::Output& actions) { perform(actions); }) {
    outbox_->handlers = std::move(handlers);
    boost::asio::post(loop_, [this] { report_later(); });
  }
  ~Implementation() override { thread_.stop(); }

  void watch(bfd::Watch watch) override {
    Watched watched(watch.client, watch.key);
    outbox_->watched.insert(watched);
    order(std::move(watched), std::move(watch));
  }
  void unwatch(bfd::Unwatch unwatch) override {
    Watched watched(unwatch.client, unwatch.key);
    outbox_->watched.erase(watched);
    order(std::move(watched), std::move(unwatch));
  }
  void stop(std::function<void()> told, std::function<void()> done) override {
    outbox_->said_goodbye = std::move(told);
    outbox_->stopped = std::move(done);
    boost::asio::post(loop_, [this] { say_goodbye(); });
  }
  [[nodiscard]] BfdReport report() const override {
    const std::lock_guard lock(report_mutex_);
    return report_;
  }

 private:
  void order(Watched watched, Order order) {
    if (orders_.put(std::move(watched), std::move(order))) boost::asio::post(loop_, [this] { take_orders(); });
  }

  // ---- on the liveness thread ----

  void take_orders() {
    auto taken = orders_.take(kOrdersPerTurn);
    for (auto& order : taken.values) {
      std::visit(Cases{[this](bfd::Watch& watch) {
                         sockets_.prepare_for(watch.key, watch.parameters);
                         driver_.feed(std::move(watch));
                       },
                       [this](bfd::Unwatch& unwatch) { driver_.feed(std::move(unwatch)); }},
                 order);
    }
    if (taken.more) boost::asio::post(loop_, [this] { take_orders(); });
  }

  void perform(bfd::Output& actions) {
    for (auto& action : actions) {
      std::visit(Cases{[this](const bfd::SessionOpened& opened) { sockets_.open(opened.session, opened.key); },
                       [this](const bfd::SessionClosed& closed) { sockets_.close(closed.session); },
                       [this](const bfd::SendControl& send) {
                         if (!sockets_.send(send)) not_sent({.session = send.session, .echo = false});
                       },
                       [this](const bfd::SendEcho& send) {
                         if (!sockets_.send(send)) not_sent({.session = send.session, .echo = true});
                       },
                       // It is the peer's packet: the core does not count on it.
                       [this](const bfd::ReturnEcho& send) {
                         if (!sockets_.send(send)) ++packets_not_sent_;
                       },
                       [this](bfd::StateChanged& changed) {
                         Watched about(changed.client, changed.key);
                         tell(std::move(about), std::move(changed));
                       },
                       [this](bfd::Refused& refused) {
                         Watched about(refused.client, refused.key);
                         tell(std::move(about), std::move(refused));
                       },
                       [this](const bfd::Stopped&) { tell_stopped(); }},
                 action);
    }
  }

  void not_sent(bfd::NotSent lost) {
    ++packets_not_sent_;
    driver_.feed(lost);
  }

  void say_goodbye() {
    farewell_timer_.expires_after(kFarewell);
    farewell_timer_.async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled) tell_stopped();
    });
    // Sends the first packet to every peer before it returns.
    driver_.feed(bfd::Stop{});
    post([](Outbox& outbox) {
      if (auto told = std::exchange(outbox.said_goodbye, nullptr)) told();
    });
  }

  void tell_stopped() {
    farewell_timer_.cancel();
    post([](Outbox& outbox) {
      if (auto stopped = std::exchange(outbox.stopped, nullptr)) stopped();
    });
  }

  void tell(Watched about, News news) {
    if (!outbox_->news.put(std::move(about), std::move(news))) return;
    post([](Outbox& outbox) {
      for (auto taken = outbox.news.take(kMaxNews); const auto& news : taken.values) {
        std::visit(Cases{[&](const bfd::StateChanged& changed) {
                           if (outbox.watched.contains({changed.client, changed.key}))
                             outbox.handlers.state_changed(changed);
                         },
                         [&](const bfd::Refused& refused) {
                           if (outbox.watched.contains({refused.client, refused.key})) outbox.handlers.refused(refused);
                         }},
                   news);
      }
    });
  }

  /// Runs `tell` on the main loop, unless this object, which lives there, has gone meanwhile.
  template <class Tell>
  void post(Tell tell) {
    boost::asio::post(main_loop_, [weak = std::weak_ptr(outbox_), tell = std::move(tell)] {
      if (const auto outbox = weak.lock()) tell(*outbox);
    });
  }

  void report_later() {
    BfdReport latest{.sessions = core_.sessions(),
                     .counters = core_.counters(),
                     .packets_not_sent = packets_not_sent_,
                     .sessions_without_socket = sockets_.missing()};
    {
      // Whoever reads makes nobody wait: then the next one has to do.
      const std::unique_lock lock(report_mutex_, std::try_to_lock);
      if (lock.owns_lock()) std::swap(report_, latest);
    }
    report_timer_.expires_after(kReportInterval);
    report_timer_.async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled) report_later();
    });
  }

  static constexpr std::size_t kMaxNews = static_cast<std::size_t>(-1);

  LivenessThread& thread_;
  boost::asio::io_context& loop_;  ///< the thread's
  boost::asio::io_context& main_loop_;
  std::shared_ptr<Outbox> outbox_;
  LatestOfEach<Watched, Order> orders_;
  mutable std::mutex report_mutex_;
  BfdReport report_;

  // Below: the liveness thread's own, from its start to its end.
  boost::asio::steady_timer report_timer_;
  boost::asio::steady_timer farewell_timer_;
  std::uint64_t packets_not_sent_ = 0;
  bfd::Instance core_;
  BfdSockets sockets_;
  ListeningCore listening_core_;
  Driver<ListeningCore, bfd::Input, bfd::Output> driver_;
};

}  // namespace

std::unique_ptr<BfdDriver> BfdDriver::open(LivenessThread& thread, boost::asio::io_context& main_loop, Handlers handlers,
                                           Log log) {
  METALLB_CONTRACT(!thread.started(), "BFD was added to a liveness thread that runs already");
  return std::make_unique<Implementation>(thread, main_loop, std::move(handlers), log);
}

}  // namespace metallb::io
