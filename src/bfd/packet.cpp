#include "bfd/packet.hpp"

#include <algorithm>
#include <utility>

#include "base/contract.hpp"

namespace metallb::bfd {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kLargestDiagnostic = 31;
/// RFC 5880, Section 4.1: with the A bit the authentication section has a type and a length at least.
constexpr std::size_t kLengthWithAuthentication = kControlLength + 2;

constexpr std::uint8_t kPoll = 0x20;
constexpr std::uint8_t kFinal = 0x10;
constexpr std::uint8_t kControlPlaneIndependent = 0x08;
constexpr std::uint8_t kAuthenticationPresent = 0x04;
constexpr std::uint8_t kDemand = 0x02;
constexpr std::uint8_t kMultipoint = 0x01;

constexpr std::uint32_t kEchoMark = 0x4D4C4245;  // "MLBE"

/// Fills an array of known size from front to back.
template <std::size_t N>
class ArrayWriter {
 public:
  ArrayWriter& u8(std::uint8_t v) {
    bytes_[position_++] = v;
    return *this;
  }
  ArrayWriter& u32(std::uint32_t v) {
    for (int shift = 24; shift >= 0; shift -= 8) u8(static_cast<std::uint8_t>(v >> shift));
    return *this;
  }
  /// What was not written is zero.
  [[nodiscard]] std::array<std::uint8_t, N> take() const { return bytes_; }

 private:
  std::array<std::uint8_t, N> bytes_{};
  std::size_t position_ = 0;
};

std::uint8_t flags_of(const ControlPacket& packet) {
  std::uint8_t flags = 0;
  if (packet.poll) flags |= kPoll;
  if (packet.final) flags |= kFinal;
  if (packet.control_plane_independent) flags |= kControlPlaneIndependent;
  if (packet.demand) flags |= kDemand;
  return flags;
}

}  // namespace

std::string_view to_string(State state) {
  constexpr std::array<std::string_view, 4> kNames{"admin down", "down", "init", "up"};
  return kNames[std::to_underlying(state)];
}

std::string_view to_string(Diagnostic diagnostic) {
  constexpr std::array<std::string_view, 9> kNames{"none",
                                                   "control detection time expired",
                                                   "echo function failed",
                                                   "neighbour signalled session down",
                                                   "forwarding plane reset",
                                                   "path down",
                                                   "concatenated path down",
                                                   "administratively down",
                                                   "reverse concatenated path down"};
  const auto value = std::to_underlying(diagnostic);
  return value < kNames.size() ? kNames[value] : "reserved";
}

// RFC 5880, Section 6.8.6, in its order.
std::expected<ControlPacket, Fault> decode_control(ByteView payload) {
  ByteReader in(payload);
  const auto first = in.u8();
  const auto flags = in.u8();
  ControlPacket packet;
  packet.detect_mult = in.u8();
  const std::size_t length = in.u8();
  if (!in.ok()) return std::unexpected(Fault::kTruncated);

  if (first >> 5 != kVersion) return std::unexpected(Fault::kVersion);
  packet.authenticated = (flags & kAuthenticationPresent) != 0;
  if (length < (packet.authenticated ? kLengthWithAuthentication : kControlLength)) return std::unexpected(Fault::kLength);
  if (length > payload.size()) return std::unexpected(Fault::kTruncated);
  if (packet.detect_mult == 0) return std::unexpected(Fault::kDetectMult);
  if ((flags & kMultipoint) != 0) return std::unexpected(Fault::kMultipoint);

  packet.diagnostic = static_cast<Diagnostic>(first & kLargestDiagnostic);
  packet.state = static_cast<State>(flags >> 6);
  packet.poll = (flags & kPoll) != 0;
  packet.final = (flags & kFinal) != 0;
  packet.control_plane_independent = (flags & kControlPlaneIndependent) != 0;
  packet.demand = (flags & kDemand) != 0;
  packet.mine = Discriminator(in.u32());
  packet.yours = Discriminator(in.u32());
  packet.desired_min_tx = Interval(in.u32());
  packet.required_min_rx = Interval(in.u32());
  packet.required_min_echo_rx = Interval(in.u32());

  if (packet.mine == kNoDiscriminator) return std::unexpected(Fault::kMyDiscriminator);
  const bool down = packet.state == State::kDown || packet.state == State::kAdminDown;
  if (packet.yours == kNoDiscriminator && !down) return std::unexpected(Fault::kYourDiscriminator);
  return packet;
}

ControlBytes encode_control(const ControlPacket& packet) {
  METALLB_CONTRACT(packet.mine != kNoDiscriminator, "every session has a discriminator");
  METALLB_CONTRACT(packet.detect_mult != 0, "a detection multiplier is at least 1");
  METALLB_CONTRACT(!packet.authenticated, "there is no authentication to send");
  ArrayWriter<kControlLength> out;
  out.u8(static_cast<std::uint8_t>(kVersion << 5 | std::to_underlying(packet.diagnostic)));
  out.u8(static_cast<std::uint8_t>(std::to_underlying(packet.state) << 6 | flags_of(packet)));
  out.u8(packet.detect_mult).u8(kControlLength);
  out.u32(packet.mine.value()).u32(packet.yours.value());
  out.u32(packet.desired_min_tx.count()).u32(packet.required_min_rx.count()).u32(packet.required_min_echo_rx.count());
  return out.take();
}

std::optional<EchoPacket> decode_echo(ByteView payload) {
  ByteReader in(payload);
  if (in.u32() != kEchoMark) return std::nullopt;
  EchoPacket packet;
  packet.discriminator = Discriminator(in.u32());
  packet.secret = in.u32();
  packet.sequence = in.u32();
  const auto rest = in.take(kEchoLength - in.position());
  if (!in.ok() || std::any_of(rest.begin(), rest.end(), [](auto b) { return b != 0; })) return std::nullopt;
  return packet;
}

EchoBytes encode_echo(const EchoPacket& packet) {
  ArrayWriter<kEchoLength> out;
  out.u32(kEchoMark).u32(packet.discriminator.value()).u32(packet.secret).u32(packet.sequence);
  return out.take();
}

}  // namespace metallb::bfd
