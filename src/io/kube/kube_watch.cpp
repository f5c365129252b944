#include "io/kube/kube_watch.hpp"

#include "kube/objects/core.hpp"
#include "kube/objects/metallb.hpp"
#include "kube/objects/registration.hpp"

namespace metallb::io {

template <class T>
std::unique_ptr<KubeWatch> watch(KubeClient& client, boost::asio::io_context& loop, WatchScope scope,
                                 std::function<void(const kube::Change<T>&)> on_change, Log log) {
  return std::make_unique<ListWatchDriver<T>>(client, loop, scope, std::move(on_change), log);
}

// One line per kind that somebody watches; to watch another one, add its line. Not all kinds, since each costs seconds to
// compile and tens of kilobytes of code. A macro, because an explicit instantiation cannot be written for a list of types.
#define WATCHABLE(type)                                                                                    \
  template std::unique_ptr<KubeWatch> watch<kube::type>(KubeClient&, boost::asio::io_context&, WatchScope, \
                                                        std::function<void(const kube::Change<kube::type>&)>, Log);

WATCHABLE(Service)
WATCHABLE(EndpointSlice)
WATCHABLE(Node)
WATCHABLE(Namespace)
WATCHABLE(IPAddressPool)
WATCHABLE(L2Advertisement)
WATCHABLE(BGPPeer)
WATCHABLE(BGPAdvertisement)
WATCHABLE(BFDProfile)
WATCHABLE(Community)
WATCHABLE(Secret)
WATCHABLE(ConfigMap)
WATCHABLE(ServiceL2Status)
WATCHABLE(ServiceBGPStatus)
WATCHABLE(ConfigurationState)
WATCHABLE(ValidatingWebhookConfiguration)
WATCHABLE(CustomResourceDefinition)

#undef WATCHABLE

}  // namespace metallb::io
