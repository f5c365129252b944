// What controller and speaker have around their core: the connection to the API server, writes, events for the user, stop
// signals, and the loop that all of it runs on.
#pragma once

#include <boost/asio/io_context.hpp>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/outcome.hpp"
#include "base/log.hpp"
#include "io/kube/event_publisher.hpp"
#include "io/kube/kube_client.hpp"
#include "io/signals.hpp"

namespace metallb::app {

class Component {
 public:
  struct Options {
    std::string event_source;  ///< "metallb-controller" or "metallb-speaker"
    std::string instance;      ///< the node, or empty
    std::string kubeconfig;    ///< the flag's value
    io::StopSignals::Quit quit = io::StopSignals::Quit::kSystemDefault;
  };
  /// Finds the API server; does not talk to it yet.
  static std::expected<std::unique_ptr<Component>, StartupProblem> create(const Options& options, Log log);

  [[nodiscard]] boost::asio::io_context& loop() { return loop_; }
  [[nodiscard]] io::KubeClient& client() { return *client_; }
  [[nodiscard]] const Log& log() const { return log_; }
  /// host:port of the API server, as the metrics name it.
  [[nodiscard]] const std::string& api_host() const { return api_host_; }

  /// GETs the pod that this process runs in, for owner references. Waits for the API server as long as it takes, since a
  /// cluster may start in any order, and up to a minute for the right to read it; a pod that does not exist is a problem.
  /// Runs the loop meanwhile.
  [[nodiscard]] std::expected<kube::Pod, StartupProblem> own_pod(const std::string& namespace_, const std::string& name);

  /// From now on `on_change` hears of every object of the kind. The watch lives as long as this.
  template <class T>
  io::KubeWatch& watch(io::WatchScope scope, std::function<void(const kube::Change<T>&)> on_change) {
    return *watches_.emplace_back(io::watch<T>(*client_, loop_, std::move(scope), std::move(on_change), log_));
  }
  void write(kube::Write write, std::function<void(kube::WriteDone)> done) {
    writer_->submit(std::move(write), std::move(done));
  }
  /// Another writer. Its writes, as those of write(), go before events; it must not outlive this.
  [[nodiscard]] std::unique_ptr<io::KubeWriter> writer(io::KubeWriter::Permission permission = {}) {
    return io::KubeWriter::create(*client_, loop_, log_, std::move(permission), events_.behind());
  }
  void tell(kube::EventNote note) { events_.publish(std::move(note)); }

  /// What to do at the first stop signal instead of ending at once; it calls the function it is given when it is done. A
  /// second signal ends the process with exit code 1 at once.
  using Farewell = std::function<void(std::function<void()> done)>;
  void before_stop(Farewell farewell) { farewell_ = std::move(farewell); }

  /// Runs until a stop signal. Returns the exit code.
  int run();

 private:
  Component(io::KubeEndpoint endpoint, const Options& options, Log log);
  [[nodiscard]] std::expected<io::KubeResponse, SystemError> get(const std::string& target);
  void stop();

  Log log_;
  std::string api_host_;
  boost::asio::io_context loop_{1};
  std::unique_ptr<io::KubeClient> client_;
  std::unique_ptr<io::KubeWriter> event_writer_;
  io::EventPublisher events_;
  std::unique_ptr<io::KubeWriter> writer_;
  std::vector<std::unique_ptr<io::KubeWatch>> watches_;
  bool stopping_ = false;
  bool running_ = false;
  Farewell farewell_;
  io::StopSignals signals_;
};

}  // namespace metallb::app
