// The list/watch machine fed with arbitrary pages, lines and endings. The first byte of each line of the input chooses
// what it is; a driver's rules (one request under way, nothing after StopWatch) are kept.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "kube/list_watch.hpp"

namespace {

using namespace metallb;
using namespace metallb::kube;
using Machine = ListWatch<Service>;

class Driver {
 public:
  void step(std::string_view line) {
    if (line.empty()) return;
    const char choice = line.front();
    line.remove_prefix(1);
    if (state_ == State::kListing) {
      give(list_watch::ListAnswered{choice == 'e' ? 500 : choice == 'g' ? 410 : choice == 'x' ? 0 : 200, line});
    } else if (state_ == State::kOpening && choice == 'o') {
      state_ = State::kOpen;
      give(list_watch::WatchOpened{});
    } else if (state_ != State::kNone && (choice == 'e' || choice == 'g' || choice == 'x')) {
      state_ = State::kNone;
      give(list_watch::WatchEnded{choice == 'e' ? 200 : choice == 'g' ? 410 : 0, line});
    } else if (state_ == State::kOpen) {
      give(list_watch::WatchLine{line});
    }
    now_ += std::chrono::seconds(1);
    Machine::Output out;
    machine_.on_time({now_, {}}, out);
    take(out);
  }

 private:
  enum class State : std::uint8_t { kNone, kListing, kOpening, kOpen };

  void give(const list_watch::Input& input) {
    if (std::holds_alternative<list_watch::ListAnswered>(input)) state_ = State::kNone;
    Machine::Output out;
    machine_.on_input({now_, {}}, input, out);
    take(out);
  }
  void take(const Machine::Output& out) {
    for (const auto& action : out.actions) {
      if (std::holds_alternative<list_watch::StartList>(action)) {
        state_ = State::kListing;
      } else if (std::holds_alternative<list_watch::StartWatch>(action)) {
        state_ = State::kOpening;
      } else {
        state_ = State::kNone;
      }
    }
  }

  Machine machine_{{}, Random(1), Log()};
  SteadyPoint now_{};
  State state_ = State::kNone;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Driver driver;
  driver.step("s");  // starts the first list
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    driver.step(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return 0;
}
