#include "io/signals.hpp"

#include <csignal>
#include <cstdlib>

namespace metallb::io {

StopSignals::StopSignals(boost::asio::io_context& loop, std::function<void()> on_stop, Quit quit)
    : signals_(loop, SIGTERM, SIGINT), quit_(quit), on_stop_(std::move(on_stop)) {
  std::signal(SIGPIPE, SIG_IGN);
  if (quit_ == Quit::kStops) signals_.add(SIGQUIT);
  wait();
}

void StopSignals::end_at_once_from_now_on() const {
  const auto end = [](int signal) { std::signal(signal, [](int) { std::_Exit(EXIT_FAILURE); }); };
  end(SIGTERM);
  end(SIGINT);
  if (quit_ == Quit::kStops) end(SIGQUIT);
}

void StopSignals::release() {
  boost::system::error_code ignored;
  signals_.clear(ignored);
  signals_.cancel(ignored);
}

void StopSignals::wait() {
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    // No destructors: the stop that is under way may hang, which is why somebody asked twice.
    if (stopping_) std::_Exit(EXIT_FAILURE);
    stopping_ = true;
    wait();
    on_stop_();
  });
}

}  // namespace metallb::io
