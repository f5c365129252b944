// Answers "may this token read this path?" by asking the API server, with short memories (operations spec 2.9).
#pragma once

#include <boost/asio/io_context.hpp>

#include "io/kube/kube_client.hpp"
#include "io/metrics/authorizer.hpp"

namespace metallb::io {

/// `client` must outlive the function's use. Refusals: 401 "Unauthorized" for a token that the API server does not accept,
/// 403 for a user who may not, 500 when the API server cannot be asked (five attempts, ten seconds each at most).
[[nodiscard]] Authorizer kube_authorizer(KubeClient& client, boost::asio::io_context& loop);

}  // namespace metallb::io
