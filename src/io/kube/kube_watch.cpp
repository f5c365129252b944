#include "io/kube/kube_watch.hpp"

#include "kube/objects/core.hpp"
#include "kube/objects/metallb.hpp"

namespace metallb::io {

template <class T>
std::unique_ptr<KubeWatch> watch(KubeClient& client, boost::asio::io_context& loop, WatchScope scope,
                                 std::function<void(const kube::Change<T>&)> on_change, Log log) {
  return std::make_unique<ListWatchDriver<T>>(client, loop, scope, std::move(on_change), log);
}

// One line per kind. A macro, because an explicit instantiation cannot be written for a list of types.
#define WATCHABLE(type)                                                                                    \
  template std::unique_ptr<KubeWatch> watch<kube::type>(KubeClient&, boost::asio::io_context&, WatchScope, \
                                                        std::function<void(const kube::Change<kube::type>&)>, Log);

WATCHABLE(Service)
WATCHABLE(EndpointSlice)
WATCHABLE(Node)
WATCHABLE(Namespace)
WATCHABLE(Pod)
WATCHABLE(Secret)
WATCHABLE(ConfigMap)
WATCHABLE(Event)
WATCHABLE(Lease)
WATCHABLE(IPAddressPool)
WATCHABLE(L2Advertisement)
WATCHABLE(BGPAdvertisement)
WATCHABLE(BGPPeer)
WATCHABLE(BFDProfile)
WATCHABLE(Community)
WATCHABLE(ServiceL2Status)
WATCHABLE(ServiceBGPStatus)
WATCHABLE(ConfigurationState)

#undef WATCHABLE

}  // namespace metallb::io
