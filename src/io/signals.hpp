// Stop signals of the process (operations spec 2.7): the first SIGTERM or SIGINT asks for a graceful stop, the second ends
// the process with exit code 1 at once. SIGPIPE is ignored; SIGQUIT keeps the system's default unless it is asked for.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdint>
#include <functional>

namespace metallb::io {

class StopSignals {
 public:
  /// Whether SIGQUIT is a stop signal like the others.
  enum class Quit : std::uint8_t { kSystemDefault, kStops };
  /// `on_stop` runs on the loop, at the first signal. One per process.
  StopSignals(boost::asio::io_context& loop, std::function<void()> on_stop, Quit quit = Quit::kSystemDefault);
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  /// From now on another signal ends the process without the loop's help: call it before the loop is stopped, since what
  /// comes after (destructors, joining threads) may hang, too.
  void end_at_once_from_now_on() const;
  /// Listens no more, so that the loop can run out of work; another signal then has the system's default effect.
  void release();

 private:
  void wait();

  boost::asio::signal_set signals_;
  Quit quit_;
  std::function<void()> on_stop_;
  bool stopping_ = false;
};

}  // namespace metallb::io
