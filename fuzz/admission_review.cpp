// What an API server, or whoever else reaches the listener, sends to the webhooks.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "admission/conversion.hpp"
#include "admission/judge.hpp"
#include "base/contract.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)metallb::admission::answer_conversion(text);
  const auto review = metallb::admission::decode_review(text);
  if (!review) return 0;
  for (const auto& webhook : metallb::admission::webhooks()) {
    auto verdict = metallb::admission::judge_alone(webhook, *review, "metallb-system");
    if (!verdict) verdict = metallb::admission::judge(webhook, *review, {});
    METALLB_CONTRACT(verdict->allowed == (verdict->code == 200), "a verdict and its code agree");
    (void)metallb::admission::listings(webhook, *review, "metallb-system");
    (void)metallb::admission::encode_answer(*review, *verdict);
  }
  return 0;
}
