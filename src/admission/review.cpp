#include "admission/review.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "kube/json_text.hpp"

namespace metallb::admission {
namespace {

namespace json = boost::json;

constexpr std::string_view kGroup = "admission.k8s.io/";

Operation operation_named(std::string_view name) {
  if (name == "CREATE") return Operation::kCreate;
  if (name == "UPDATE") return Operation::kUpdate;
  return name == "DELETE" ? Operation::kDelete : Operation::kOther;
}

/// Of the object itself: with generateName the request does not know the name yet.
ObjectKey key_of(const json::object& request, const json::value& object) {
  ObjectKey key{kube::string_at(request, "namespace"), kube::string_at(request, "name")};
  const auto* const whole = object.if_object();
  const auto* const metadata = whole == nullptr ? nullptr : kube::object_at(*whole, "metadata");
  if (metadata == nullptr) return key;
  if (auto name = kube::string_at(*metadata, "name"); !name.empty()) key.name = std::move(name);
  if (auto name = kube::string_at(*metadata, "namespace"); !name.empty()) key.namespace_ = std::move(name);
  return key;
}

json::value member(const json::object& in, std::string_view name) {
  const auto* const found = in.if_contains({name.data(), name.size()});
  return found == nullptr ? json::value() : *found;
}

std::string_view reason_of(int code) {
  if (code == 403) return "Forbidden";
  return code == 400 ? "BadRequest" : "InternalError";
}

json::object response_of(const std::string& uid, const Verdict& verdict) {
  json::object status{{"metadata", json::object()}, {"code", verdict.code}};
  if (!verdict.allowed) {
    status["status"] = "Failure";
    status["reason"] = reason_of(verdict.code);
    status["message"] = verdict.message;
  }
  json::object response{{"uid", uid}, {"allowed", verdict.allowed}, {"status", std::move(status)}};
  if (!verdict.warnings.empty()) response["warnings"] = json::array(verdict.warnings.begin(), verdict.warnings.end());
  return response;
}

}  // namespace

Verdict refused(std::string message) {
  return {.allowed = false, .code = 403, .message = std::move(message), .warnings = {}};
}

Verdict not_understood(std::string message) {
  return {.allowed = false, .code = 400, .message = std::move(message), .warnings = {}};
}

Verdict not_judged(std::string message) {
  return {.allowed = false, .code = 500, .message = std::move(message), .warnings = {}};
}

std::expected<Review, std::string> decode_review(std::string_view text) {
  const auto parsed = kube::parse_json(text);
  const auto* const whole = parsed ? parsed->if_object() : nullptr;
  if (whole == nullptr) return std::unexpected("the body is no JSON object");
  Review review;
  review.api_version = kube::string_at(*whole, "apiVersion");
  const auto version = std::string_view(review.api_version);
  const bool known = version == std::string(kGroup) + "v1" || version == std::string(kGroup) + "v1beta1";
  if (!known || kube::string_at(*whole, "kind") != "AdmissionReview") {
    return std::unexpected("expected an AdmissionReview of admission.k8s.io/v1 or v1beta1, found kind \"" +
                           kube::string_at(*whole, "kind") + "\" of \"" + review.api_version + "\"");
  }
  const auto* const request = kube::object_at(*whole, "request");
  if (request == nullptr) return std::unexpected("the AdmissionReview has no request");
  review.uid = kube::string_at(*request, "uid");
  review.operation = operation_named(kube::string_at(*request, "operation"));
  review.object = member(*request, "object");
  review.before = member(*request, "oldObject");
  review.key = key_of(*request, review.operation == Operation::kDelete ? review.before : review.object);
  return review;
}

std::string encode_answer(const Review& review, const Verdict& verdict) {
  return json::serialize(json::object{
      {"kind", "AdmissionReview"}, {"apiVersion", review.api_version}, {"response", response_of(review.uid, verdict)}});
}

std::string encode_answer(const Verdict& verdict) {
  return json::serialize(json::object{{"response", response_of({}, verdict)}});
}

}  // namespace metallb::admission
