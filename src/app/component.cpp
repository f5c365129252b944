#include "app/component.hpp"

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>

#include "base/backoff.hpp"
#include "io/clock.hpp"
#include "io/kube/kube_config.hpp"
#include "kube/json.hpp"
#include "kube/resource.hpp"

namespace metallb::app {
namespace {

constexpr auto kFirstRetry = std::chrono::milliseconds(250);
constexpr auto kLongestRetry = std::chrono::seconds(5);
/// When a whole cluster starts, roles, tokens and the server's caches of both may come later than the pod.
constexpr auto kPatienceWithRefusals = std::chrono::seconds(60);

/// No waiting will change the answer.
bool final(int status, bool patient) {
  const bool refused = status == 401 || status == 403;
  return status == 400 || status == 404 || (refused && !patient);
}

}  // namespace

std::expected<std::unique_ptr<Component>, StartupProblem> Component::create(const Options& options, Log log) {
  auto endpoint = io::find_kube_endpoint(io::sources_from_environment(options.kubeconfig));
  if (!endpoint) {
    return std::unexpected(
        StartupProblem{.op = "startup", .error = endpoint.error().to_string(), .msg = "failed to create k8s client"});
  }
  return std::unique_ptr<Component>(new Component(std::move(*endpoint), options, log));
}

Component::Component(io::KubeEndpoint endpoint, const Options& options, Log log)
    : log_(log),
      api_host_(io::host_text(endpoint) + ":" + endpoint.port),
      client_(io::KubeClient::create(loop_, std::move(endpoint), log)),
      event_writer_(io::KubeWriter::create(*client_, loop_, log)),
      events_(loop_, *event_writer_, {.component = options.event_source, .instance = options.instance}),
      writer_(writer()),
      signals_(
          loop_,
          [this] {
            log_.info({{"op", "shutdown"}, {"msg", "starting shutdown"}});
            stopping_ = true;
            if (running_ && farewell_) return farewell_([this] { stop(); });
            stop();
          },
          options.quit) {}

void Component::stop() {
  signals_.end_at_once_from_now_on();
  loop_.stop();
}

std::expected<io::KubeResponse, SystemError> Component::get(const std::string& target) {
  std::optional<std::expected<io::KubeResponse, SystemError>> answer;
  io::KubeClient::Request request;
  request.target = target;
  client_->request(std::move(request), [&answer](auto result) { answer = std::move(result); });
  while (!answer && !stopping_ && loop_.run_one() > 0) {
  }
  // Stopped while waiting: the caller ends anyway, and the answer must not come back into a dead frame.
  if (!answer) {
    client_->stop();
    return std::unexpected(SystemError{.operation = "GET", .object = target, .code = {}, .detail = "stopped"});
  }
  return std::move(*answer);
}

std::expected<kube::Pod, StartupProblem> Component::own_pod(const std::string& namespace_, const std::string& name) {
  const auto path = kube::resource_of<kube::Pod>().path(ObjectKey{namespace_, name});
  Backoff backoff(kFirstRetry, kLongestRetry);
  const auto patient_until = io::now().steady + kPatienceWithRefusals;
  while (!stopping_) {
    const auto answer = get(path);
    if (answer && answer->status == 200) {
      auto pod = kube::decode_text<kube::Pod>(answer->body);
      if (pod) return std::move(*pod);
      return std::unexpected(
          StartupProblem{.op = "startup", .error = pod.error().to_string(), .msg = "cannot read the own pod"});
    }
    if (answer && final(answer->status, io::now().steady < patient_until)) {
      return std::unexpected(StartupProblem{.op = "startup",
                                            .error = "GET " + path + ": HTTP status " + std::to_string(answer->status),
                                            .msg = "cannot find the own pod: check --pod-name (METALLB_POD_NAME), "
                                                   "--namespace and the role that grants pods get"});
    }
    if (stopping_) break;
    const auto delay = backoff.next();
    log_.warn({{"op", "startup"},
               {"error", answer ? "HTTP status " + std::to_string(answer->status) : answer.error().to_string()},
               {"msg", "the API server does not give the own pod yet, trying again"}});
    boost::asio::steady_timer timer(loop_, delay);
    bool fired = false;
    timer.async_wait([&fired](const auto& error) { fired = !error; });
    while (!fired && !stopping_ && loop_.run_one() > 0) {
    }
    if (!fired) {
      timer.cancel();
      loop_.restart();
      loop_.poll();  // the cancelled handler refers to this frame: let it run now
    }
  }
  return std::unexpected(
      StartupProblem{.op = "shutdown", .error = "", .msg = "stopped before the API server answered", .exit_code = 0});
}

int Component::run() {
  running_ = true;
  if (!stopping_) loop_.run();
  log_.info({{"op", "shutdown"}, {"msg", "done"}});
  return 0;
}

}  // namespace metallb::app
