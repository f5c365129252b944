// The controller, somewhere with a connection to the API: it gives Services their addresses.
#pragma once

#include <memory>
#include <vector>

#include "controller/instance.hpp"
#include "sim/api.hpp"
#include "sim/driven.hpp"
#include "sim/network.hpp"
#include "sim/thread.hpp"
#include "sim/watch.hpp"

namespace metallb::sim {

class ControllerProcess {
 public:
  ControllerProcess(Network& network, Api& api, const Host& host, Distance distance)
      : network_(network),
        api_(api),
        distance_(distance),
        log_(network.trace, "controller"),
        main_(network.timeline, Random(network.next_seed())),
        controller_({.namespace_ = "metallb-system", .lb_class = {}}, Log(log_)),
        driven_(network.timeline, host, main_, controller_, [this](auto& out) { carry_out(out); }) {}
  ControllerProcess(const ControllerProcess&) = delete;
  ControllerProcess& operator=(const ControllerProcess&) = delete;

  void start() {
    follow<kube::Namespace>();
    follow<kube::Service>();
    follow<kube::IPAddressPool>();
    follow<kube::Community>();
  }
  void kill() {
    main_.end();
    for (auto& watch : watches_) watch->end();
  }

 private:
  template <class T>
  void follow() {
    auto watch = std::make_unique<Watch<T>>(
        network_.timeline, api_, Random(network_.next_seed()), distance_,
        [this](const kube::Change<T>& change) { main_.run([this, change] { driven_.feed(change); }); });
    watch->start();
    watches_.push_back(std::move(watch));
  }
  void carry_out(controller::Output& out) {
    for (auto& action : out) {
      auto* write = std::get_if<kube::Write>(&action);
      if (write == nullptr) continue;
      api_.write(std::move(*write), distance_.delay,
                 [this](kube::WriteDone done) { main_.run([this, done = std::move(done)] { driven_.feed(done); }); });
    }
  }

  Network& network_;
  Api& api_;
  Distance distance_;
  TraceLog log_;
  Thread main_;
  controller::Instance controller_;
  Driven<controller::Instance, controller::Input, controller::Output> driven_;
  std::vector<std::unique_ptr<AnyWatch>> watches_;
};

}  // namespace metallb::sim
