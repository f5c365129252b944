// Packets of the membership protocol, in plaintext: any bytes. The work is bounded, and what is read must survive being
// written and read again.
#include "base/contract.hpp"
#include "gossip/packet.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace metallb::gossip;
  const auto packet = decode_packet({data, size}, {});
  METALLB_CONTRACT(packet.messages.size() + packet.faults.size() <= kMaximumParts + 1, "the parts of a packet are bounded");
  METALLB_CONTRACT(!packet.messages.empty() || !packet.faults.empty(), "nothing is dropped without a reason");
  for (const auto& message : packet.messages) {
    const auto again = decode_packet(encode(message), {});
    METALLB_CONTRACT(again.messages == std::vector{message}, "a message survives a round trip");
  }
  std::vector<PacketMessage> read;
  for (const auto& bytes : encode_packets(packet.messages, {.compress = false, .crc = true}, {}, {})) {
    const auto again = decode_packet(bytes, {});
    METALLB_CONTRACT(again.faults.empty(), "what we send has no faults");
    read.insert(read.end(), again.messages.begin(), again.messages.end());
  }
  METALLB_CONTRACT(read == packet.messages, "messages survive being packed together");
  return 0;
}
