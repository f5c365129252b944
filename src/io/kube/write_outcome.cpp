#include "io/kube/write_outcome.hpp"

#include <boost/json/value.hpp>
#include <optional>
#include <utility>

#include "kube/json_text.hpp"

namespace metallb::io {
namespace {

namespace json = boost::json;
using Reason = kube::WriteError::Reason;

constexpr std::size_t kShownOfBody = 200;  // bytes

/// A string member of the Status object that refusals have as their body; empty when there is none.
std::string text_at(const std::optional<json::value>& status, std::string_view name) {
  const auto* const members = status ? status->if_object() : nullptr;
  return members != nullptr ? kube::string_at(*members, name) : std::string();
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
  const auto status = kube::parse_json(answer->body);
  auto message = text_at(status, "message");
  if (message.empty())
    message = "HTTP status " + std::to_string(answer->status) + ": " + answer->body.substr(0, kShownOfBody);
  return std::unexpected(kube::WriteError{reason_for(verb, answer->status, text_at(status, "reason")), std::move(message)});
}

std::string uid_of(std::string_view object) {
  const auto value = kube::parse_json(object);
  return value ? uid_of(*value) : std::string();
}

std::string uid_of(const json::value& object) {
  const auto* const members = object.if_object();
  const auto* const metadata = members != nullptr ? kube::object_at(*members, "metadata") : nullptr;
  return metadata != nullptr ? kube::string_at(*metadata, "uid") : std::string();
}

}  // namespace metallb::io
