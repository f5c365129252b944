#include "io/kube/write_outcome.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <utility>

namespace metallb::io {
namespace {

namespace json = boost::json;
using Reason = kube::WriteError::Reason;

constexpr std::size_t kShownOfBody = 200;  // bytes

/// A string member of an object; empty when there is none.
std::string text_at(const json::value& value, std::string_view name) {
  const auto* const object = value.if_object();
  const auto* const member = object != nullptr ? object->if_contains(name) : nullptr;
  const auto* const text = member != nullptr ? member->if_string() : nullptr;
  return text != nullptr ? std::string(*text) : std::string();
}

json::value parsed(std::string_view text) {
  json::error_code ignored;
  return json::parse({text.data(), text.size()}, ignored);  // null when it is no JSON
}

Reason reason_for(kube::Verb verb, int status, std::string_view stated) {
  switch (status) {
    case 401:
    case 403:
      return Reason::kForbidden;
    case 404:
      return Reason::kNotFound;
    case 409:
      return verb == kube::Verb::kCreate && stated != "Conflict" ? Reason::kAlreadyExists : Reason::kConflict;
    case 408:
    case 429:
      return Reason::kUnavailable;
    default:
      // The rest of 4xx says that the request itself is wrong (400, 405, 413, 415, 422): no use in saying it again.
      return status >= 400 && status < 500 ? Reason::kInvalid : Reason::kUnavailable;
  }
}

}  // namespace

std::expected<std::string, kube::WriteError> write_outcome(kube::Verb verb,
                                                           std::expected<KubeResponse, SystemError> answer) {
  if (!answer) return std::unexpected(kube::WriteError{Reason::kUnavailable, answer.error().to_string()});
  if (answer->status >= 200 && answer->status < 300) return std::move(answer->body);
  const auto status = parsed(answer->body);
  auto message = text_at(status, "message");
  if (message.empty())
    message = "HTTP status " + std::to_string(answer->status) + ": " + answer->body.substr(0, kShownOfBody);
  return std::unexpected(kube::WriteError{reason_for(verb, answer->status, text_at(status, "reason")), std::move(message)});
}

std::string uid_of(std::string_view object) {
  const auto value = parsed(object);
  const auto* const members = value.if_object();
  const auto* const metadata = members != nullptr ? members->if_contains("metadata") : nullptr;
  return metadata != nullptr ? text_at(*metadata, "uid") : std::string();
}

}  // namespace metallb::io
