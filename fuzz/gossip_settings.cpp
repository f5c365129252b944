// The memberlist configuration file and Go's durations: any text is read or refused with a reason, within the limits.
#include <string_view>

#include "base/contract.hpp"
#include "base/go_duration.hpp"
#include "gossip/settings.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace metallb::gossip;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto settings = parse_settings(text)) {
    METALLB_CONTRACT(settings->probe_interval.count() >= 0 && settings->probe_interval <= kMaximumDuration, "within limits");
    METALLB_CONTRACT(settings->suspicion_mult >= 0 && settings->suspicion_mult <= kMaximumMultiplier, "within limits");
    METALLB_CONTRACT(settings->awareness_max_multiplier >= 1, "within limits");
    METALLB_CONTRACT(settings->ring.minimum_burst <= settings->ring.maximum_burst, "within limits");
  } else {
    METALLB_CONTRACT(!settings.error().empty(), "a refusal has a reason");
  }
  if (const auto duration = metallb::parse_go_duration(text)) {
    METALLB_CONTRACT(metallb::parse_go_duration(metallb::go_duration(*duration)) == *duration,
                     "a duration comes back from its text");
  } else {
    METALLB_CONTRACT(!duration.error().empty(), "a refusal has a reason");
  }
  return 0;
}
