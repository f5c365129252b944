// Streams of the membership protocol, in plaintext: the first byte is the size of the pieces in which the rest comes.
// However it is cut, the outcome is the same, and what is read must survive being written and read again.
#include <algorithm>

#include "base/contract.hpp"
#include "gossip/stream.hpp"

namespace {

using namespace metallb;
using namespace metallb::gossip;

StreamReader read(ByteView data, std::size_t piece) {
  StreamReader reader;
  for (std::size_t at = 0; at < data.size() && !reader.done(); at += piece) {
    reader.receive(data.subspan(at, std::min(piece, data.size() - at)), {});
  }
  reader.finish();
  return reader;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView stream(data + 1, size - 1);
  const auto whole = read(stream, std::max<std::size_t>(stream.size(), 1));
  METALLB_CONTRACT(whole.done() != stream.empty(), "a stream that ended has an outcome");
  const auto pieces = read(stream, std::max<std::size_t>(data[0], 1));
  METALLB_CONTRACT(whole.message() == pieces.message(), "pieces do not matter");
  METALLB_CONTRACT(whole.fault().has_value() == pieces.fault().has_value(), "pieces do not matter");
  if (whole.fault()) {
    METALLB_CONTRACT(whole.fault()->reason == pieces.fault()->reason, "pieces do not matter");
    return 0;
  }
  if (!whole.message()) return 0;
  for (const bool compress : {false, true}) {
    const auto bytes = encode_stream(*whole.message(), {.compress = compress}, {}, {});
    METALLB_CONTRACT(read(bytes, bytes.size()).message() == whole.message(), "a message survives a round trip");
  }
  return 0;
}
