#include "config/bfd_profiles.hpp"

#include "config/problem.hpp"

namespace metallb::config {
namespace {

constexpr const char* kProfileKind = "BFDProfile";

/// A number of a profile: what it may be, and where it goes.
struct Bounds {
  const char* field;
  const std::optional<std::int32_t>& value;
  std::int32_t minimum;
  std::int32_t maximum;
};

Checked<void> check(const Bounds& bounds) {
  if (!bounds.value || (*bounds.value >= bounds.minimum && *bounds.value <= bounds.maximum)) return {};
  const std::string field = bounds.field;
  return std::unexpected(Problem{"spec." + field, "invalid " + field + " value " + std::to_string(*bounds.value),
                                 "choose a number from " + std::to_string(bounds.minimum) + " to " +
                                     std::to_string(bounds.maximum) + ", or leave it out"});
}

template <class To>
std::optional<To> converted(const std::optional<std::int32_t>& value) {
  if (!value) return std::nullopt;
  return To(*value);
}

Checked<BfdProfile> build_profile(const kube::BFDProfile& object) {
  using std::chrono::milliseconds;
  const auto& spec = object.spec;
  if (object.metadata.name.empty()) {
    return std::unexpected(Problem{"metadata.name", "missing bfd profile name", "give the profile a name"});
  }
  for (const auto& bounds :
       {Bounds{"receiveInterval", spec.receiveInterval, 10, 60'000},
        Bounds{"transmitInterval", spec.transmitInterval, 10, 60'000},
        Bounds{"detectMultiplier", spec.detectMultiplier, 2, 255}, Bounds{"echoInterval", spec.echoInterval, 10, 60'000},
        Bounds{"minimumTtl", spec.minimumTtl, 1, 254}}) {
    if (auto checked = check(bounds); !checked) return std::unexpected(checked.error());
  }
  return BfdProfile{.name = object.metadata.name,
                    .receive_interval = converted<milliseconds>(spec.receiveInterval),
                    .transmit_interval = converted<milliseconds>(spec.transmitInterval),
                    .echo_interval = converted<milliseconds>(spec.echoInterval),
                    .detect_multiplier = converted<std::uint8_t>(spec.detectMultiplier),
                    .minimum_ttl = converted<std::uint8_t>(spec.minimumTtl),
                    .echo_mode = spec.echoMode.value_or(false),
                    .passive_mode = spec.passiveMode.value_or(false)};
}

}  // namespace

BfdProfiles build_bfd_profiles(const Objects<kube::BFDProfile>& profiles, std::vector<ConfigError>& errors) {
  BfdProfiles out;
  for (const auto& object : profiles) {
    auto profile = build_profile(*object);
    if (profile && !out.emplace(profile->name, *profile).second) {
      profile = std::unexpected(Problem{"metadata.name", "found duplicate bfd profile name " + quoted(profile->name),
                                        "rename one of the two profiles"});
    }
    if (!profile) errors.push_back(blame(kProfileKind, *object, profile.error()));
  }
  return out;
}

}  // namespace metallb::config
