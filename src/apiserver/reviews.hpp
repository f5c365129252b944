// Questions that are answered, not stored: who a token belongs to, and who may do what. There are no roles: whoever is known
// may do everything.
#pragma once

#include <map>
#include <string>

#include "apiserver/instance.hpp"
#include "apiserver/json_access.hpp"
#include "apiserver/kinds.hpp"

namespace metallb::apiserver {

/// `review` with its status. `asking` is the user that sent it.
[[nodiscard]] json::object answer_review(const Kind& kind, json::object review, const std::map<std::string, User>& tokens,
                                         const User& asking);

}  // namespace metallb::apiserver
