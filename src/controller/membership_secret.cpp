#include "controller/membership_secret.hpp"

#include <boost/json.hpp>
#include <optional>

#include "kube/json.hpp"
#include "kube/json_text.hpp"
#include "kube/resource.hpp"

namespace metallb::controller {
namespace {

/// Bodies of refusals go to the log, but not whole.
constexpr std::size_t kLoggedBody = 200;

std::string text_of(const Answer& answer) {
  const auto body = answer.body.substr(0, kLoggedBody);
  return answer.status == 0 ? body : "HTTP status " + std::to_string(answer.status) + ": " + body;
}

/// Of a list; nothing when it is none.
std::optional<std::size_t> items_in(const std::string& body) {
  const auto list = kube::parse_json(body);
  const auto* object = list ? list->if_object() : nullptr;
  const auto* items = object == nullptr ? nullptr : object->if_contains("items");
  if (items == nullptr || !(items->is_array() || items->is_null())) return std::nullopt;
  return items->is_null() ? 0 : items->get_array().size();
}

/// Empty when the answer is no object with a uid.
std::string uid_in(const std::string& body) {
  const auto parsed = kube::parse_json(body);
  const auto* object = parsed ? parsed->if_object() : nullptr;
  const auto* metadata = object == nullptr ? nullptr : kube::object_at(*object, "metadata");
  return metadata == nullptr ? std::string() : kube::string_at(*metadata, "uid");
}

bool worth_another_try(const Answer& answer) {
  return answer.status == 0 || answer.status == 429 || answer.status >= 500;
}

}  // namespace

void MembershipSecret::on_time(Now now, Output& out) {
  if (now.steady < due_) return;
  due_ = kIdle;
  step_ = Step::kLook;
  out.emplace_back(ListSecret{options_.secret});
}

void MembershipSecret::on_input(Now now, const Input& in, Output& out) {
  std::visit([&](const auto& outcome) { take(now, outcome, out); }, in);
}

void MembershipSecret::take(Now now, const Answer& answer, Output& out) {
  if (step_ == Step::kLook) {
    if (answer.status != 200) return try_again(now, "it cannot be looked for: " + text_of(answer));
    const auto found = items_in(answer.body);
    if (!found) return try_again(now, "it cannot be looked for: the answer is no list");
    if (*found > 0) {
      step_ = Step::kDone;
      return;
    }
    return find_owner(out);
  }
  if (step_ != Step::kFindOwner) return;
  if (worth_another_try(answer)) return try_again(now, "Deployment " + options_.deployment + ": " + text_of(answer));
  const auto uid = answer.status == 200 ? uid_in(answer.body) : std::string();
  if (uid.empty()) {
    log_.warn({{"op", "createMemberListSecret"},
               {"deployment", options_.deployment},
               {"error", text_of(answer)},
               {"msg",
                "the membership's secret gets no owner and stays when the Deployment goes: does --deployment name one "
                "of this namespace, and may it be read?"}});
  }
  make(uid, out);
}

void MembershipSecret::take(Now now, const kube::WriteDone& done, Output& /*out*/) {
  if (step_ != Step::kMake) return;
  using Reason = kube::WriteError::Reason;
  // Another replica was quicker; its value is as good.
  if (!done.result && done.result.error().reason != Reason::kAlreadyExists)
    return try_again(now, done.result.error().message);
  step_ = Step::kDone;
  log_.info({{"op", "createMemberListSecret"},
             {"secret", options_.secret.name},
             {"msg", done.result ? "the membership's secret was made" : "the membership's secret is there"}});
}

void MembershipSecret::find_owner(Output& out) {
  if (options_.deployment.empty()) return make({}, out);
  step_ = Step::kFindOwner;
  out.emplace_back(ReadDeployment{{options_.secret.namespace_, options_.deployment}});
}

void MembershipSecret::make(const std::string& owner_uid, Output& out) {
  step_ = Step::kMake;
  boost::json::object metadata{{"name", options_.secret.name}, {"namespace", options_.secret.namespace_}};
  if (!owner_uid.empty()) {
    metadata["ownerReferences"] = boost::json::array{boost::json::object{
        {"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", options_.deployment}, {"uid", owner_uid}}};
  }
  const boost::json::object secret{{"apiVersion", "v1"},
                                   {"kind", "Secret"},
                                   {"metadata", std::move(metadata)},
                                   {"stringData", boost::json::object{{"secretkey", options_.value}}}};
  out.emplace_back(kube::Write{.id = ActionId(1),
                               .verb = kube::Verb::kCreate,
                               .resource = &kube::resource_of<kube::Secret>(),
                               .key = options_.secret,
                               .subresource = {},
                               .body = boost::json::serialize(secret),
                               .uid = {}});
}

void MembershipSecret::try_again(Now now, const std::string& error) {
  due_ = now.steady + pause_.next();
  log_.error({{"op", "createMemberListSecret"},
              {"secret", options_.secret.name},
              {"error", error},
              {"msg",
               "the membership's secret is not made yet, and speakers that mount it do not start; it is tried again. "
               "The controller's Role must allow to list and create Secrets of its namespace"}});
}

}  // namespace metallb::controller
