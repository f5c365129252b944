// What a take-over costs in the speaker: from the message that a member was lost to the command for the last address that
// this node takes over from it, in a cluster of 10,000 Services; with two members these are half of them. Budget: the first
// commands within 10 ms, the last one within 100 ms, of the 350 ms that may pass from a death until somebody answers
// (failover spec 5).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "speaker/instance.hpp"

namespace {

using namespace metallb;
using namespace metallb::speaker;

constexpr int kServices = 10'000;

std::string name_of(std::int64_t node) {
  return "node-" + std::to_string(node);
}

/// node-0, with everything listed and decided.
class Cluster {
 public:
  explicit Cluster(std::int64_t nodes) {
    for (std::int64_t i = 0; i < nodes; ++i) {
      members_.insert(name_of(i));
      kube::Node node;
      node.metadata.name = name_of(i);
      put(std::move(node));
    }
    kube::IPAddressPool pool;
    pool.metadata.namespace_ = "metallb-system";
    pool.metadata.name = "pool";
    pool.spec.addresses = {"10.0.0.0/16"};
    put(std::move(pool));
    kube::L2Advertisement advertisement;
    advertisement.metadata.namespace_ = "metallb-system";
    advertisement.metadata.name = "all";
    put(std::move(advertisement));
    for (int i = 0; i < kServices; ++i) serve(i);
    give(InterfacesChanged{{"eth0"}});
    give(MembersChanged{.members = members_});
    list<kube::Service, kube::EndpointSlice, kube::Node, kube::Namespace, kube::IPAddressPool, kube::L2Advertisement,
         kube::BGPPeer, kube::BGPAdvertisement, kube::BFDProfile, kube::Community, kube::Secret, kube::ServiceL2Status>();
    settle();
  }

  /// How many Services node-0 takes over, and when it said so, counted from the loss of `node`.
  struct TakeOver {
    std::chrono::duration<double> first{0};
    std::chrono::duration<double> last{0};
    std::size_t services = 0;
  };
  TakeOver lose(std::int64_t node) {
    auto left = members_;
    left.erase(name_of(node));
    TakeOver out;
    const auto begin = std::chrono::steady_clock::now();
    give(MembersChanged{.members = left});
    while (core_.next_deadline() <= now_.steady) {
      const auto announced = announcements();
      core_.on_time(now_, out_);
      const auto more = announcements() - announced;
      if (more == 0) break;  // what changes hands comes first: this was the first slice without
      const auto at = std::chrono::steady_clock::now() - begin;
      if (out.services == 0) out.first = at;
      out.last = at;
      out.services += more;
    }
    settle();
    give(MembersChanged{.members = members_});
    settle();
    return out;
  }

 private:
  template <class T>
  void put(T object) {
    give(kube::Change<T>(kube::Upserted<T>{std::make_shared<const T>(std::move(object))}));
  }
  template <class... T>
  void list() {
    (give(kube::Change<T>(kube::Listed<T>{})), ...);
  }
  void give(const Input& input) { core_.on_input(now_, input, out_); }
  void settle() {
    while (core_.next_deadline() <= now_.steady) core_.on_time(now_, out_);
    out_.clear();
  }
  void serve(int i) {
    kube::Service service;
    service.metadata.namespace_ = "default";
    service.metadata.name = "service-" + std::to_string(i);
    service.spec.type = "LoadBalancer";
    service.status.loadBalancer.ingress = {{"10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250), ""}};
    kube::EndpointSlice slice;
    slice.metadata.namespace_ = "default";
    slice.metadata.name = service.metadata.name;
    slice.metadata.labels["kubernetes.io/service-name"] = service.metadata.name;
    slice.endpoints.resize(3);
    for (std::size_t n = 0; n < 3; ++n) {
      slice.endpoints[n].nodeName = name_of(static_cast<std::int64_t>(n));
      slice.endpoints[n].conditions.ready = true;
    }
    put(std::move(service));
    put(std::move(slice));
  }
  [[nodiscard]] std::size_t announcements() const {
    return static_cast<std::size_t>(std::ranges::count_if(out_, [](const auto& action) {
      const auto* command = std::get_if<layer2::Command>(&action);
      return command != nullptr && std::holds_alternative<layer2::Announce>(*command);
    }));
  }

  Instance core_{{.node_name = "node-0",
                  .namespace_ = "metallb-system",
                  .pod = std::nullopt,
                  .lb_class = {},
                  .ignore_exclude_lb = false}};
  std::set<std::string> members_;
  Output out_;
  Now now_{SteadyPoint(std::chrono::hours(1)), {}};
};

void take_over(benchmark::State& state) {
  Cluster cluster(state.range(0));
  Cluster::TakeOver total;
  std::int64_t victim = 0;
  for (auto _ : state) {
    victim = victim % (state.range(0) - 1) + 1;
    const auto one = cluster.lose(victim);
    state.SetIterationTime(one.last.count());
    total.first += one.first;
    total.services += one.services;
  }
  const auto count = static_cast<double>(state.iterations());
  state.counters["services"] = static_cast<double>(total.services) / count;
  state.counters["first_us"] = total.first.count() * 1e6 / count;
}
BENCHMARK(take_over)->Arg(2)->Arg(3)->Arg(10)->Arg(100)->Iterations(20)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
