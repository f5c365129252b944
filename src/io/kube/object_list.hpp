// One listing of a kind, page by page. For whoever wants to look once instead of watching.
#pragma once

#include <boost/json/fwd.hpp>
#include <expected>
#include <functional>
#include <string>

#include "io/kube/kube_client.hpp"

namespace metallb::io {

/// `target`: path, and query if it takes one. `item` gets every object as it comes; `done` runs after the last one, or with
/// the reason when the server cannot be asked, refuses, or answers with something else. Both run on the loop.
void list_objects(KubeClient& client, std::string target, std::function<void(const boost::json::value&)> item,
                  std::function<void(std::expected<void, std::string>)> done);

}  // namespace metallb::io
