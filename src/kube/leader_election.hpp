// Which of several replicas works: an election over one Lease (coordination.k8s.io/v1), by the rules of client-go's.
//
// In:   answers of the API server, the wish to stop. Out: requests for the Lease, whether this process leads, and that the
// Lease is refused.
// Thread: main. One request at a time, so an answer needs no id.
//
// The leader renews the Lease, and the others may take it once it has not changed for its duration. What must hold:
//   - At most one leads, as long as their clocks run at the same rate. The leader counts from the moment it sent its last
//     good renewal and stops at the renew deadline; the others count from the moment they saw the Lease change, which is
//     later, and wait for its whole duration. The time in between is for writes that are on their way.
//   - Nobody's clock is believed: the times in the Lease are for people. Every write of the Lease is bound to the version
//     that was read, so of two that take it one gets a conflict.
//   - leads() asks the time, so that a process that was paused knows it before it acts.
// Where the API server refuses the Lease (the original's roles grant none) there is no election: the process works, says so
// once, and asks again, after two minutes at most. Two replicas would both work then, unless one has seen the other renew.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "base/names.hpp"
#include "base/random.hpp"
#include "base/state_machine.hpp"
#include "base/time.hpp"

namespace metallb::kube {

/// GET, POST or PUT of the Lease, to be answered with a LeaseAnswer.
struct LeaseRequest {
  enum class Verb : std::uint8_t { kRead, kCreate, kReplace };
  Verb verb = Verb::kRead;
  ObjectKey key;
  std::string body;    ///< JSON; empty for kRead
  Duration timeout{};  ///< later the answer is of no use
};
/// `status` 0: none came, and `body` says why.
struct LeaseAnswer {
  int status = 0;
  std::string body;
};

/// From now on this process leads, or does not. Not emitted at the start, when it does not.
struct Leadership {
  bool leads = false;
};
/// The API server refuses the Lease; once per cause. For the user, in a sentence that names the remedy.
struct LeaseRefused {
  std::string message;
};
/// Give the Lease back: whoever leads has stopped working, and nothing that it wrote is still on its way.
struct Resign {};
/// The Lease has been given back, or could not be in time. Nothing more comes.
struct Resigned {};

class LeaderElection {
 public:
  using Input = std::variant<LeaseAnswer, Resign>;
  using Action = std::variant<LeaseRequest, Leadership, LeaseRefused, Resigned>;
  using Output = std::vector<Action>;

  struct Timing {
    std::chrono::seconds lease{5};                              ///< unchanged for so long, it may be taken
    Duration renew_deadline = std::chrono::milliseconds(3500);  ///< without a renewal for so long, the leader stops
    Duration retry = std::chrono::seconds(1);                   ///< between renewals, and looks of those who wait
    Duration refused_retry = std::chrono::minutes(2);           ///< between attempts while working without election, at most
    Duration farewell = std::chrono::seconds(1);                ///< giving back takes no longer
  };
  struct Options {
    ObjectKey lease;
    std::string identity;  ///< of this process, among all that ever were
    Timing timing = {};
  };
  LeaderElection(Options options, Random random, Log log);

  void on_input(Now now, const Input& in, Output& out);
  void on_time(Now now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;

  /// May it write at this moment? False from the renew deadline on, also before on_time() was called for it.
  [[nodiscard]] bool leads(SteadyPoint now) const;
  /// It leads because there is no election.
  [[nodiscard]] bool unelected() const { return standing_ == Standing::kUnelected; }

 private:
  enum class Standing : std::uint8_t { kFollowing, kElected, kUnelected };
  using Verb = LeaseRequest::Verb;

  /// The Lease as it was last seen, and since when it has been like that.
  struct Observed {
    boost::json::object object;
    std::string version;
    std::string holder;
    Duration duration;
    SteadyPoint since;
    [[nodiscard]] SteadyPoint expiry() const { return since + duration; }
  };
  struct Pending {
    Verb verb;
    SteadyPoint sent;
    bool releases = false;
  };

  void take(Now now, const LeaseAnswer& answer, Output& out);
  void take_read(Now now, const Pending& sent, const LeaseAnswer& answer, Output& out);
  void take_write(Now now, const Pending& sent, const LeaseAnswer& answer, Output& out);
  void resign(Now now, Output& out);
  void resigned(Output& out);

  /// False when the answer is no Lease.
  [[nodiscard]] bool observe(Now now, std::string_view body);
  void follow(Now now, Output& out);
  void elected(Now now, SteadyPoint sent, Output& out);
  void refused(Now now, const std::string& error, Output& out);
  [[nodiscard]] Duration pause_after(Duration refused) const;
  void trouble(Now now, const Pending& sent, const std::string& error);
  /// Past the renew deadline it leads no more.
  void expire(Now now, Output& out);
  void step_down(Output& out);

  void act(Now now, Output& out);
  void read(Now now, Output& out);
  void write(Now now, Verb verb, Output& out);
  void release(Now now, Output& out);
  void send(Now now, LeaseRequest request, bool releases, Output& out);
  [[nodiscard]] boost::json::object spec(WallPoint now);
  [[nodiscard]] SteadyPoint later(SteadyPoint from, Duration by) { return from + random_.jittered(by, 0.2); }
  [[nodiscard]] bool another_holds(SteadyPoint now) const;

  Options options_;
  Random random_;
  Log log_;

  Standing standing_ = Standing::kFollowing;
  SteadyPoint leads_until_ = SteadyPoint::min();  ///< while elected
  std::optional<Observed> observed_;
  bool current_ = false;        ///< observed_ is the Lease as it is, as far as can be known: no need to read before a write
  bool other_renewed_ = false;  ///< another replica was seen at work
  bool written_ = false;        ///< once, so it was permitted
  bool contested_ = false;      ///< the last renewal met a write of somebody else's
  WallPoint renewed_{};         ///< the last time written
  std::optional<Pending> pending_;
  Duration round_trip_{};  ///< of the last request
  SteadyPoint next_try_ = SteadyPoint::min();
  std::optional<SteadyPoint> refused_since_;
  std::string said_;  ///< the last trouble or other leader that was logged
  bool resigning_ = false;
  bool over_ = false;
  SteadyPoint give_up_at_ = kIdle;
};

static_assert(StateMachine<LeaderElection, LeaderElection::Input, LeaderElection::Output>);

}  // namespace metallb::kube
