#include "io/kube/pod_list.hpp"

#include <memory>
#include <utility>

#include "io/kube/object_list.hpp"
#include "kube/json.hpp"
#include "kube/resource.hpp"

namespace metallb::io {

void list_pods(KubeClient& client, const std::string& namespace_, const PodSelection& selection,
               std::function<void(std::expected<std::vector<kube::Pod>, std::string>)> done) {
  auto target =
      kube::resource_of<kube::Pod>().path(namespace_) + "?labelSelector=" + kube::query_value(selection.label_selector);
  if (!selection.field_selector.empty()) target += "&fieldSelector=" + kube::query_value(selection.field_selector);
  auto pods = std::make_shared<std::vector<kube::Pod>>();
  list_objects(
      client, std::move(target),
      [pods](const boost::json::value& item) {
        if (auto pod = kube::decode<kube::Pod>(item)) pods->push_back(std::move(*pod));
      },
      [pods, done = std::move(done)](std::expected<void, std::string> listed) {
        if (!listed) return done(std::unexpected(std::move(listed).error()));
        done(std::move(*pods));
      });
}

}  // namespace metallb::io
