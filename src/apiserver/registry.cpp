#include "apiserver/registry.hpp"

#include "apiserver/definitions/definition.hpp"
#include "base/contract.hpp"

namespace metallb::apiserver {
namespace {

/// Versions of two lives of a server differ by far more than either counts.
std::uint64_t first_version(std::uint64_t seed) {
  return 1000 + (seed * 0x9E3779B97F4A7C15ULL >> 44) * 1'000'000;
}

const Kind& builtin_kind(std::string_view group, std::string_view name) {
  const auto* kind = find_builtin_kind(group, name);
  METALLB_CONTRACT(kind != nullptr, "compiled-in kinds are always there");
  return *kind;
}

}  // namespace

const Kind& namespace_kind() {
  static const Kind& kind = builtin_kind("", "Namespace");
  return kind;
}
const Kind& service_kind() {
  static const Kind& kind = builtin_kind("", "Service");
  return kind;
}
const Kind& event_kind() {
  static const Kind& kind = builtin_kind("", "Event");
  return kind;
}
const Kind& definition_kind() {
  static const Kind& kind = builtin_kind("apiextensions.k8s.io", "CustomResourceDefinition");
  return kind;
}

Registry::Registry(std::uint64_t seed, std::size_t watch_window, AllocationRanges ranges)
    : store_(first_version(seed), watch_window), services_(std::move(ranges), seed + 1), random_(seed + 2) {}

ObjectPointer Registry::put(const Kind& kind, const ObjectKey& key, json::object object) {
  const auto before = store_.get(kind, key);
  auto after = store_.put(kind, key, std::move(object));
  if (&kind == &service_kind()) services_.observe(key, before.get(), after.get());
  if (&kind == &definition_kind()) definitions_changed_ = true;
  return after;
}

ObjectPointer Registry::remove(const Kind& kind, const ObjectKey& key) {
  auto gone = store_.remove(kind, key);
  if (gone && &kind == &service_kind()) services_.observe(key, gone.get(), nullptr);
  if (&kind == &definition_kind()) definitions_changed_ = true;
  return gone;
}

void Registry::restore(const Kind& kind, const ObjectKey& key, json::object object) {
  store_.restore(kind, key, std::move(object));
  if (&kind == &service_kind()) services_.observe(key, nullptr, store_.get(kind, key).get());
  if (&kind == &definition_kind()) definitions_changed_ = true;
}

void Registry::withdraw_undefined() {
  for (const auto* kind : kinds_.kinds()) {
    if (!kind->custom) continue;
    const auto& name = kind->definition->name;
    if (!store_.get(definition_kind(), {"", name})) kinds_.withdraw(name);
  }
}

std::string Registry::make_uid() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
  for (auto& c : out) {
    if (c == 'x') c = kDigits[random_.below(16)];
    if (c == 'y') c = kDigits[8 + random_.below(4)];
  }
  return out;
}

std::string Registry::make_name(const Kind& kind, const std::string& namespace_, std::string prefix) {
  constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  constexpr std::size_t kLongestPrefix = 58;
  prefix.resize(std::min(prefix.size(), kLongestPrefix));
  while (true) {
    auto name = prefix;
    for (int i = 0; i < 5; ++i) name.push_back(kAlphabet[random_.below(kAlphabet.size())]);
    if (!store_.get(kind, {namespace_, name})) return name;
  }
}

}  // namespace metallb::apiserver
