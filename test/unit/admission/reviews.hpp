// Short ways to ask a webhook in the tests of admission/: objects as JSON text, as users write them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "admission/judge.hpp"
#include "kube/json_text.hpp"

// The tables name only what matters to a row.
#pragma clang diagnostic ignored "-Wmissing-designated-field-initializers"

namespace metallb::admission {

inline constexpr const char* kOurs = "metallb-system";
inline constexpr const char* kPools = "/validate-metallb-io-v1beta1-ipaddresspool";
inline constexpr const char* kLayer2 = "/validate-metallb-io-v1beta1-l2advertisement";
inline constexpr const char* kBgp = "/validate-metallb-io-v1beta1-bgpadvertisement";
inline constexpr const char* kPeers = "/validate-metallb-io-v1beta2-bgppeer";
inline constexpr const char* kProfiles = "/validate-metallb-io-v1beta1-bfdprofile";
inline constexpr const char* kCommunities = "/validate-metallb-io-v1beta1-community";

struct Stored {
  Kind kind;
  std::string name;
  std::string spec;
};

inline boost::json::value object(const std::string& name, const std::string& spec, const std::string& in = kOurs) {
  const auto parsed = kube::parse_json(R"({"metadata":{"name":")" + name + R"(","namespace":")" + in + R"("},"spec":)" +
                                       (spec.empty() ? "{}" : spec) + "}");
  EXPECT_TRUE(parsed) << spec;
  return parsed.value_or(boost::json::value());
}

inline config::Resources resources(const std::vector<Stored>& stored) {
  config::Resources out;
  for (const auto& each : stored) {
    auto json = object(each.name, each.spec);
    if (each.kind == Kind::kNode) json.as_object()["metadata"].as_object()["namespace"] = "";
    const auto decoded = decode_object(each.kind, json);
    EXPECT_TRUE(decoded) << each.name;
    if (decoded) put(out, *decoded);
  }
  return out;
}

/// The webhook's verdict, by way of judge_alone() and judge().
inline Verdict ask(const char* path, const Review& review, const std::vector<Stored>& stored = {}) {
  const auto* const webhook = webhook_at(path);
  EXPECT_NE(webhook, nullptr);
  if (auto verdict = judge_alone(*webhook, review, kOurs)) return *verdict;
  return judge(*webhook, review, resources(stored));
}

inline Review creation(const std::string& name, const std::string& spec, const std::string& in = kOurs) {
  return {.uid = "u", .operation = Operation::kCreate, .key = {in, name}, .object = object(name, spec, in)};
}
inline Review update(const std::string& name, const std::string& before, const std::string& after,
                     const std::string& in = kOurs) {
  return {.uid = "u",
          .operation = Operation::kUpdate,
          .key = {in, name},
          .object = object(name, after, in),
          .before = object(name, before, in)};
}
inline Review deletion(const std::string& name, const std::string& in = kOurs) {
  return {.uid = "u", .operation = Operation::kDelete, .key = {in, name}, .object = {}, .before = object(name, "{}", in)};
}

/// All warnings as one text.
inline std::string warnings(const Verdict& verdict) {
  std::string out;
  for (const auto& warning : verdict.warnings) out += warning + "\n";
  return out;
}

}  // namespace metallb::admission
