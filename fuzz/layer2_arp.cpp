// ARP frames: any bytes. What is read must survive being written and read again.
#include "base/contract.hpp"
#include "layer2/arp_packet.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace metallb::layer2;
  const auto packet = decode_arp({data, size});
  if (packet) METALLB_CONTRACT(decode_arp(encode_arp(*packet)) == packet, "an ARP packet survives a round trip");
  return 0;
}
