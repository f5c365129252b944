// Several replicas and one Lease in virtual time: answers and requests are delayed, lost and cut off at random, replicas are
// paused, killed and stopped. At no moment do two lead, and when the network is whole somebody does within seconds.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <memory>
#include <random>

#include "kube/leader_election.hpp"

namespace metallb::kube {
namespace {

using namespace std::chrono_literals;
using LeaseVerb = LeaseRequest::Verb;

/// Keeps one Lease as the API server does: versions, and a conflict for a write to another one.
class LeaseServer {
 public:
  LeaseAnswer carry_out(const LeaseRequest& request) {
    if (request.verb == LeaseVerb::kRead) return object_ ? show(200) : LeaseAnswer{404, "not found"};
    auto wanted = boost::json::parse(request.body).as_object();
    auto& metadata = wanted.at("metadata").as_object();
    if (request.verb == LeaseVerb::kCreate) {
      if (object_) return {409, "already exists"};
    } else {
      if (!object_) return {404, "not found"};
      if (metadata.at("resourceVersion") != version()) return {409, "conflict"};
      if (wanted == *object_) return show(200);  // a write that changes nothing makes no version
    }
    metadata["resourceVersion"] = std::to_string(++version_);
    object_ = std::move(wanted);
    return show(request.verb == LeaseVerb::kCreate ? 201 : 200);
  }
  void remove() { object_.reset(); }
  [[nodiscard]] std::string holder() const {
    return object_ ? std::string(object_->at("spec").as_object().at("holderIdentity").as_string()) : "";
  }

 private:
  [[nodiscard]] boost::json::string version() const { return boost::json::string(std::to_string(version_)); }
  [[nodiscard]] LeaseAnswer show(int status) const { return {status, boost::json::serialize(*object_)}; }

  std::optional<boost::json::object> object_;
  int version_ = 0;
};

class Election {
 public:
  Election(unsigned seed, int replicas) : random_(seed) {
    for (int i = 0; i < replicas; ++i) start();
  }

  /// Everything that happens within `span`, in the order of its time.
  void run(Duration span) {
    const auto until = now_ + span;
    for (;;) {
      const auto next = next_event();
      if (next > until) break;
      now_ = std::max(now_, next);
      happen();
      check();
    }
    now_ = until;
    check();
  }
  /// Something goes wrong, or ends going wrong.
  void disturb() {
    switch (below(9)) {
      case 0:
        return start();
      case 1:
        return kill(any());
      case 2:
        return resign(any());
      case 3:  // paused: it does nothing, but what it sent goes on its way
        if (auto* replica = any()) replica->paused_until = now_ + milliseconds(20'000);
        return;
      case 4:
        if (auto* replica = any()) replica->cut_until = now_ + milliseconds(20'000);
        return;
      case 5:
        slowness_ = std::array<Duration, 4>{1ms, 200ms, 2s, 6s}[below(4)];
        return;
      case 6:
        outage_until_ = now_ + milliseconds(15'000);
        return;
      case 7:
        losses_ = 1 - losses_;
        return;
      default:
        if (auto* replica = any()) replica->wall_offset += milliseconds(1'000'000) - 500s;
    }
  }
  void calm_down() {
    slowness_ = 5ms;
    outage_until_ = now_;
    losses_ = 0;
    // What waited for a process that was paused is there as soon as it goes on.
    decltype(messages_) waiting;
    for (auto& [when, message] : messages_) {
      const auto replica = replicas_.find(message.replica);
      const bool paused = !message.request && replica != replicas_.end() && replica->second.paused_until == when;
      waiting.emplace(paused ? now_ : when, std::move(message));
    }
    messages_ = std::move(waiting);
    for (auto& [name, replica] : replicas_) replica.cut_until = replica.paused_until = now_;
    // Who is about to go leads no more.
    const bool anybody = std::any_of(replicas_.begin(), replicas_.end(), [](const auto& r) { return !r.second.resigning; });
    if (!anybody) {
      replicas_.clear();
      start();
    }
  }
  [[nodiscard]] int leaders() const {
    int out = 0;
    for (const auto& [name, replica] : replicas_) out += replica.core.leads(now_) ? 1 : 0;
    return out;
  }
  /// The leader, or null.
  [[nodiscard]] const std::string* leader() const {
    for (const auto& [name, replica] : replicas_) {
      if (replica.core.leads(now_)) return &name;
    }
    return nullptr;
  }
  void kill(const std::string& name) { kill(&replicas_.at(name)); }
  void resign(const std::string& name) { resign(&replicas_.at(name)); }
  void cut(const std::string& name, Duration span) { replicas_.at(name).cut_until = now_ + span; }
  LeaseServer server;

 private:
  struct Replica {
    std::string name;
    LeaderElection core;
    SteadyPoint paused_until{};
    SteadyPoint cut_until{};
    Duration wall_offset{};
    bool told = false;
    bool resigning = false;
  };
  struct Message {
    std::string replica;
    std::optional<LeaseRequest> request;  ///< else an answer
    LeaseAnswer answer;
    SteadyPoint lost_at{};  ///< when the client gives up waiting
  };

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  Duration milliseconds(std::uint64_t bound) { return std::chrono::milliseconds(below(bound)); }
  Duration delay() { return std::chrono::microseconds(below(static_cast<std::uint64_t>(slowness_ / 1us) + 1)); }
  Replica* any() {
    if (replicas_.empty()) return nullptr;
    return &std::next(replicas_.begin(), static_cast<std::ptrdiff_t>(below(replicas_.size())))->second;
  }

  void start() {
    if (replicas_.size() >= 4) return;
    const auto name = "r" + std::to_string(++started_);
    replicas_.emplace(name, Replica{.name = name,
                                    .core = LeaderElection({.lease = {"ns", "lease"}, .identity = name},
                                                           Random(static_cast<std::uint64_t>(random_())), Log())});
  }
  void kill(Replica* replica) {
    if (replica != nullptr) replicas_.erase(std::string(replica->name));
  }
  void resign(Replica* replica) {
    if (replica == nullptr) return;
    replica->resigning = true;
    LeaderElection::Output out;
    replica->core.on_input(at(*replica), Resign{}, out);
    carry_out(*replica, out);
  }

  [[nodiscard]] Now at(const Replica& replica) const {
    return {now_, WallPoint(now_.time_since_epoch()) + replica.wall_offset};
  }
  [[nodiscard]] SteadyPoint next_event() const {
    auto out = messages_.empty() ? kIdle : messages_.begin()->first;
    for (const auto& [name, replica] : replicas_) {
      if (const auto due = replica.core.next_deadline(); due != kIdle)
        out = std::min(out, std::max(due, replica.paused_until));
    }
    return out;
  }
  void happen() {
    if (!messages_.empty() && messages_.begin()->first <= now_) {
      const auto message = std::move(messages_.extract(messages_.begin()).mapped());
      message.request ? arrive(message) : come_back(message);
      return;
    }
    for (auto& [name, replica] : replicas_) {
      if (std::max(replica.core.next_deadline(), replica.paused_until) > now_) continue;
      LeaderElection::Output out;
      replica.core.on_time(at(replica), out);
      return carry_out(replica, out);
    }
  }
  void carry_out(Replica& replica, LeaderElection::Output& out) {
    const auto name = replica.name;
    for (auto& action : out) {
      if (auto* request = std::get_if<LeaseRequest>(&action)) {
        messages_.emplace(now_ + delay(), Message{name, *request, {}, now_ + request->timeout});
      } else if (const auto* leadership = std::get_if<Leadership>(&action)) {
        RC_ASSERT(leadership->leads != replica.told);
        replica.told = leadership->leads;
      } else if (std::holds_alternative<Resigned>(action)) {
        replicas_.erase(name);
        return;
      }
    }
  }
  void arrive(const Message& message) {
    const auto replica = replicas_.find(message.replica);
    // Of a replica that has died since, too. What is cut off is not carried out, and the client hears nothing.
    const bool cut = (replica != replicas_.end() && replica->second.cut_until > now_) || outage_until_ > now_;
    LeaseAnswer answer{0, "timeout"};
    auto back = std::max(now_, message.lost_at);
    if (!cut) {
      answer = server.carry_out(*message.request);
      back = now_ + delay();
      if (back > message.lost_at || (losses_ != 0 && below(20) == 0))
        answer = {0, "timeout"}, back = std::max(now_, message.lost_at);
    }
    messages_.emplace(back, Message{message.replica, std::nullopt, std::move(answer), {}});
  }
  void come_back(const Message& message) {
    const auto found = replicas_.find(message.replica);
    if (found == replicas_.end()) return;
    auto& replica = found->second;
    if (replica.paused_until > now_) {
      messages_.emplace(replica.paused_until, message);
      return;
    }
    LeaderElection::Output out;
    replica.core.on_input(at(replica), message.answer, out);
    carry_out(replica, out);
  }
  void check() { RC_ASSERT(leaders() <= 1); }

  std::mt19937 random_;
  SteadyPoint now_{1h};
  std::map<std::string, Replica> replicas_;
  std::multimap<SteadyPoint, Message> messages_;
  Duration slowness_{5ms};
  SteadyPoint outage_until_{};
  int losses_ = 0;  ///< 1: of twenty answers one is lost
  int started_ = 0;
};

TEST(LeaderElectionModel, TwoNeverLeadAndOneSoonDoesWhateverHappened) {
  EXPECT_TRUE(rc::check([](unsigned seed) {
    std::mt19937 random(seed);
    Election election(seed, 3);
    for (int i = 0; i < 60; ++i) {
      election.disturb();
      election.run(std::chrono::milliseconds(random() % 6000));
    }
    election.calm_down();
    // Requests that are under way may take their seconds; then a Lease may have to run out.
    election.run(15s);
    RC_ASSERT(election.leaders() == 1);
  }));
}

TEST(LeaderElectionModel, WhoIsKilledIsSucceededWithinTheLeaseAndTwoLooks) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    Election election(seed, 2);
    election.run(10s);
    ASSERT_EQ(election.leaders(), 1);
    const auto before = *election.leader();
    election.kill(before);
    election.run(3500ms);
    EXPECT_EQ(election.leaders(), 0) << "nobody can know yet";
    election.run(3s);
    ASSERT_NE(election.leader(), nullptr) << seed;
    EXPECT_NE(*election.leader(), before);
  }
}

TEST(LeaderElectionModel, WhoStopsIsSucceededAfterOneLook) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    Election election(seed, 2);
    election.run(10s);
    ASSERT_EQ(election.leaders(), 1);
    const auto before = *election.leader();
    election.resign(before);
    election.run(1300ms);
    ASSERT_NE(election.leader(), nullptr) << seed;
    EXPECT_NE(*election.leader(), before);
  }
}

TEST(LeaderElectionModel, WhoIsCutOffStopsBeforeAnotherBeginsAndFollowsWhenItIsBack) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    Election election(seed, 2);
    election.run(10s);
    ASSERT_EQ(election.leaders(), 1);
    const auto before = *election.leader();
    election.cut(before, 20s);
    election.run(8s);
    ASSERT_NE(election.leader(), nullptr) << seed;
    const auto after = *election.leader();
    EXPECT_NE(after, before);
    election.run(40s);
    EXPECT_EQ(*election.leader(), after);
  }
}

}  // namespace
}  // namespace metallb::kube
