#include "admission/conversion.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "admission/peer_versions.hpp"
#include "kube/json_text.hpp"

namespace metallb::admission {
namespace {

namespace json = boost::json;

std::expected<json::array, std::string> converted_objects(const json::object& request) {
  const auto wanted = kube::string_at(request, "desiredAPIVersion");
  const auto* const found = request.if_contains("objects");
  const auto* const objects = found == nullptr ? nullptr : found->if_array();
  if (objects == nullptr) return std::unexpected("the request has no list of objects");
  json::array out;
  out.reserve(objects->size());
  for (const auto& object : *objects) {
    auto converted = convert_peer(object, wanted);
    if (!converted) return std::unexpected(std::move(converted).error());
    out.push_back(*std::move(converted));
  }
  return out;
}

}  // namespace

std::expected<std::string, std::string> answer_conversion(std::string_view text) {
  const auto parsed = kube::parse_json(text);
  const auto* const review = parsed ? parsed->if_object() : nullptr;
  if (review == nullptr) return std::unexpected("the body is no JSON object");
  const auto version = kube::string_at(*review, "apiVersion");
  const bool known = version == "apiextensions.k8s.io/v1" || version == "apiextensions.k8s.io/v1beta1";
  if (!known || kube::string_at(*review, "kind") != "ConversionReview") {
    return std::unexpected("expected a ConversionReview of apiextensions.k8s.io/v1 or v1beta1, found kind \"" +
                           kube::string_at(*review, "kind") + "\" of \"" + version + "\"");
  }
  const auto* const request = kube::object_at(*review, "request");
  if (request == nullptr) return std::unexpected("the ConversionReview has no request");
  json::object response{{"uid", kube::string_at(*request, "uid")}, {"convertedObjects", json::array()}};
  if (auto objects = converted_objects(*request)) {
    response["convertedObjects"] = *std::move(objects);
    response["result"] = {{"status", "Success"}};
  } else {
    response["result"] = {{"status", "Failure"}, {"message", objects.error()}};
  }
  return json::serialize(
      json::object{{"kind", "ConversionReview"}, {"apiVersion", version}, {"response", std::move(response)}});
}

}  // namespace metallb::admission
