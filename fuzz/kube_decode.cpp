// Decoders of API objects and of selector text: any input is read or refused, and what was read comes back unchanged.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/contract.hpp"
#include "kube/json.hpp"
#include "kube/objects/core.hpp"
#include "kube/objects/metallb.hpp"
#include "kube/selector.hpp"
#include "kube/timestamp.hpp"

namespace {

using namespace metallb;

template <class T>
void round_trip(std::string_view text) {
  const auto object = kube::decode_text<T>(text);
  if (!object) return;
  const auto again = kube::decode_text<T>(kube::encode_text(*object));
  METALLB_CONTRACT(again.has_value() && *again == *object, "what was read comes back unchanged");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  round_trip<kube::Service>(text);
  round_trip<kube::IPAddressPool>(text);
  round_trip<kube::EndpointSlice>(text);
  if (const auto selector = kube::Selector::parse(text)) {
    const auto again = kube::Selector::parse(selector->to_string());
    METALLB_CONTRACT(again.has_value() && *again == *selector, "a selector comes back from its text");
  }
  (void)kube::parse_time(text);
  return 0;
}
