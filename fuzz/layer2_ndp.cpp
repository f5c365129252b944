// Neighbour solicitations and advertisements: any bytes, once as they are and once with a checksum put right, which chance
// would hardly find.
#include <algorithm>

#include "base/contract.hpp"
#include "layer2/ndp_packet.hpp"

namespace {

using namespace metallb;

void check(ByteView frame) {
  if (const auto a = layer2::decode_advertisement(frame)) {
    METALLB_CONTRACT(a->source.is_v6() && a->destination.is_v6() && a->target.is_v6(), "an advertisement is all IPv6");
    METALLB_CONTRACT(!a->target.is_multicast(), "nobody is a group");
  }
  const auto s = layer2::decode_solicitation(frame);
  if (!s) return;
  METALLB_CONTRACT(s->source.is_v6() && s->destination.is_v6() && s->target.is_v6(), "a solicitation is all IPv6");
  METALLB_CONTRACT(!s->target.is_multicast(), "nobody asks for a group");
  METALLB_CONTRACT(!s->is_duplicate_probe() || !s->source_link_layer, "a probe has no source link-layer address");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check({data, size});
  constexpr std::size_t kMessage = 54;
  if (size < kMessage + 4) return 0;
  Bytes frame(data, data + size);
  const auto length = std::min<std::size_t>(static_cast<std::size_t>(frame[18]) * 256 + frame[19], size - kMessage);
  if (length < 4) return 0;
  ByteReader addresses(ByteView(frame).subspan(22));
  const auto source = IpAddress::v6(addresses.array<16>());
  const auto destination = IpAddress::v6(addresses.array<16>());
  frame[kMessage + 2] = frame[kMessage + 3] = 0;
  const auto sum = layer2::icmpv6_checksum(source, destination, ByteView(frame).subspan(kMessage, length));
  frame[kMessage + 2] = static_cast<std::uint8_t>(sum >> 8);
  frame[kMessage + 3] = static_cast<std::uint8_t>(sum);
  check(frame);
  return 0;
}
