#include "io/thread.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <utility>

namespace metallb::io {
namespace {

/// The lowest real-time priority: above all ordinary work, below whatever an administrator ranks higher.
constexpr int kRealTimePriority = 1;
/// Nanoseconds; the shortest that the kernel takes. The default is some milliseconds.
constexpr std::uint64_t kShortSlice = 100'000;

/// As sched_setattr(2) wants it; glibc has neither this nor the call.
struct SchedulingAttributes {
  std::uint32_t size;
  std::uint32_t policy;
  std::uint64_t flags;
  std::int32_t nice;
  std::uint32_t priority;
  std::uint64_t runtime;
  std::uint64_t deadline;
  std::uint64_t period;
};
static_assert(sizeof(SchedulingAttributes) == 48);

}  // namespace

std::thread start_quick_thread(std::string name, std::function<void()> body) {
  // Signals are the main thread's: a new thread inherits the mask.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread([name = std::move(name), body = std::move(body)] {
    pthread_setname_np(pthread_self(), name.c_str());
    // Only where it is permitted; every budget holds without it (design section 3).
    const sched_param priority{.sched_priority = kRealTimePriority};
    if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority) != 0) take_short_slices();
    body();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

void take_short_slices(pid_t thread) {
  SchedulingAttributes attributes{};
  if (::syscall(SYS_sched_getattr, thread, &attributes, sizeof(attributes), 0U) != 0) return;
  if (attributes.policy != SCHED_OTHER) return;
  // For an ordinary thread this is the length of its turns; its nice value stays what it was.
  attributes.runtime = kShortSlice;
  (void)::syscall(SYS_sched_setattr, thread, &attributes, 0U);
}

}  // namespace metallb::io
