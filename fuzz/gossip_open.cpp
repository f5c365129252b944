// Sealed packets and streams: any bytes as they arrive, and any bytes inside a proper seal of either version.
#include "base/contract.hpp"
#include "gossip/packet.hpp"
#include "gossip/stream.hpp"

namespace {

using namespace metallb;
using namespace metallb::gossip;

const KeyRing& ring() {
  static const KeyRing kRing{{derive_key(Bytes{'o', 'l', 'd'}), derive_key(Bytes{'n', 'e', 'w'})}};
  return kRing;
}

void arrives(ByteView data) {
  const auto opened = open(ring(), data, {});
  const auto refused = decode_packet(data, ring());
  METALLB_CONTRACT(opened.plain || refused.messages.empty(), "what does not open says nothing");
  (void)decode_packet(data, ring(), Plaintext::kAccepted);
  for (const auto plaintext : {Plaintext::kRefused, Plaintext::kAccepted}) {
    StreamReader reader(plaintext);
    reader.receive(data, ring());
    reader.finish();
    METALLB_CONTRACT(reader.done() != data.empty(), "a stream that ended has an outcome");
  }
}

void is_sealed(ByteView content) {
  auto sealed = seal(ring().keys.back(), {}, content, {});
  const auto opened = open(ring(), sealed, {});
  METALLB_CONTRACT(opened.plain && *opened.plain == Bytes(content.begin(), content.end()), "what was sealed is opened");
  METALLB_CONTRACT(decode_packet(sealed, ring()).messages == decode_packet(content, {}).messages,
                   "the seal changes nothing");
  sealed[0] = 0;  // its version, which is not authenticated: now the end of the content is taken for padding
  const auto padded = open(ring(), sealed, {});
  METALLB_CONTRACT(padded.plain ? padded.plain->size() < content.size() : padded.error == SealError::kPadding,
                   "padding is removed or missed");
  sealed.back() ^= 1;
  METALLB_CONTRACT(open(ring(), sealed, {}).error == SealError::kWrongKey, "what was changed does not open");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  arrives({data, size});
  is_sealed({data, size});
  return 0;
}
