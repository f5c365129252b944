// Requests of every shape against one embedded API server: nothing may crash, and every request gets exactly one answer.
//
// Input: requests separated by a byte 0xFF; each is "METHOD target[\ncontent-type[\nbody]]".
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "apiserver/instance.hpp"

namespace {

namespace api = metallb::apiserver;

/// Cuts up to `separator` off the front of `text`.
std::string_view cut(std::string_view& text, char separator) {
  const auto at = std::min(text.find(separator), text.size());
  const auto out = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  metallb::Now now{metallb::SteadyPoint(std::chrono::hours(1)), metallb::WallPoint(std::chrono::seconds(1'790'000'000))};
  api::Options options;
  options.watch_window = 4;
  api::Instance instance(options, now);
  std::uint64_t id = 0;
  while (!rest.empty()) {
    auto text = cut(rest, '\xff');
    api::Request request;
    request.id = api::RequestId(++id);
    request.method = std::string(cut(text, ' '));
    request.target = std::string(cut(text, '\n'));
    request.headers["content-type"] = std::string(cut(text, '\n'));
    request.body = std::string(text);
    api::Output out;
    instance.on_input(now, request, out);
    const auto answers = std::ranges::count_if(out, [&](const api::Action& action) {
      const auto* answer = std::get_if<api::Respond>(&action);
      const auto* stream = std::get_if<api::OpenStream>(&action);
      return (answer != nullptr && answer->id == request.id) || (stream != nullptr && stream->id == request.id);
    });
    if (answers != 1) std::abort();
    now.steady += std::chrono::seconds(7);
    for (int i = 0; i < 100 && instance.next_deadline() <= now.steady; ++i) instance.on_time(now, out);
  }
  return 0;
}
