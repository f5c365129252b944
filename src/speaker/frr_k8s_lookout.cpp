#include "speaker/frr_k8s_lookout.hpp"

#include <algorithm>
#include <utility>

namespace metallb::speaker {
namespace {

/// So that the speakers of a cluster do not all ask the API server at once.
constexpr double kJitter = 0.2;

}  // namespace

void FrrK8sLookout::on_input(Now now, const LookoutInput& in, Output& out) {
  std::visit([&](const auto& input) { take(now.steady, input, out); }, in);
}

void FrrK8sLookout::on_time(Now now, Output& out) {
  if (now.steady >= patience_until_) {
    patience_until_ = kIdle;
    log_.warn({{"op", "frrK8sLookout"},
               {"msg", "cannot find out in time whether frr-k8s runs on this node: BGP sessions begin without knowing"}});
    hold({}, out);
  }
  if (!looking_ && now.steady >= look_at_) {
    looking_ = true;
    look_at_ = kIdle;
    out.emplace_back(LookForFrrK8s{});
  }
}

SteadyPoint FrrK8sLookout::next_deadline() const {
  return std::min(patience_until_, looking_ ? kIdle : look_at_);
}

void FrrK8sLookout::take(SteadyPoint now, const PeersWanted& in, Output& out) {
  if (in.any == wanted_) return;
  wanted_ = in.any;
  if (!wanted_) {
    look_at_ = patience_until_ = kIdle;
    return;
  }
  look_at_ = now;
  if (!reason_ || *reason_ == kFirstLook) be_patient(now, out);
}

void FrrK8sLookout::take(SteadyPoint now, const FrrK8sSeen& seen, Output& out) {
  looking_ = false;
  if (!wanted_) return;
  // What a part was last known to be stays true until the opposite is known.
  if (seen.daemon) daemon_ = *seen.daemon;
  if (seen.configuration) configuration_ = *seen.configuration;
  const bool unknown = !seen.daemon || !seen.configuration;
  if (!unknown) {
    told_unknown_ = false;
  } else if (!std::exchange(told_unknown_, true)) {
    const auto& why = seen.daemon ? seen.configuration.error() : seen.daemon.error();
    log_.warn({{"op", "frrK8sLookout"}, {"error", why}, {"msg", "cannot find out whether frr-k8s runs on this node"}});
  }
  if (auto what = found(); !what.empty()) {
    patience_until_ = kIdle;
    look_at_ = now + kWhileFound;
    if (reason_ != what) {
      log_.warn({{"event", "frrK8sFound"}, {"found", what}, {"msg", "BGP sessions wait until it is gone"}});
      out.emplace_back(event(what));
    }
    hold(std::move(what), out);
    return;
  }
  if (!daemon_ || !configuration_) {
    // What was found is gone; the part that was never seen gets as long as at the start.
    if (reason_ && !reason_->empty() && patience_until_ == kIdle) be_patient(now, out);
    look_at_ = now + random_.jittered(patience_until_ != kIdle ? kFirstRetry : kWhileFound, kJitter);
    return;
  }
  patience_until_ = kIdle;
  look_at_ = now + random_.jittered(unknown ? kWhileFound : kWhileGone, kJitter);
  if (reason_ && !reason_->empty() && *reason_ != kFirstLook) {
    log_.info({{"event", "frrK8sGone"}, {"msg", "frr-k8s is gone from this node: BGP sessions begin"}});
  }
  hold({}, out);
}

/// By the last that is known of each part; empty: nothing.
std::string FrrK8sLookout::found() const {
  if (daemon_ && !daemon_->empty()) return "pod " + *daemon_ + " of frr-k8s runs on this node";
  if (configuration_ && !configuration_->empty()) {
    return "the FRRConfiguration " + *configuration_ + " of the original's speaker still tells frr-k8s to announce";
  }
  return {};
}

void FrrK8sLookout::be_patient(SteadyPoint now, Output& out) {
  patience_until_ = now + kPatience;
  hold(kFirstLook, out);
}

void FrrK8sLookout::hold(std::string reason, Output& out) {
  if (reason_ == reason) return;
  reason_ = reason;
  out.emplace_back(HoldPeers{std::move(reason)});
}

kube::EventNote FrrK8sLookout::event(const std::string& found) const {
  return {.about = {.apiVersion = "v1",
                    .kind = "Node",
                    .namespace_ = {},
                    .name = node_name_,
                    .uid = node_name_,  // as the kubelet names it in its events, so that `describe node` shows them
                    .resourceVersion = {},
                    .fieldPath = {}},
          .type = kube::EventNote::Type::kWarning,
          .reason = "bgpHeld",
          .message = "no BGP session from node \"" + node_name_ + "\": " + found +
                     "; remove frr-k8s and its FRRConfigurations, or start the speaker with --allow-frr-k8s"};
}

}  // namespace metallb::speaker
