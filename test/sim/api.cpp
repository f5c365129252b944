#include "sim/api.hpp"

#include <boost/json.hpp>
#include <optional>
#include <type_traits>

#include "kube/json.hpp"
#include "kube/merge_patch.hpp"

namespace metallb::sim {
namespace {

using Reason = kube::WriteError::Reason;
using namespace std::chrono_literals;

/// How long a client waits for an answer that does not come.
constexpr Duration kGivenUp = 2s;

kube::WriteDone failed(const kube::Write& write, Reason reason, std::string message) {
  return {write.id, std::unexpected(kube::WriteError{reason, std::move(message)})};
}

}  // namespace

void Api::set_available(bool available) {
  if (available_ == available) return;
  available_ = available;
  if (!available) return;
  std::apply(
      [](auto&... kinds) {
        const auto tell_all = [](auto& kind) {
          for (auto* listener : kind.listeners) listener->available_again();
        };
        (tell_all(kinds), ...);
      },
      kinds_);
}

void Api::write(kube::Write write, Duration delay, std::function<void(kube::WriteDone)> done) {
  timeline_.after(delay, [this, write = std::move(write), delay, done = std::move(done)]() mutable {
    const auto give_up = [&] {
      timeline_.after(kGivenUp, [write, done] { done(failed(write, Reason::kUnavailable, "no answer")); });
    };
    if (!available_) return give_up();
    timeline_.after(delay, [this, write, result = carry_out(write), done = std::move(done)]() mutable {
      if (available_) return done(std::move(result));
      // It was done, but the client cannot know.
      timeline_.after(kGivenUp, [write, done] { done(failed(write, Reason::kUnavailable, "no answer")); });
    });
  });
}

kube::WriteDone Api::carry_out(const kube::Write& write) {
  const auto& kind = write.resource->kind;
  if (kind == "Service") return carry_out_on<kube::Service>(write);
  if (kind == "IPAddressPool") return carry_out_on<kube::IPAddressPool>(write);
  if (kind == "ServiceL2Status") return carry_out_on<kube::ServiceL2Status>(write);
  return failed(write, Reason::kForbidden, "nobody writes " + std::string(kind));
}

template <class T>
kube::WriteDone Api::carry_out_on(const kube::Write& write) {
  auto& kind = of<T>();
  auto key = write.key;
  if (write.verb == kube::Verb::kCreate) {
    auto object = kube::decode_text<T>(write.body);
    if (!object) return failed(write, Reason::kInvalid, object.error().to_string());
    // A status is written through its subresource only.
    object->status = {};
    if (object->metadata.name.empty()) {
      object->metadata.name = object->metadata.generateName + std::to_string(++generated_);
    }
    key = object->metadata.key();
    if (kind.objects.contains(key)) return failed(write, Reason::kAlreadyExists, "it exists");
    put(std::move(*object));
    return {write.id, kube::encode_text(*kind.objects.at(key))};
  }
  const auto found = kind.objects.find(key);
  if (found == kind.objects.end()) return failed(write, Reason::kNotFound, "not found");
  const auto& before = *found->second;
  if (!write.uid.empty() && write.uid != before.metadata.uid) return failed(write, Reason::kGone, "another object");
  if (write.verb == kube::Verb::kDelete) {
    remove<T>(key);
    return {write.id, std::string()};
  }
  auto json = kube::encode(before);
  kube::apply_merge_patch(json, boost::json::parse(write.body));
  auto changed = kube::decode<T>(json);
  if (!changed) return failed(write, Reason::kInvalid, changed.error().to_string());
  if (write.subresource != "status") {
    changed->status = before.status;
  } else if constexpr (std::is_same_v<T, kube::Service>) {
    changed->spec = before.spec;
  } else {
    auto status = std::move(changed->status);
    *changed = before;
    changed->status = std::move(status);
  }
  if (*changed != before) put(std::move(*changed));
  return {write.id, kube::encode_text(*kind.objects.at(key))};
}

}  // namespace metallb::sim
