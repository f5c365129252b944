#include "kube/leader_election.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "base/cases.hpp"
#include "kube/json_text.hpp"
#include "kube/resource.hpp"
#include "kube/timestamp.hpp"

namespace metallb::kube {
namespace {

namespace json = boost::json;

constexpr int kConflict = 409;
constexpr int kForbidden = 403;
constexpr int kNotFound = 404;
/// Bodies of refusals go to the log, but not whole.
constexpr std::size_t kLoggedBody = 200;
/// After a conflict, and after a Lease has run out: several may be about to take it.
constexpr Duration kCrowd = std::chrono::milliseconds(50);
/// A duration in the Lease beyond this is a mistake.
constexpr std::int64_t kLongestLease = 3600;

std::string text_of(const LeaseAnswer& answer) {
  const auto body = answer.body.substr(0, kLoggedBody);
  return answer.status == 0 ? body : "HTTP status " + std::to_string(answer.status) + ": " + body;
}

bool good(int status) {
  return status == 200 || status == 201;
}

}  // namespace

LeaderElection::LeaderElection(Options options, Random random, Log log)
    : options_(std::move(options)), random_(random), log_(log) {}

void LeaderElection::on_input(Now now, const Input& in, Output& out) {
  std::visit(Cases{[&](const LeaseAnswer& answer) { take(now, answer, out); }, [&](const Resign&) { resign(now, out); }},
             in);
}

void LeaderElection::on_time(Now now, Output& out) {
  if (over_) return;
  expire(now, out);
  if (resigning_ && now.steady >= give_up_at_) return resigned(out);
  if (!pending_ && now.steady >= next_try_) act(now, out);
}

SteadyPoint LeaderElection::next_deadline() const {
  if (over_) return kIdle;
  auto out = resigning_ ? give_up_at_ : kIdle;
  if (standing_ == Standing::kElected) out = std::min(out, leads_until_);
  if (!pending_) out = std::min(out, next_try_);
  return out;
}

bool LeaderElection::leads(SteadyPoint now) const {
  return standing_ == Standing::kUnelected || (standing_ == Standing::kElected && !contested_ && now < leads_until_);
}

bool LeaderElection::another_holds(SteadyPoint now) const {
  return observed_ && !observed_->holder.empty() && observed_->holder != options_.identity && now < observed_->expiry();
}

// --- answers

void LeaderElection::take(Now now, const LeaseAnswer& answer, Output& out) {
  if (!pending_ || over_) return;
  const auto sent = *std::exchange(pending_, std::nullopt);
  round_trip_ = now.steady - sent.sent;
  expire(now, out);
  if (sent.releases) return resigned(out);
  sent.verb == Verb::kRead ? take_read(now, sent, answer, out) : take_write(now, sent, answer, out);
  if (!resigning_ || over_) return;
  if (current_) return release(now, out);
  sent.verb == Verb::kRead ? resigned(out) : read(now, out);
}

void LeaderElection::take_read(Now now, const Pending& sent, const LeaseAnswer& answer, Output& out) {
  if (answer.status == kForbidden) return refused(now, text_of(answer), out);
  if (answer.status == kNotFound) {
    if (resigning_) return;
    // Somebody deleted it: the holder does not know yet, and makes it anew if it is alive.
    if (another_holds(now.steady)) return follow(now, out);
    observed_.reset();
    return write(now, Verb::kCreate, out);
  }
  if (answer.status != 200) return trouble(now, sent, text_of(answer));
  if (!observe(now, answer.body)) return trouble(now, sent, "the answer is no Lease");
  if (resigning_) return;
  if (!another_holds(now.steady)) return write(now, Verb::kReplace, out);
  refused_since_.reset();
  follow(now, out);
}

void LeaderElection::take_write(Now now, const Pending& sent, const LeaseAnswer& answer, Output& out) {
  current_ = false;
  if (good(answer.status)) {
    if (!observe(now, answer.body)) return trouble(now, sent, "the answer is no Lease");
    return elected(now, sent.sent, out);
  }
  if (answer.status == kConflict || (answer.status == kNotFound && sent.verb == Verb::kReplace)) {
    // Somebody wrote it: whether that was for its leadership, the next read tells. A machine that was held may have a clock
    // that stood still, by which the time is not over yet.
    contested_ = true;
    next_try_ = now.steady + random_.jittered(kCrowd, 1.0);
    return;
  }
  // Not found, what was to be made: the API server has no Leases.
  if (answer.status == kForbidden || answer.status == kNotFound) return refused(now, text_of(answer), out);
  trouble(now, sent, text_of(answer));
}

bool LeaderElection::observe(Now now, std::string_view body) {
  auto parsed = parse_json(body);
  auto* object = parsed ? parsed->if_object() : nullptr;
  const auto* metadata = object == nullptr ? nullptr : object_at(*object, "metadata");
  auto version = metadata == nullptr ? std::string() : string_at(*metadata, "resourceVersion");
  if (version.empty()) return false;
  current_ = true;
  if (observed_ && observed_->version == version) return true;

  static const json::object kNothing;
  const auto* found = object_at(*object, "spec");
  const auto& spec = found == nullptr ? kNothing : *found;
  auto holder = string_at(spec, "holderIdentity");
  const auto seconds = integer_at(spec, "leaseDurationSeconds");
  // The first look at a Lease tells nothing of its holder: it may be long dead.
  other_renewed_ = observed_ && !holder.empty() && holder != options_.identity;
  observed_ = Observed{
      .object = std::move(*object),
      .version = std::move(version),
      .holder = std::move(holder),
      .duration = std::chrono::seconds(seconds >= 1 && seconds <= kLongestLease ? seconds : options_.timing.lease.count()),
      .since = now.steady};
  return true;
}

// --- what follows from them

void LeaderElection::follow(Now now, Output& out) {
  if (standing_ != Standing::kFollowing) step_down(out);
  const auto& holder = observed_->holder;
  if (auto text = "follows " + holder; std::exchange(said_, text) != text) {
    log_.info({{"op", "leaderElection"},
               {"lease", options_.lease.to_string()},
               {"holder", holder},
               {"msg", "another replica holds the lease: this one waits, ready to take over"}});
  }
  current_ = false;
  next_try_ = std::min(later(now.steady, options_.timing.retry), observed_->expiry() + random_.jittered(kCrowd / 2, 1.0));
}

void LeaderElection::elected(Now now, SteadyPoint sent, Output& out) {
  written_ = true;
  contested_ = false;
  refused_since_.reset();
  // Counted from the sending: the server may have stored it, and others may have seen it, at any time since.
  leads_until_ = sent + options_.timing.renew_deadline;
  next_try_ = std::max(now.steady, later(sent, options_.timing.retry));
  if (now.steady >= leads_until_ || resigning_) return;  // too late to be worth anything
  const auto before = std::exchange(standing_, Standing::kElected);
  if (auto text = std::string("leads"); std::exchange(said_, text) != text) {
    log_.info({{"op", "leaderElection"},
               {"lease", options_.lease.to_string()},
               {"identity", options_.identity},
               {"msg", "this replica leads"}});
  }
  if (before == Standing::kFollowing) out.emplace_back(Leadership{true});
}

void LeaderElection::refused(Now now, const std::string& error, Output& out) {
  current_ = false;
  if (!refused_since_) refused_since_ = now.steady;
  const bool unelected = standing_ == Standing::kUnelected;
  const auto lasted = now.steady - *refused_since_;
  next_try_ = later(now.steady, unelected ? pause_after(lasted) : options_.timing.retry);
  if (unelected || standing_ == Standing::kElected || resigning_) return;
  // Whoever holds it is at work; that this one may not ask is another matter.
  if (another_holds(now.steady)) return;
  // A Role that is applied after the Deployment, or an API server that has not read it yet, refuses for a moment. And where
  // the right was there and has gone, here, others may still have it: they are given the time to take the Lease.
  if (lasted < (written_ ? 2 : 1) * options_.timing.lease) return;
  const bool waits = other_renewed_;
  if (auto text = "refused " + error; std::exchange(said_, text) != text) {
    std::string message = waits ? "the lease is refused, and another replica was at work: this one waits; let the "
                                  "controller's Role get, create and update leases of coordination.k8s.io"
                                : "the lease is refused: this replica works without leader election; run one only, or let "
                                  "the controller's Role get, create and update leases of coordination.k8s.io";
    log_.warn({{"op", "leaderElection"}, {"lease", options_.lease.to_string()}, {"error", error}, {"msg", message}});
    out.emplace_back(LeaseRefused{std::move(message)});
  }
  if (waits) return;
  standing_ = Standing::kUnelected;
  next_try_ = later(now.steady, pause_after(lasted));
  out.emplace_back(Leadership{true});
}

/// The longer it has been refused, the less is to be expected of asking.
Duration LeaderElection::pause_after(Duration refused) const {
  return std::clamp<Duration>(refused / 2, options_.timing.retry, options_.timing.refused_retry);
}

void LeaderElection::trouble(Now now, const Pending& sent, const std::string& error) {
  current_ = false;  // the request may have been carried out
  const bool unelected = standing_ == Standing::kUnelected;
  // Counted from the sending: what ran into its timeout is tried again at once, perhaps over another connection.
  next_try_ = std::max(now.steady, later(sent.sent, unelected && refused_since_ ? pause_after(now.steady - *refused_since_)
                                                                                : options_.timing.retry / 2));
  if (auto text = "trouble " + error; std::exchange(said_, text) != text) {
    log_.warn({{"op", "leaderElection"},
               {"lease", options_.lease.to_string()},
               {"error", error},
               {"msg", "cannot reach the lease, trying again"}});
  }
}

void LeaderElection::expire(Now now, Output& out) {
  if (standing_ != Standing::kElected || now.steady < leads_until_) return;
  step_down(out);
  log_.warn({{"op", "leaderElection"},
             {"lease", options_.lease.to_string()},
             {"msg", "the lease could not be renewed in time: this replica assigns nothing until it has it again"}});
}

void LeaderElection::step_down(Output& out) {
  standing_ = Standing::kFollowing;
  contested_ = false;
  said_.clear();
  out.emplace_back(Leadership{false});
}

void LeaderElection::resign(Now now, Output& out) {
  if (resigning_) return;
  resigning_ = true;
  const bool held = standing_ == Standing::kElected;
  if (standing_ != Standing::kFollowing) step_down(out);
  if (!held) return resigned(out);
  give_up_at_ = now.steady + options_.timing.farewell;
  next_try_ = kIdle;
  if (pending_) return;  // its answer says what the Lease is
  current_ ? release(now, out) : read(now, out);
}

void LeaderElection::resigned(Output& out) {
  over_ = true;
  pending_.reset();
  out.emplace_back(Resigned{});
}

// --- requests

void LeaderElection::act(Now now, Output& out) {
  if (resigning_) return;
  if (current_ && observed_->holder == options_.identity) return write(now, Verb::kReplace, out);
  read(now, out);
}

void LeaderElection::read(Now now, Output& out) {
  send(now, {.verb = Verb::kRead, .key = options_.lease, .body = {}, .timeout = {}}, false, out);
}

/// Everything that others put into the object stays.
void LeaderElection::write(Now now, Verb verb, Output& out) {
  json::object object;
  if (verb == Verb::kReplace) {
    object = observed_->object;
  } else {
    const auto& row = resource_of<Lease>();
    object = {{"apiVersion", row.api_version()},
              {"kind", row.kind},
              {"metadata", {{"name", options_.lease.name}, {"namespace", options_.lease.namespace_}}}};
  }
  object["spec"] = spec(now.wall);
  send(now, {.verb = verb, .key = options_.lease, .body = json::serialize(object), .timeout = {}}, false, out);
}

void LeaderElection::release(Now now, Output& out) {
  if (observed_->holder != options_.identity) return resigned(out);
  auto object = observed_->object;
  auto released = spec(now.wall);
  released["holderIdentity"] = "";
  released["leaseDurationSeconds"] = 1;
  object["spec"] = std::move(released);
  send(now, {.verb = Verb::kReplace, .key = options_.lease, .body = json::serialize(object), .timeout = {}}, true, out);
}

void LeaderElection::send(Now now, LeaseRequest request, bool releases, Output& out) {
  // Later than the renew deadline no answer helps. A leader gives up sooner, so that a dead connection leaves it a second
  // attempt; but not as soon as a slow server answers.
  request.timeout = options_.timing.renew_deadline;
  if (standing_ == Standing::kElected) request.timeout = std::clamp(4 * round_trip_, options_.timing.retry, request.timeout);
  if (resigning_) request.timeout = options_.timing.farewell;
  next_try_ = kIdle;
  pending_ = Pending{request.verb, now.steady, releases};
  out.emplace_back(std::move(request));
}

json::object LeaderElection::spec(WallPoint now) {
  // Always later than before, whatever the clock does: a write that changes nothing would not show that we are alive.
  renewed_ = std::max(now, renewed_ + std::chrono::microseconds(1));
  const auto* old = observed_ ? object_at(observed_->object, "spec") : nullptr;
  auto out = old == nullptr ? json::object() : *old;
  const bool ours = observed_ && observed_->holder == options_.identity;
  if (!ours || !out.contains("acquireTime")) out["acquireTime"] = format_micro_time(renewed_);
  if (!ours) out["leaseTransitions"] = observed_ ? integer_at(out, "leaseTransitions") + 1 : 0;
  out["holderIdentity"] = options_.identity;
  out["leaseDurationSeconds"] = options_.timing.lease.count();
  out["renewTime"] = format_micro_time(renewed_);
  return out;
}

}  // namespace metallb::kube
