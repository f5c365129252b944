// Who may read the metrics: the question, and its answer as an HTTP status (operations spec 2.9).
#pragma once

#include <functional>
#include <string>

namespace metallb::io {

struct AccessDecision {
  int status = 200;  ///< 200: allowed; 401, 403 or 500: refused with `text`
  std::string text;

  friend bool operator==(const AccessDecision&, const AccessDecision&) = default;
};

/// `token` is the bearer token, `method` the HTTP method, `path` the request's path. Calls `done` once, at once or later on
/// the loop.
using Authorizer =
    std::function<void(std::string token, std::string method, std::string path, std::function<void(AccessDecision)> done)>;

}  // namespace metallb::io
