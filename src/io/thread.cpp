#include "io/thread.hpp"

#include <pthread.h>
#include <sched.h>

#include <csignal>
#include <utility>

namespace metallb::io {
namespace {

/// The lowest real-time priority: above all ordinary work, below whatever an administrator ranks higher.
constexpr int kRealTimePriority = 1;

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
    (void)pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority);
    body();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace metallb::io
