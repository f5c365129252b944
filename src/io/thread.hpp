// A thread whose answers must come quickly: its own name, no signals, real-time priority where that is permitted, and
// otherwise short turns on the processor.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <thread>

namespace metallb::io {

/// Runs `body` in a new thread called `name` (15 characters at most). Signals stay with the threads that there are.
[[nodiscard]] std::thread start_quick_thread(std::string name, std::function<void()> body);

/// Makes an ordinary thread (0: the caller) ask the scheduler for short turns. It has as much of the processor as before,
/// but gets it soon after it wakes, also while a busy thread is in the middle of a long turn. Linux 6.12; without effect
/// before.
void take_short_slices(pid_t thread = 0);

}  // namespace metallb::io
