#include "io/metrics/access_review.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "io/json_text.hpp"

namespace metallb::io {
namespace {

namespace json = boost::json;

/// The member "status" of an object of this kind.
std::optional<json::object> status_of(std::string_view body, std::string_view kind) {
  boost::system::error_code error;
  const auto value = json::parse({body.data(), body.size()}, error);
  if (error || !value.is_object()) return std::nullopt;
  const auto* const found_kind = value.get_object().if_contains("kind");
  if (found_kind == nullptr || !found_kind->is_string() || std::string_view(found_kind->get_string()) != kind)
    return std::nullopt;
  const auto* const status = value.get_object().if_contains("status");
  if (status == nullptr || !status->is_object()) return json::object{};
  return status->get_object();
}

bool is_true(const json::object& object, std::string_view name) {
  const auto* const value = object.if_contains({name.data(), name.size()});
  return value != nullptr && value->is_bool() && value->get_bool();
}

}  // namespace

std::string token_review_request(std::string_view token) {
  std::string text = R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":)";
  append_json_string(text, token);
  return text + "}}";
}

std::optional<TokenVerdict> read_token_review(std::string_view body) {
  const auto status = status_of(body, "TokenReview");
  if (!status) return std::nullopt;
  // API servers put an error text beside "not authenticated" for invalid and expired tokens: that is a refusal, no failure.
  if (!is_true(*status, "authenticated")) return TokenVerdict{};
  ReviewedUser user;
  const auto* const found = status->if_contains("user");
  if (found == nullptr || !found->is_object()) return TokenVerdict{};
  for (const auto& [name, value] : found->get_object()) {
    const bool is_name = name == "username";
    if (is_name && value.is_string()) user.name = std::string(value.get_string());
    if (!is_name && name != "uid" && name != "groups" && name != "extra") continue;
    if (!user.spec.empty()) user.spec += ',';
    user.spec.append(1, '"').append(is_name ? "user" : std::string_view(name.data(), name.size())).append("\":");
    user.spec += json::serialize(value);
  }
  return TokenVerdict{.user = std::move(user)};
}

std::string access_review_request(const ReviewedUser& user, std::string_view verb, std::string_view path) {
  std::string text =
      R"({"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":{"nonResourceAttributes":{"path":)";
  append_json_string(text, path);
  text += R"(,"verb":)";
  append_json_string(text, verb);
  text += "}";
  if (!user.spec.empty()) text += "," + user.spec;
  return text + "}}";
}

std::optional<bool> read_access_review(std::string_view body) {
  const auto status = status_of(body, "SubjectAccessReview");
  if (!status) return std::nullopt;
  return is_true(*status, "allowed");
}

}  // namespace metallb::io
