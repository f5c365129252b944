// How long a ping waits for its ack, from a liveness thread on the loopback, while the main thread decodes the list of
// 10,000 Services over and over, in pages, as kube::ListWatch gets them; and what would become of it without a thread of
// its own, in the loop that decodes. Pings are sealed; a third thread sends 500 a second.
// Budget: 5 ms in the worst case, without real-time priority (design section 3). The last columns are what the main thread
// did meanwhile: complete lists, and its longest page.
//
//   bench_liveness_latency [seconds per row, default 10]
#include <sched.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "io/thread.hpp"
#include "liveness/decoding.hpp"
#include "liveness/member.hpp"
#include "liveness/pings.hpp"
#include "liveness/service_pages.hpp"

namespace {

using namespace metallb;
using namespace metallb::bench;
namespace asio = boost::asio;

/// Who answers. The thread has real-time priority where that is permitted, unless it is taken away: then it runs as where it
/// is not permitted.
enum class Answers : std::uint8_t { kThread, kRealTimeThread, kMainLoop };

/// Measures one situation, and prints its row. Without `pages` the main thread waits for nothing.
void row(const char* title, Answers answers, const std::vector<std::string>* pages, int seconds, const char* remark = "") {
  asio::io_context loop(1);
  const auto work = asio::make_work_guard(loop);
  std::unique_ptr<MemberThread> thread;
  std::optional<InOneLoop> in_one_loop;
  if (answers == Answers::kMainLoop) {
    in_one_loop.emplace(loop);
  } else {
    thread = start_thread(loop);
    const auto number = thread_number();
    const sched_param ordinary{};
    if (answers == Answers::kThread) {
      if (sched_setscheduler(number, SCHED_OTHER, &ordinary) != 0) fail("the thread's priority cannot be lowered");
      io::take_short_slices(number);
    } else if (sched_getscheduler(number) != SCHED_FIFO) {
      std::printf("%-38s not permitted here\n", title);
      return;
    }
  }
  std::optional<Decoding> decoding;
  if (pages != nullptr) decoding.emplace(loop, *pages);
  const auto count = static_cast<std::size_t>(std::chrono::seconds(seconds) / kPingInterval);
  Pings pings(count);
  std::thread pinging([&] {
    pings.run();
    loop.stop();
  });
  loop.run();
  pinging.join();

  const auto waits = pings.waits();
  if (waits.empty()) fail("no ping was answered");
  std::printf("%-38s%9.3f%9.3f%9.3f%6zu", title, waits[waits.size() / 2].count(), waits[waits.size() * 99 / 100].count(),
              waits.back().count(), count - waits.size());
  if (decoding) std::printf("%7d%9.1f", decoding->lists(), decoding->longest_page().count());
  std::printf("%s\n", remark);
  (void)std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  int seconds = 10;
  const std::string_view argument = argc == 2 ? argv[1] : "";
  const bool bad = argc == 2 && (std::from_chars(argument.begin(), argument.end(), seconds).ptr != argument.end() ||
                                 seconds < 1 || seconds > 3600);
  if (argc > 2 || bad) fail("usage: bench_liveness_latency [seconds per row, 1 to 3600]");
  const auto list = service_pages();
  std::size_t size = 0;
  for (const auto& page : list) size += page.size();
  std::printf("%d Services, %.1f MB in %zu pages; %d pings a second for %d s; %u processors; times in ms\n", kServices,
              static_cast<double>(size) / 1e6, list.size(), static_cast<int>(std::chrono::seconds(1) / kPingInterval),
              seconds, std::thread::hardware_concurrency());
  std::printf("%-38s%9s%9s%9s%6s%7s%9s\n", "from ping to ack", "median", "99 %", "worst", "lost", "lists", "page");
  row("liveness thread, main thread idle", Answers::kThread, nullptr, seconds);
  row("liveness thread, main thread decodes", Answers::kThread, &list, seconds, "   <- budget: worst at most 5");
  row("the same with real-time priority", Answers::kRealTimeThread, &list, seconds);
  row("no thread: in the loop that decodes", Answers::kMainLoop, &list, seconds);
  return 0;
}
