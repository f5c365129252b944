#include "bfd/error.hpp"

#include <numeric>

namespace metallb::bfd {
namespace {

struct Names {
  std::string_view label;
  std::string_view text;
};

constexpr std::array<Names, kFaults> kFaultNames{{
    {"truncated", "the packet ends before its own length"},
    {"version", "the version is not 1"},
    {"length", "the length is less than that of a control packet"},
    {"detect_mult", "the detection multiplier is 0"},
    {"multipoint", "the multipoint bit is set"},
    {"my_discriminator", "the sender's discriminator is 0"},
    {"your_discriminator", "no receiver's discriminator, although the sender says that the session is not down"},
    {"unknown_session", "no session is configured with this sender"},
    {"stale_session", "it answers an earlier session of this node: its sender has not heard the new one"},
    {"wrong_interface", "it came in on another interface than that of its session"},
    {"authentication", "it is authenticated: switch authentication off at the sender"},
    {"time_to_live", "its time to live is too low: it came over more hops than its session allows"},
    {"admin_down", "its session is switched off at this end"},
    {"echo_malformed", "an echo packet that cannot be read"},
    {"echo_unknown", "an echo packet that belongs to no session that is up"},
    {"echo_stale", "an echo packet that came back too late, or twice"},
    {"echo_unwanted", "an echo packet that its sender was not offered"},
}};

}  // namespace

std::uint64_t FaultCounters::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

std::string_view to_string(Fault fault) {
  return kFaultNames[std::to_underlying(fault)].text;
}

std::string_view label(Fault fault) {
  return kFaultNames[std::to_underlying(fault)].label;
}

}  // namespace metallb::bfd
