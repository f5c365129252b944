#include "app/advice.hpp"

#include <chrono>
#include <utility>

namespace metallb::app {
namespace {

/// Advice can be done without: who refuses what it takes is not asked all the time.
constexpr auto kRefusedRetry = std::chrono::minutes(2);

}  // namespace

AdviceRuntime::AdviceRuntime(Component& component, const config::Advisor::Options& options, Handle handle)
    : component_(component),
      namespace_(options.namespace_),
      core_(options, component.log()),
      driver_(component.loop(), core_, std::move(handle)) {
  follow<kube::L2Advertisement>();
  follow<kube::BGPAdvertisement>();
  follow<kube::BGPPeer>();
  follow<kube::BFDProfile>();
}

io::WatchScope AdviceRuntime::shared_scope() {
  io::WatchScope out;
  out.fallback_namespace = namespace_;
  out.on_narrowed = [this] { narrowed(); };
  return out;
}

template <class T>
void AdviceRuntime::follow() {
  auto scope = shared_scope();
  scope.refused_retry = kRefusedRetry;
  component_.watch<T>(std::move(scope), [this](const kube::Change<T>& change) { driver_.feed(change); });
}

void AdviceRuntime::narrowed() {
  if (std::exchange(said_, true)) return;
  component_.log().info(
      {{"op", "advise"},
       {"namespace", namespace_},
       {"msg",
        "objects in other namespaces, where nobody looks, are not seen and get no warning: for that the controller's "
        "ClusterRole must allow to list and watch ipaddresspools, l2advertisements, bgpadvertisements, bgppeers, "
        "bfdprofiles and communities of metallb.io; it is looked at when the controller starts"}});
}

}  // namespace metallb::app
