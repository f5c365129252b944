#include "apiserver/reviews.hpp"

#include <algorithm>

namespace metallb::apiserver {
namespace {

json::object user_object(const User& user) {
  json::object out{{"username", user.name}};
  if (!user.uid.empty()) out["uid"] = user.uid;
  auto groups = to_array(user.groups);
  groups.emplace_back("system:authenticated");
  out["groups"] = std::move(groups);
  return out;
}

json::object access(const std::string& name, const std::map<std::string, User>& tokens) {
  const bool known =
      tokens.empty() || std::ranges::any_of(tokens, [&](const auto& entry) { return entry.second.name == name; });
  json::object out{{"allowed", known}};
  out["reason"] = known ? "users that can authenticate may do everything" : "user \"" + name + "\" is not known";
  return out;
}

}  // namespace

json::object answer_review(const Kind& kind, json::object review, const std::map<std::string, User>& tokens,
                           const User& asking) {
  json::object status;
  if (kind.kind == "TokenReview") {
    const auto found = tokens.find(text_at(review, "spec.token"));
    if (found != tokens.end() || tokens.empty()) {
      // Without a token file nobody has to prove who they are: any token is as good as none.
      status = {{"authenticated", true}, {"user", user_object(tokens.empty() ? asking : found->second)}};
      if (const auto* audiences = array_at(review, "spec.audiences")) status["audiences"] = *audiences;
    } else {
      status = {{"authenticated", false}, {"error", "invalid bearer token"}};
    }
  } else if (kind.kind == "SelfSubjectReview") {
    status = {{"userInfo", user_object(asking)}};
  } else if (kind.kind == "SelfSubjectAccessReview") {
    status = {{"allowed", true}, {"reason", "users that can authenticate may do everything"}};
  } else {
    status = access(text_at(review, "spec.user"), tokens);
  }
  review["status"] = std::move(status);
  return review;
}

}  // namespace metallb::apiserver
