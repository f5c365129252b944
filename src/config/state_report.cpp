#include "config/state_report.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "base/cut.hpp"
#include "kube/json.hpp"
#include "kube/timestamp.hpp"

namespace metallb::config {
namespace {

constexpr const char* kComponentLabel = "metallb.io/component-type";
constexpr const char* kNodeLabel = "metallb.io/node-name";
constexpr const char* kReconciled = "Reconciled";
constexpr const char* kReconciledWithWarnings = "ReconciledWithWarnings";
constexpr const char* kConfigurationError = "ConfigurationError";
constexpr const char* kInfraError = "InfraError";
constexpr auto kPatience = std::chrono::seconds(30);
/// maxLength of a condition's message in the CustomResourceDefinition.
constexpr std::size_t kLongestMessage = 32'768;

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += (out.empty() ? "" : "\n") + line;
  return out;
}

/// Of everybody's conditions (controller spec 3.7; 8.1 row 19: a condition that is False for any reason is not valid).
void conclude(kube::ConfigurationStateStatus& status) {
  status.result = status.conditions.empty() ? "Unknown" : "Valid";
  std::vector<std::string> messages;
  for (const auto& condition : status.conditions) {
    if (condition.status == "True") continue;
    if (condition.status == "False") {
      status.result = "Invalid";
    } else if (status.result == "Valid") {
      status.result = "Unknown";
    }
    if (!condition.message.empty()) messages.push_back(condition.message);
  }
  status.errorSummary = joined(messages);
}

boost::json::object json(const kube::OwnerReference& owner) {
  boost::json::object out{{"apiVersion", owner.apiVersion}, {"kind", owner.kind}, {"name", owner.name}, {"uid", owner.uid}};
  if (owner.controller) out["controller"] = *owner.controller;
  if (owner.blockOwnerDeletion) out["blockOwnerDeletion"] = *owner.blockOwnerDeletion;
  return out;
}

std::string status_patch(const kube::ConfigurationStateStatus& status) {
  boost::json::array conditions;
  for (const auto& condition : status.conditions) {
    boost::json::object out{{"type", condition.type},
                            {"status", condition.status},
                            {"reason", condition.reason},
                            {"message", condition.message},
                            {"lastTransitionTime", condition.lastTransitionTime}};
    if (condition.observedGeneration) out["observedGeneration"] = *condition.observedGeneration;
    conditions.push_back(std::move(out));
  }
  return boost::json::serialize(boost::json::object{
      {"status",
       {{"result", status.result}, {"errorSummary", status.errorSummary}, {"conditions", std::move(conditions)}}}});
}

}  // namespace

StateReport::Options StateReport::controller(std::string namespace_) {
  return {.key = {std::move(namespace_), "controller"},
          .labels = {{kComponentLabel, "controller"}},
          .condition = "poolReconcilerValid",
          .pod_name = {},
          .pod_uid = {}};
}

StateReport::Options StateReport::speaker(std::string namespace_, const std::string& node) {
  return {.key = {std::move(namespace_), "speaker-" + node},
          .labels = {{kComponentLabel, "speaker"}, {kNodeLabel, node}},
          .condition = "configReconcilerValid",
          .pod_name = {},
          .pod_uid = {}};
}

void StateReport::on_input(Now now, const Input& in, Output&) {
  if (const auto* change = std::get_if<kube::Change<kube::ConfigurationState>>(&in)) {
    if (const auto* upserted = std::get_if<kube::Upserted<kube::ConfigurationState>>(change)) {
      if (upserted->object->metadata.key() != options_.key) return;
    }
    store_.apply(*change);
    due_ = true;
  } else if (const auto* conclusion = std::get_if<Conclusion>(&in)) {
    due_ |= conclusion_ != *conclusion;
    conclusion_ = *conclusion;
  } else if (const auto* unreadable = std::get_if<Unreadable>(&in)) {
    hear(now, *unreadable);
  } else if (const auto* warnings = std::get_if<Warnings>(&in)) {
    due_ |= warnings_ != *warnings;
    warnings_ = *warnings;
  } else if (const auto* mandate = std::get_if<Mandate>(&in)) {
    mandate_ = mandate->held;
    if (!mandate_) {  // what is in force then is for others to tell
      conclusion_.reset();
      warnings_ = {};
    }
    due_ = true;
  } else {
    finished(now, std::get<kube::WriteDone>(in));
  }
}

void StateReport::on_time(Now now, Output& out) {
  if (next_deadline() > now.steady) return;
  due_ = false;
  for (auto& [resource, trouble] : unreadable_) trouble.told |= trouble.told_from <= now.steady;
  if (auto write = next_write(now.wall)) {
    write->id = ActionId(++last_id_);
    writing_ = true;
    out.push_back(*std::move(write));
  }
}

SteadyPoint StateReport::next_deadline() const {
  if (!mandate_ || writing_ || !store_.listed()) return kIdle;
  if (due_) return not_before_;
  auto out = kIdle;
  for (const auto& [resource, trouble] : unreadable_) {
    if (!trouble.told) out = std::min(out, std::max(trouble.told_from, not_before_));
  }
  return out;
}

void StateReport::hear(Now now, const Unreadable& in) {
  const auto known = unreadable_.find(in.resource);
  if (in.cause.empty()) {
    if (known == unreadable_.end()) return;
    due_ |= known->second.told;
    unreadable_.erase(known);
  } else if (known == unreadable_.end()) {
    unreadable_.emplace(in.resource, Trouble{in.cause, now.steady + kPatience});
  } else if (!known->second.told) {
    known->second.cause = in.cause;  // a cause that changes later is no reason to write again
  }
}

std::optional<kube::Write> StateReport::next_write(WallPoint now) const {
  const auto object = store_.get(options_.key);
  const auto* resource = &kube::resource_of<kube::ConfigurationState>();
  if (!object) {
    kube::ConfigurationState fresh;
    fresh.metadata.namespace_ = options_.key.namespace_;
    fresh.metadata.name = options_.key.name;
    fresh.metadata.labels = options_.labels;
    if (!options_.pod_uid.empty()) fresh.metadata.ownerReferences.push_back(own_pod());
    return kube::Write{{}, kube::Verb::kCreate, resource, options_.key, "", kube::encode_text(fresh), ""};
  }
  if (auto write = metadata_write(*object)) return write;
  const auto status = wanted_status(*object, now);
  if (status == object->status) return std::nullopt;
  return kube::Write{
      {}, kube::Verb::kMergePatch, resource, options_.key, "status", status_patch(status), object->metadata.uid};
}

kube::OwnerReference StateReport::own_pod() const {
  return {.apiVersion = "v1",
          .kind = "Pod",
          .name = options_.pod_name,
          .uid = options_.pod_uid,
          .controller = std::nullopt,
          .blockOwnerDeletion = std::nullopt};
}

/// All labels are ours; of the owners only our own pod is looked after, foreign ones stay (controller spec 3.7).
std::optional<kube::Write> StateReport::metadata_write(const kube::ConfigurationState& object) const {
  boost::json::object metadata;
  if (object.metadata.labels != options_.labels) {
    auto& labels = metadata["labels"].emplace_object();
    for (const auto& [name, value] : object.metadata.labels) labels[name] = nullptr;
    for (const auto& [name, value] : options_.labels) labels[name] = value;
  }
  const auto& owners = object.metadata.ownerReferences;
  const auto ours = [&](const auto& owner) { return owner.uid == options_.pod_uid; };
  if (!options_.pod_uid.empty() && std::none_of(owners.begin(), owners.end(), ours)) {
    auto& list = metadata["ownerReferences"].emplace_array();
    for (const auto& owner : owners) list.push_back(json(owner));
    list.push_back(json(own_pod()));
  }
  if (metadata.empty()) return std::nullopt;
  return kube::Write{{},
                     kube::Verb::kMergePatch,
                     &kube::resource_of<kube::ConfigurationState>(),
                     options_.key,
                     "",
                     boost::json::serialize(boost::json::object{{"metadata", std::move(metadata)}}),
                     object.metadata.uid};
}

kube::ConfigurationStateStatus StateReport::wanted_status(const kube::ConfigurationState& object, WallPoint now) const {
  auto out = object.status;
  std::vector<std::string> unreadable;
  for (const auto& [resource, trouble] : unreadable_) {
    if (trouble.told) unreadable.push_back("infrastructure error: cannot read " + resource + ": " + trouble.cause);
  }
  if (conclusion_ || !unreadable.empty()) {
    auto found = std::find_if(out.conditions.begin(), out.conditions.end(),
                              [&](const auto& condition) { return condition.type == options_.condition; });
    if (found == out.conditions.end()) found = out.conditions.insert(found, kube::Condition{});
    const bool good = !conclusion_ || conclusion_->problems.empty();
    const std::string verdict = !good ? "False" : unreadable.empty() ? "True" : "Unknown";
    if (found->status != verdict) found->lastTransitionTime = kube::format_time(now);
    found->type = options_.condition;
    found->status = verdict;
    if (!good) {
      found->reason = kConfigurationError;
      unreadable.insert(unreadable.begin(), "configuration error: " + joined(conclusion_->problems));
      found->message = cut(joined(unreadable), kLongestMessage);
    } else if (!unreadable.empty()) {
      found->reason = kInfraError;
      found->message = cut(joined(unreadable), kLongestMessage);
    } else if (!warnings_.texts.empty()) {
      // They wait until nothing is wrong: the message of a False condition is the user's list of errors (errorSummary).
      found->reason = kReconciledWithWarnings;
      found->message = cut("warning: " + joined(warnings_.texts), kLongestMessage);
    } else {
      found->reason = kReconciled;
      found->message.clear();
    }
  }
  conclude(out);
  return out;
}

void StateReport::finished(Now now, const kube::WriteDone& done) {
  if (!writing_ || done.id != ActionId(last_id_)) return;
  writing_ = false;
  due_ = true;  // the next step, or a look whether all is as it should be
  if (done.result) {
    pause_.reset();
    refused_ = false;
    not_before_ = SteadyPoint::min();
    if (auto object = kube::decode_text<kube::ConfigurationState>(*done.result)) {
      // A new object is known from here on, whatever the watch shows first.
      auto state = std::make_shared<const kube::ConfigurationState>(*std::move(object));
      if (!store_.get(options_.key)) store_.apply(kube::Upserted<kube::ConfigurationState>{state});
      store_.apply_write(std::move(state));
    }
    return;
  }
  not_before_ = now.steady + pause_.next();
  using Reason = kube::WriteError::Reason;
  const auto reason = done.result.error().reason;
  // It was made or unmade meanwhile: the watch will show it.
  if (reason == Reason::kAlreadyExists || reason == Reason::kGone) return;
  if (std::exchange(refused_, true)) return;
  log_.warn({{"op", "reportConfigurationState"},
             {"object", options_.key.to_string()},
             {"error", done.result.error().message},
             {"msg", "failed to write the ConfigurationState, will try again"}});
}

}  // namespace metallb::config
