#include "admission/judge.hpp"

#include <algorithm>

#include "admission/findings.hpp"
#include "config/advice.hpp"
#include "kube/json_text.hpp"

namespace metallb::admission {
namespace {

namespace json = boost::json;
using Errors = std::vector<config::ConfigError>;

/// The API server cuts off what exceeds 4096 characters; what is wrong elsewhere must not crowd out the rest.
constexpr std::size_t kMostOldErrors = 3;

const json::value* at(const json::value& object, std::string_view outer, std::string_view inner = {}) {
  const auto* const whole = object.if_object();
  const auto* const found = whole == nullptr ? nullptr : whole->if_contains({outer.data(), outer.size()});
  return found == nullptr || inner.empty() ? found : at(*found, inner);
}

/// Null, empty and absent are the same to the API.
bool same(const json::value* a, const json::value* b) {
  const auto missing = [](const json::value* value) {
    return value == nullptr || value->is_null() || (value->is_object() && value->get_object().empty());
  };
  return missing(a) || missing(b) ? missing(a) && missing(b) : *a == *b;
}

bool being_deleted(const json::value& object) {
  return !same(at(object, "metadata", "deletionTimestamp"), nullptr);
}

/// Nothing that the rules look at is changed: who labels or annotates an object that was wrong before need not mend it.
bool means_the_same(const Review& review) {
  return review.operation == Operation::kUpdate && same(at(review.object, "spec"), at(review.before, "spec")) &&
         same(at(review.object, "metadata", "labels"), at(review.before, "metadata", "labels"));
}

/// The object was wrong already. What else is wrong with it now does not matter: it was not in force.
bool known_wrong(const Errors& known, const config::ConfigError& error) {
  return std::any_of(known.begin(), known.end(),
                     [&](const auto& other) { return other.kind == error.kind && other.key == error.key; });
}

std::string joined(const Errors& errors) {
  std::string text;
  for (const auto& error : errors) text += (text.empty() ? "" : "\n") + error.to_string();
  return text;
}

/// Rule F4. The profile's own namespace has been looked at by now.
Verdict judge_deletion(const Review& review, const config::Resources& stored) {
  for (const auto& peer : stored.bgp_peers) {
    if (peer->spec.bfdProfile != review.key.name) continue;
    return refused("failed to delete BFDProfile " + review.key.name + ", used by BGPPeer " + peer->metadata.name +
                   ": remove its bfdProfile first");
  }
  return {};
}

/// The stored objects without and with the incoming one.
struct Change {
  config::Resources before;
  config::Resources after;
};

/// What the change breaks among the objects of its kind, and what is wrong with the incoming object itself.
Errors faults(const Change& change, std::string_view kind, const ObjectKey& key) {
  const auto known = errors_of(without_references(change.before));
  auto errors = errors_of(without_references(change.after));
  std::erase_if(errors, [&](const auto& error) {
    return error.kind != kind || error.transient || (error.key != key && known_wrong(known, error));
  });
  return errors;
}

/// Everything else that is worth a word, in the order in which it concerns the author.
struct Remarks {
  std::vector<std::string> own;     ///< what the incoming object misses
  std::vector<std::string> caused;  ///< what the change breaks elsewhere
  std::vector<std::string> old;     ///< what was broken before
};

void add_once(std::vector<std::string>& texts, std::string text) {
  if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(std::move(text));
}

/// What is found when `kept` are looked at as well.
void remark(const Change& change, const Kept& kept, std::string_view kind, const ObjectKey& key, Remarks& out) {
  const auto known = errors_of(without_references(change.before, kept));
  for (const auto& error : errors_of(without_references(change.after, kept))) {
    if (error.kind == kind && error.key == key) {
      add_once(out.own, error.to_string());
    } else if (!known_wrong(known, error)) {
      add_once(out.caused, "this change breaks " + error.to_string());
    } else {
      add_once(out.old, "already wrong before: " + error.to_string());
    }
  }
}

std::vector<std::string> remarks(const Change& change, const Webhook& webhook, const ObjectKey& key) {
  const auto& kind = resource_of(webhook.kind).kind;
  const bool aliases = std::find(webhook.inputs.begin(), webhook.inputs.end(), Kind::kCommunity) != webhook.inputs.end();
  Remarks found;
  remark(change, {.bfd_profiles = webhook.kind == Kind::kPeer, .aliases = aliases, .secret_of = {}}, kind, key, found);
  // One at a time, since each object tells its first error only.
  if (webhook.kind == Kind::kPeer) {
    remark(change, {.bfd_profiles = false, .aliases = false, .secret_of = key.name}, kind, key, found);
  }
  if (found.old.size() > kMostOldErrors) found.old.resize(kMostOldErrors);
  auto out = std::move(found.own);
  out.insert(out.end(), found.caused.begin(), found.caused.end());
  out.insert(out.end(), found.old.begin(), found.old.end());
  return out;
}

/// What may not do what its author means.
struct Adviser {
  config::Advice advice;

  std::vector<std::string> operator()(const std::shared_ptr<const kube::IPAddressPool>& pool) const {
    auto out = advice.on_pool(*pool);
    for (auto& text : config::advice_on_fields(pool->spec)) out.push_back(std::move(text));
    return out;
  }
  std::vector<std::string> operator()(const std::shared_ptr<const kube::L2Advertisement>& object) const {
    return advice.on_pools_of(object->spec);
  }
  std::vector<std::string> operator()(const std::shared_ptr<const kube::BGPAdvertisement>& object) const {
    auto out = advice.on_pools_of(object->spec);
    for (auto& text : advice.on_peers_of(object->spec)) out.push_back(std::move(text));
    return out;
  }
  std::vector<std::string> operator()(const std::shared_ptr<const kube::BGPPeer>& peer) const {
    return config::advice_on_fields(peer->spec);
  }
  std::vector<std::string> operator()(const auto&) const { return {}; }
};

}  // namespace

std::optional<Verdict> judge_alone(const Webhook& webhook, const Review& review, const std::string& namespace_) {
  const bool ours = review.key.namespace_ == namespace_;
  const auto& kind = resource_of(webhook.kind).kind;
  switch (review.operation) {
    case Operation::kCreate:
      if (!ours) return refused("resource must be created in " + namespace_ + " namespace: no other one is looked at");
      break;
    case Operation::kUpdate:
      // Refusing would keep an object that is of no use from being labelled, released by its finalizers, and deleted.
      if (!ours) {
        Verdict verdict;
        verdict.warnings.push_back(std::string(kind) + " " + review.key.to_string() + " " +
                                   config::advice_elsewhere(namespace_));
        return verdict;
      }
      if (being_deleted(review.object)) return Verdict();
      break;
    case Operation::kDelete:
      // deviation: a profile elsewhere is nobody's, whatever its name (controller spec 7.12, tW20).
      if (webhook.kind != Kind::kBfdProfile || !ours) return Verdict();
      return std::nullopt;
    case Operation::kOther:
      return Verdict();
  }
  if (const auto object = decode_object(webhook.kind, review.object); !object) {
    return not_understood(std::string(kind) + " " + review.key.to_string() + ": " + object.error().to_string());
  }
  return std::nullopt;
}

Verdict judge(const Webhook& webhook, const Review& review, const config::Resources& stored) {
  if (review.operation == Operation::kDelete) return judge_deletion(review, stored);
  const auto object = decode_object(webhook.kind, review.object);
  if (!object) return not_understood(object.error().to_string());
  Change change{.before = stored, .after = stored};
  put(change.after, *object);
  const auto& kind = resource_of(webhook.kind).kind;
  const auto wrong = faults(change, kind, review.key);
  if (!wrong.empty() && !means_the_same(review)) return refused(joined(wrong));

  Verdict verdict;
  verdict.warnings = remarks(change, webhook, review.key);
  const auto advice = std::visit(Adviser{config::Advice(change.after)}, *object);
  verdict.warnings.insert(verdict.warnings.begin(), advice.begin(), advice.end());
  return verdict;
}

}  // namespace metallb::admission
