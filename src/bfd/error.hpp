// What can be wrong with a received BFD packet. RFC 5880, Section 6.8.6 wants the same done in every case: the packet is
// discarded, and the session that it was for is as if it had not come. So these are for counters and the log.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace metallb::bfd {

enum class Fault : std::uint8_t {
  // of a control packet, in the order of the checks (bgp spec 4.13)
  kTruncated,          ///< ends before its own length
  kVersion,            ///< other than 1
  kLength,             ///< length field below that of the mandatory section, or of the authentication section it promises
  kDetectMult,         ///< 0
  kMultipoint,         ///< the M bit, reserved
  kMyDiscriminator,    ///< 0
  kYourDiscriminator,  ///< 0, although the sender says that it has heard us
  kUnknownSession,     ///< no session has this discriminator, or these addresses
  kStaleSession,       ///< nor has one of this node now: the sender is one of ours, and answers an earlier session
  kWrongInterface,     ///< the session is bound to another interface
  kAuthentication,     ///< the A bit; BFDProfile knows no authentication
  kTimeToLive,         ///< below what a packet of this session arrives with
  kAdminDown,          ///< the session is switched off at this end
  // of an echo packet
  kEchoMalformed,  ///< neither one of ours nor small enough to be sent back
  kEchoUnknown,    ///< nobody's: neither sent by us, nor by a peer whose session is up
  kEchoStale,      ///< ours, but answered already, or sent before echo was switched off
  kEchoUnwanted,   ///< a peer's, but we do not return echo packets, or not that many
};
inline constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::kEchoUnwanted) + 1;

/// Packets discarded, by Fault.
class FaultCounters {
 public:
  void count(Fault fault) { ++counts_[std::to_underlying(fault)]; }
  [[nodiscard]] std::uint64_t operator[](Fault fault) const { return counts_[std::to_underlying(fault)]; }
  [[nodiscard]] std::uint64_t total() const;

 private:
  std::array<std::uint64_t, kFaults> counts_{};
};

/// In a few words, for log lines: "wrong version".
[[nodiscard]] std::string_view to_string(Fault fault);
/// For the label of a metric: "version".
[[nodiscard]] std::string_view label(Fault fault);

}  // namespace metallb::bfd
