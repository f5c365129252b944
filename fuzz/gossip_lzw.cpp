// The compression: any bytes, as what was compressed and as what is to be. No output exceeds its cap.
#include "base/contract.hpp"
#include "gossip/lzw.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace metallb::gossip;
  constexpr std::size_t kCap = 128 * 1024;
  const metallb::ByteView input(data, size);
  const auto plain = lzw_decompress(input, kCap);
  if (plain) {
    METALLB_CONTRACT(plain->size() <= kCap, "the output stays below its cap");
    METALLB_CONTRACT(lzw_decompress(lzw_compress(*plain), plain->size()) == *plain, "what was read survives a round trip");
    METALLB_CONTRACT(plain->empty() || lzw_decompress(input, plain->size() - 1).error() == LzwError::kTooLarge,
                     "the cap is exact");
  }
  METALLB_CONTRACT(lzw_decompress(lzw_compress(input), size) == metallb::Bytes(data, data + size),
                   "anything survives a round trip");
  return 0;
}
