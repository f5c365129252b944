#include "apiserver/error.hpp"

namespace metallb::apiserver {
namespace {

std::string quoted(std::string_view text) {
  return json::serialize(json::value(text));
}

/// "services" or "ipaddresspools.metallb.io".
std::string qualified(std::string_view name, std::string_view group) {
  return group.empty() ? std::string(name) : std::string(name) + "." + std::string(group);
}

/// kubectl shows the causes, others the message: both say it.
std::string left_out_text(const Causes& causes) {
  return std::to_string(causes.left_out()) + " more that are not listed";
}

Error about(const Kind& kind, std::string_view name, int code, std::string reason, std::string_view text) {
  return {.code = code,
          .reason = std::move(reason),
          .message = qualified(kind.plural, kind.group) + " " + quoted(name) + std::string(text),
          .group = std::string(kind.group),
          .kind = std::string(kind.plural),
          .name = std::string(name),
          .causes = {}};
}

Error plain(int code, std::string reason, std::string message) {
  return {.code = code,
          .reason = std::move(reason),
          .message = std::move(message),
          .group = {},
          .kind = {},
          .name = {},
          .causes = {}};
}

}  // namespace

void Causes::push_back(Cause cause) {
  if (full()) return leave_out(1);
  text_ += cause.field.size() + cause.message.size();
  kept_.push_back(std::move(cause));
}

void Causes::add(const Causes& more) {
  for (const auto& cause : more) push_back(cause);
  leave_out(more.left_out_);
}

Cause invalid_value(std::string field, const json::value& value, std::string_view detail) {
  return {"FieldValueInvalid", std::move(field), "Invalid value: " + to_text(value) + ": " + std::string(detail)};
}

Cause general_cause(std::string_view detail) {
  return {"FieldValueInvalid", "<nil>", "Invalid value: \"\": " + std::string(detail)};
}

Cause required_value(std::string field, std::string_view detail) {
  return {"FieldValueRequired", std::move(field),
          detail.empty() ? "Required value" : "Required value: " + std::string(detail)};
}

Cause unsupported_value(std::string field, std::string_view value, const std::vector<std::string>& supported) {
  std::string text = "Unsupported value: " + quoted(value) + ": supported values: ";
  for (std::size_t i = 0; i < supported.size(); ++i) text += (i == 0 ? "" : ", ") + quoted(supported[i]);
  return {"FieldValueNotSupported", std::move(field), std::move(text)};
}

Cause forbidden_value(std::string field, std::string_view detail) {
  return {"FieldValueForbidden", std::move(field), "Forbidden: " + std::string(detail)};
}

Cause duplicate_value(std::string field, const json::value& value) {
  return {"FieldValueDuplicate", std::move(field), "Duplicate value: " + json::serialize(value)};
}

json::object Error::to_status() const {
  json::object details;
  if (!name.empty()) details["name"] = name;
  if (!group.empty()) details["group"] = group;
  if (!kind.empty()) details["kind"] = kind;
  if (!causes.empty()) {
    json::array list;
    const auto add = [&list](const Cause& cause) {
      list.emplace_back(json::object{{"reason", cause.reason}, {"message", cause.message}, {"field", cause.field}});
    };
    for (const auto& cause : causes) add(cause);
    if (causes.left_out() > 0) add(general_cause(left_out_text(causes)));
    details["causes"] = std::move(list);
  }
  json::object status{{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", json::object{}},
                      {"status", "Failure"}, {"message", message}, {"reason", reason}};
  if (!details.empty()) status["details"] = std::move(details);
  status["code"] = code;
  return status;
}

Error not_found(const Kind& kind, std::string_view name) {
  return about(kind, name, 404, "NotFound", " not found");
}

Error no_such_resource() {
  return plain(404, "NotFound", "the server could not find the requested resource");
}

Error already_exists(const Kind& kind, std::string_view name) {
  return about(kind, name, 409, "AlreadyExists", " already exists");
}

Error conflict(const Kind& kind, std::string_view name, std::string_view detail) {
  auto error = about(kind, name, 409, "Conflict", ": " + std::string(detail));
  error.message = "Operation cannot be fulfilled on " + error.message;
  return error;
}

Error stale(const Kind& kind, std::string_view name) {
  return conflict(kind, name, "the object has been modified; please apply your changes to the latest version and try again");
}

Error invalid(const Kind& kind, std::string_view name, Causes causes) {
  std::string text;
  for (const auto& cause : causes) text += (text.empty() ? "" : ", ") + cause.field + ": " + cause.message;
  if (causes.left_out() > 0) text += ", and " + left_out_text(causes);
  if (std::next(causes.begin()) != causes.end()) text = "[" + text + "]";
  return {.code = 422,
          .reason = "Invalid",
          .message = qualified(kind.kind, kind.group) + " " + quoted(name) + " is invalid: " + text,
          .group = std::string(kind.group),
          .kind = std::string(kind.kind),
          .name = std::string(name),
          .causes = std::move(causes)};
}

Error bad_request(std::string message) {
  return plain(400, "BadRequest", std::move(message));
}

Error forbidden(const Kind& kind, std::string_view name, std::string_view detail) {
  return about(kind, name, 403, "Forbidden", " is forbidden: " + std::string(detail));
}

Error unauthorized() {
  return plain(401, "Unauthorized", "Unauthorized");
}

Error method_not_allowed() {
  return plain(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
}

Error unsupported_media_type(std::string message) {
  return plain(415, "UnsupportedMediaType", std::move(message));
}

Error too_large(std::string message) {
  return plain(413, "RequestEntityTooLarge", std::move(message));
}

Error expired(std::string message) {
  return plain(410, "Expired", std::move(message));
}

Error unprocessable(std::string message) {
  return plain(422, "Invalid", std::move(message));
}

}  // namespace metallb::apiserver
