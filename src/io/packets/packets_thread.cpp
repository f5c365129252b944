#include "io/packets/packets_thread.hpp"

#include <pthread.h>
#include <re2/re2.h>
#include <sched.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <optional>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "base/cases.hpp"
#include "io/clock.hpp"
#include "io/driver.hpp"
#include "io/entropy.hpp"
#include "io/kernel_answers/kernel_answers.hpp"
#include "io/packets/captures.hpp"
#include "io/packets/conflict_box.hpp"
#include "io/packets/group_queue.hpp"
#include "io/packets/group_sockets.hpp"
#include "io/packets/interface_table.hpp"
#include "io/packets/mailbox.hpp"
#include "io/packets/netlink_monitor.hpp"
#include "io/packets/report_board.hpp"

namespace metallb::io {
namespace {

/// Commands handled in one go, before sockets get their turn.
constexpr std::size_t kCommandsPerSlice = 64;
constexpr std::size_t kGroupsPerSlice = 64;
/// Counters are pinned at most this often, and never later than this after they changed.
constexpr auto kReportInterval = std::chrono::milliseconds(200);
/// The lowest real-time priority: above all ordinary work, below whatever an administrator ranks higher.
constexpr int kRealTimePriority = 1;

using Actions = std::vector<layer2::Action>;

class Implementation final : public PacketsThread {
 public:
  Implementation(boost::asio::io_context& main_loop, std::unique_ptr<RE2> excluded, bool arp_in_kernel, Handlers handlers,
                 Log log)
      : main_loop_(main_loop),
        handlers_(std::make_shared<Handlers>(std::move(handlers))),
        log_(log),
        excluded_(std::move(excluded)),
        loop_(1),
        work_(loop_.get_executor()),
        core_(log, random_seed()),
        table_([this](const std::string& name) { return excluded_ && RE2::PartialMatch(name, *excluded_); }),
        captures_(
            loop_,
            {.frame = [this](InterfaceIndex interface, ByteView frame) { feed(layer2::FrameReceived{interface, frame}); },
             .ready =
                 [this](InterfaceIndex interface, CaptureKind kind) {
                   feed(layer2::SendersReady{interface, kind == CaptureKind::kArp ? IpFamily::kIpv4 : IpFamily::kIpv6});
                 }},
            log),
        groups_(log),
        kernel_(
            loop_, arp_in_kernel, [this](layer2::KernelAnswers answers) { feed(answers); }, log),
        report_timer_(loop_),
        driver_(loop_, core_, [this](Actions& actions) { perform(actions); }) {}

  ~Implementation() override {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
  }

  std::expected<void, SystemError> start() {
    auto monitor = NetlinkMonitor::open(loop_, table_, [this](bool complete) { interfaces_changed(complete); }, log_);
    if (!monitor) return std::unexpected(std::move(monitor.error()));
    monitor_ = std::move(*monitor);
    // Signals are the main thread's: a new thread inherits the mask.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return {};
  }

  void send(layer2::Command command) override {
    if (mailbox_.put(std::move(command))) boost::asio::post(loop_, [this] { drain(); });
  }

  void use_neighbours(layer2::NeighboursKnown neighbours) override {
    boost::asio::post(loop_, [this, neighbours = std::move(neighbours)]() mutable { feed(std::move(neighbours)); });
  }

  PacketsReport report() const override { return board_.read(); }

 private:
  void run() {
    pthread_setname_np(pthread_self(), "packets");
    // Only where it is permitted; every budget holds without it (design section 3).
    const sched_param priority{.sched_priority = kRealTimePriority};
    (void)pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority);
    loop_.run();
  }

  void feed(layer2::Input input) {
    driver_.feed(std::move(input));
    report_soon();
  }

  void drain() {
    auto taken = mailbox_.take(kCommandsPerSlice);
    for (auto& command : taken.commands) feed(std::move(command));
    // Whoever fills an empty box posts; what is left of a full one is ours to come back for.
    if (taken.more) boost::asio::post(loop_, [this] { drain(); });
  }

  void change_group(const GroupQueue::Change& change) {
    if (group_queue_.put(change) && !std::exchange(groups_posted_, true)) {
      boost::asio::post(loop_, [this] { change_groups(); });
    }
  }

  void change_groups() {
    groups_posted_ = false;
    for (const auto& change : group_queue_.take(kGroupsPerSlice)) {
      if (!change.join) {
        groups_.leave(change.interface, change.group);
      } else if (!groups_.join(change.interface, change.group)) {
        captures_.take_all_multicast(change.interface);
      }
    }
    if (group_queue_.empty()) return;
    groups_posted_ = true;
    boost::asio::post(loop_, [this] { change_groups(); });
  }

  void perform(Actions& actions) {
    for (const auto& action : actions) {
      std::visit(Cases{[this](const layer2::SendFrame& send) {
                         if (captures_.send(send.interface, send.frame)) return;
                         feed(layer2::FrameLost{send.address, send.purpose});
                       },
                       [this](const layer2::JoinGroup& join) { change_group({join.interface, join.group, true}); },
                       [this](const layer2::LeaveGroup& leave) { change_group({leave.interface, leave.group, false}); },
                       [this](const layer2::CaptureChanged& wanted) {
                         captures_.apply(wanted);
                         kernel_.apply(wanted);
                       },
                       [this](const layer2::ConflictSeen& seen) { tell(seen); },
                       [this](const layer2::AnswerChanged& changed) { kernel_.apply(changed); },
                       [this](const layer2::AnswersLeased& lease) { kernel_.apply(lease); }},
                 action);
    }
    // A lease is renewed many times a second, and changes nothing that is reported.
    const auto reported = [](const auto& a) { return !std::holds_alternative<layer2::AnswersLeased>(a); };
    if (kernel_.has_counts() || std::ranges::any_of(actions, reported)) report_soon();
  }

  void tell(const layer2::ConflictSeen& seen) {
    if (!conflicts_->put(seen)) return;
    boost::asio::post(main_loop_, [weak = std::weak_ptr(handlers_), conflicts = conflicts_] {
      for (auto& conflict : conflicts->take()) {
        // Owner and handler live on the main loop; the handler may end the owner.
        if (const auto handlers = weak.lock(); handlers && handlers->conflict_seen)
          handlers->conflict_seen(std::move(conflict));
      }
    });
  }

  void interfaces_changed(bool complete) {
    for (const auto& change : table_.take_changes()) {
      if (const auto* state = std::get_if<layer2::InterfaceState>(&change)) {
        captures_.interface_changed(state->index, state->name);
        kernel_.interface_changed(state->index, state->name);
        groups_.retry(state->index);
        feed(*state);
      } else {
        const auto gone = std::get<layer2::InterfaceGone>(change);
        feed(gone);
        captures_.interface_gone(gone.index);
        kernel_.interface_gone(gone.index);
      }
    }
    // Half a dump must not look like missing interfaces.
    known_complete_ = known_complete_ || complete;
    if (!known_complete_) return;
    auto names = table_.names();
    if (names == told_names_) return;
    told_names_ = names;
    boost::asio::post(main_loop_, [weak = std::weak_ptr(handlers_), names = std::move(names)]() mutable {
      // Owner and handler live on the main loop, so this cannot race with the end.
      if (const auto handlers = weak.lock(); handlers && handlers->interfaces_changed) {
        handlers->interfaces_changed(std::move(names));
      }
    });
  }

  void report_soon() {
    if (std::exchange(report_armed_, true)) return;
    report_timer_.expires_at(std::max(last_report_ + kReportInterval, now().steady));
    report_timer_.async_wait([this](const boost::system::error_code& cancelled) {
      if (cancelled) return;
      if (kernel_.has_counts()) driver_.feed(kernel_.take_counts());
      report_armed_ = false;
      if (board_.pin(core_, kernel_.interfaces())) {
        last_report_ = now().steady;
      } else {
        last_report_ = now().steady - kReportInterval + std::chrono::milliseconds(10);
        report_soon();
      }
    });
  }

  boost::asio::io_context& main_loop_;
  std::shared_ptr<Handlers> handlers_;
  Log log_;
  Mailbox mailbox_;
  ReportBoard board_;
  std::shared_ptr<ConflictBox> conflicts_ = std::make_shared<ConflictBox>();

  // Below: the packets thread's own, from its start to its end.
  std::unique_ptr<RE2> excluded_;
  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  layer2::Instance core_;
  InterfaceTable table_;
  Captures captures_;
  GroupSockets groups_;
  KernelAnswers kernel_;
  GroupQueue group_queue_;
  bool groups_posted_ = false;
  std::unique_ptr<NetlinkMonitor> monitor_;
  boost::asio::steady_timer report_timer_;
  SteadyPoint last_report_;
  bool report_armed_ = false;
  bool known_complete_ = false;
  std::optional<std::set<std::string>> told_names_;
  Driver<layer2::Instance, layer2::Input, Actions> driver_;

  std::thread thread_;
};

}  // namespace

std::expected<std::unique_ptr<PacketsThread>, SystemError> PacketsThread::start(boost::asio::io_context& main_loop,
                                                                                Options options, Handlers handlers,
                                                                                Log log) {
  std::unique_ptr<RE2> excluded;
  if (!options.exclude_expression.empty()) {
    RE2::Options quiet;
    quiet.set_log_errors(false);
    excluded = std::make_unique<RE2>(options.exclude_expression, quiet);
    if (!excluded->ok()) {
      return std::unexpected(SystemError{"compile", "the expression of excluded interfaces",
                                         std::make_error_code(std::errc::invalid_argument), excluded->error()});
    }
  }
  if (auto permitted = check_packet_permission(); !permitted) return std::unexpected(std::move(permitted.error()));
  auto thread =
      std::make_unique<Implementation>(main_loop, std::move(excluded), options.arp_in_kernel, std::move(handlers), log);
  if (auto started = thread->start(); !started) return std::unexpected(std::move(started.error()));
  return thread;
}

}  // namespace metallb::io
