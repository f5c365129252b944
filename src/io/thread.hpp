// A thread whose answers must come quickly: its own name, no signals, and real-time priority where that is permitted.
#pragma once

#include <functional>
#include <string>
#include <thread>

namespace metallb::io {

/// Runs `body` in a new thread called `name` (15 characters at most). Signals stay with the threads that there are.
[[nodiscard]] std::thread start_quick_thread(std::string name, std::function<void()> body);

}  // namespace metallb::io
