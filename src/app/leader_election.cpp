#include "app/leader_election.hpp"

#include <array>
#include <boost/asio/ip/host_name.hpp>
#include <chrono>
#include <cstdio>
#include <utility>
#include <variant>

#include "base/cases.hpp"
#include "base/random.hpp"
#include "io/clock.hpp"
#include "io/entropy.hpp"
#include "kube/event_note.hpp"
#include "kube/resource.hpp"

namespace metallb::app {
namespace {

/// Of the writes that are under way at a stop. They have their answers in milliseconds, or the server is in trouble.
constexpr auto kPatienceWithWrites = std::chrono::seconds(1);

/// Whoever starts a second time is somebody else: what the first one wrote may still be on its way.
std::string identity_of(const std::string& name) {
  std::array<char, 17> suffix{};
  std::snprintf(suffix.data(), suffix.size(), "%016llx", static_cast<unsigned long long>(io::random_seed()));
  boost::system::error_code unknown;
  return (name.empty() ? boost::asio::ip::host_name(unknown) : name) + "_" + suffix.data();
}

}  // namespace

LeaderElectionRuntime::LeaderElectionRuntime(Component& component, ObjectKey lease, kube::Pod pod, OnChange on_change)
    : component_(component),
      pod_(std::move(pod)),
      on_change_(std::move(on_change)),
      core_({.lease = std::move(lease), .identity = identity_of(pod_.metadata.name), .timing = {}},
            Random(io::random_seed()), component.log()),
      driver_(component.loop(), core_, [this](auto& out) { carry_out(out); }),
      patience_(component.loop()) {
  driver_.wake();
}

bool LeaderElectionRuntime::may_write() const {
  return told_ && core_.leads(io::now().steady);
}

void LeaderElectionRuntime::write_ended() {
  --writing_;
  settle();
}

void LeaderElectionRuntime::resign(std::function<void()> done) {
  resigned_ = std::move(done);
  patience_.expires_after(kPatienceWithWrites);
  patience_.async_wait([this, alive = std::weak_ptr(alive_)](const auto& cancelled) {
    // A write that has no answer yet may arrive at any time: then the Lease has to run out.
    if (!cancelled && !alive.expired()) finish();
  });
  settle();
}

void LeaderElectionRuntime::settle() {
  const bool leads = elected_ && !resigned_;
  if (told_ && !leads) {
    told_ = false;
    on_change_(false);
  } else if (!told_ && leads && writing_ == 0) {
    told_ = true;
    on_change_(true);
  }
  if (resigned_ && writing_ == 0) {
    patience_.cancel();
    driver_.feed(kube::Resign{});
  }
}

void LeaderElectionRuntime::finish() {
  if (!std::exchange(finished_, true)) resigned_();
}

void LeaderElectionRuntime::carry_out(kube::LeaderElection::Output& out) {
  for (auto& action : out) {
    std::visit(
        Cases{[this](const kube::LeaseRequest& request) { ask(request); },
              [this](const kube::Leadership& leadership) {
                elected_ = leadership.leads;
                settle();
              },
              [this](const kube::LeaseRefused& refused) { tell(refused); }, [this](const kube::Resigned&) { finish(); }},
        action);
  }
}

void LeaderElectionRuntime::ask(const kube::LeaseRequest& wanted) {
  using Verb = kube::LeaseRequest::Verb;
  const auto& leases = kube::resource_of<kube::Lease>();
  io::KubeClient::Request request;
  request.method = wanted.verb == Verb::kRead ? "GET" : wanted.verb == Verb::kCreate ? "POST" : "PUT";
  request.target = wanted.verb == Verb::kCreate ? leases.path(wanted.key.namespace_) : leases.path(wanted.key);
  if (!wanted.body.empty()) request.content_type = "application/json";
  request.body = wanted.body;
  request.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(wanted.timeout);
  component_.client().request(std::move(request), [this, alive = std::weak_ptr(alive_)](auto answer) {
    if (alive.expired()) return;
    driver_.feed(answer ? kube::LeaseAnswer{answer->status, std::move(answer->body)}
                        : kube::LeaseAnswer{0, answer.error().to_string()});
  });
}

void LeaderElectionRuntime::tell(const kube::LeaseRefused& refused) {
  using Type = kube::EventNote::Type;
  if (pod_.metadata.name.empty()) return;  // nothing that the event could be about
  component_.tell(kube::event_note(pod_, Type::kWarning, "LeaseRefused", refused.message));
}

}  // namespace metallb::app
