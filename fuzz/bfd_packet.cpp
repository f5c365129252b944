// BFD control and echo packets: any bytes. What is read must survive being written and read again.
#include "base/contract.hpp"
#include "bfd/packet.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace metallb::bfd;
  auto packet = decode_control({data, size});
  if (packet) {
    packet->authenticated = false;  // never written
    METALLB_CONTRACT(decode_control(encode_control(*packet)) == packet, "a control packet survives a round trip");
  } else {
    METALLB_CONTRACT(!to_string(packet.error()).empty(), "every fault has a name");
  }
  if (const auto echo = decode_echo({data, size})) {
    METALLB_CONTRACT(decode_echo(encode_echo(*echo)) == echo, "an echo packet survives a round trip");
  }
  return 0;
}
