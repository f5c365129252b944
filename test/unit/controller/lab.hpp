// A controller and a model API in virtual time, wired together.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "model_api.hpp"

// The tables name only the fields that matter to a row; the rest keep their defaults.
#pragma clang diagnostic ignored "-Wmissing-designated-field-initializers"

namespace metallb::controller {

inline ObjectKey key_of(const std::string& name) {
  return {"default", name};
}
inline ObjectKey pool_key(const std::string& name) {
  return {"metallb-system", name};
}

/// A LoadBalancer Service with these cluster addresses.
inline kube::Service service(const std::string& name, std::vector<std::string> cluster = {"10.96.0.1"}) {
  kube::Service out;
  out.metadata.namespace_ = "default";
  out.metadata.name = name;
  out.spec.type = "LoadBalancer";
  out.spec.clusterIP = cluster.empty() ? "" : cluster.front();
  out.spec.clusterIPs = std::move(cluster);
  out.spec.ports.push_back({.protocol = "TCP", .port = 80});
  return out;
}

inline kube::IPAddressPool pool(const std::string& name, std::vector<std::string> addresses) {
  kube::IPAddressPool out;
  out.metadata.namespace_ = "metallb-system";
  out.metadata.name = name;
  out.spec.addresses = std::move(addresses);
  return out;
}

/// "a b": the addresses that a Service shows.
inline std::string shown(const kube::Service& service) {
  std::string out;
  for (const auto& ingress : service.status.loadBalancer.ingress) {
    out += (out.empty() ? "" : " ") + (ingress.ip.empty() ? ingress.hostname : ingress.ip);
  }
  return out;
}

inline void show(kube::Service& service, std::initializer_list<const char*> addresses) {
  service.status.loadBalancer.ingress.clear();
  for (const auto* address : addresses) service.status.loadBalancer.ingress.push_back({address, ""});
}

/// What the watch says of one object, and at the end of a list.
template <class T>
Input upserted(T object) {
  object.metadata.uid = "uid";
  object.metadata.resourceVersion = "1";
  return kube::Change<T>(kube::Upserted<T>{std::make_shared<const T>(std::move(object))});
}
template <class T>
Input listed() {
  return kube::Change<T>(kube::Listed<T>{});
}

class Lab {
 public:
  explicit Lab(Options options = {"metallb-system", ""}) : options_(std::move(options)), controller(options_) {}

  /// Lists everything and lets the controller come to rest.
  void start() {
    for (const auto& input : api.list()) feed(input);
    settle();
  }
  /// A new process, which knows nothing.
  void restart() {
    controller = Instance(options_);
    waiting_writes_.clear();
    start();
  }
  /// Delivers what the watch has and carries writes out until nothing more is to be done now.
  void settle() {
    for (int round = 0; round < 100000; ++round) {
      if (controller.next_deadline() <= now_.steady) {
        turn();
      } else if (!waiting_writes_.empty()) {
        const auto write = waiting_writes_.front();
        waiting_writes_.erase(waiting_writes_.begin());
        feed(carry_out(write));
      } else if (!api.watch().empty()) {
        const auto input = api.watch().front();
        api.watch().pop_front();
        feed(input);
      } else {
        return;
      }
    }
    throw std::runtime_error("the controller does not come to rest");
  }
  /// One slice of the controller's work; what it writes waits.
  void turn() {
    Output out;
    controller.on_time(now_, out);
    collect(out);
  }
  void advance(Duration by) {
    now_.steady += by;
    now_.wall += by;
    settle();
  }
  /// What is on its way never arrives, and gets no answer.
  void lose_writes() { waiting_writes_.clear(); }
  void feed(const Input& input) {
    Output out;
    controller.on_input(now_, input, out);
    collect(out);
  }

  template <class T>
  void put(T object) {
    api.put(std::move(object));
    settle();
  }
  /// Changes a Service as a user would, and lets the controller follow.
  void edit(const std::string& name, const std::function<void(kube::Service&)>& change) {
    auto object = api.service(key_of(name));
    change(object);
    put(std::move(object));
  }
  void remove(const std::string& name) {
    api.remove_service(key_of(name));
    settle();
  }
  [[nodiscard]] std::string addresses(const std::string& name) const { return shown(api.service(key_of(name))); }
  [[nodiscard]] std::string pool_annotation(const std::string& name) const {
    const auto& annotations = api.service(key_of(name)).metadata.annotations;
    const auto found = annotations.find("metallb.io/ip-allocated-from-pool");
    return found == annotations.end() ? "" : found->second;
  }
  /// Reasons of the events so far, as "W reason" or "N reason"; forgets them.
  std::vector<std::string> take_reasons() {
    std::vector<std::string> out;
    for (const auto& event : std::exchange(events, {})) {
      out.push_back((event.type == kube::EventNote::Type::kWarning ? "W " : "N ") + event.reason);
    }
    return out;
  }

 private:
  void collect(Output& out) {
    for (auto& action : out) {
      if (auto* write = std::get_if<kube::Write>(&action)) {
        waiting_writes_.push_back(std::move(*write));
      } else if (auto* note = std::get_if<kube::EventNote>(&action)) {
        events.push_back(std::move(*note));
      } else {
        conclusion = std::get<config::Conclusion>(std::move(action));
      }
    }
  }
  kube::WriteDone carry_out(const kube::Write& write) {
    if (fails && fails(write)) {
      return {write.id, std::unexpected(kube::WriteError{kube::WriteError::Reason::kUnavailable, "no answer"})};
    }
    return api.carry_out(write);
  }

  Options options_;
  Now now_{SteadyPoint(std::chrono::hours(1)), {}};
  std::vector<kube::Write> waiting_writes_;

 public:
  ModelApi api;
  Instance controller;
  std::vector<kube::EventNote> events;
  std::optional<config::Conclusion> conclusion;  ///< the last one
  /// Which writes get no answer.
  std::function<bool(const kube::Write&)> fails;
};

}  // namespace metallb::controller
