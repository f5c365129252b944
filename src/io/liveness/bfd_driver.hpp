// Runs the BFD core (bfd/instance.hpp) on the liveness thread: sockets, the neighbours' MAC addresses, the clock, the
// randomness. It shares nothing with the main thread but mailboxes that keep the latest.
// Threads: it is used on the main loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/log.hpp"
#include "bfd/instance.hpp"
#include "io/liveness/liveness_thread.hpp"

namespace metallb::io {

struct BfdReport {
  std::vector<bfd::SessionStatus> sessions;  ///< by key
  bfd::Counters counters;
  std::uint64_t packets_not_sent = 0;  ///< control or echo, for want of a socket, a route or room in the kernel's buffer
  std::size_t sessions_without_socket = 0;  ///< tried again every few seconds; the log says why
};

class BfdDriver {
 public:
  /// All run on the main loop, and none after the driver's end. Nothing comes about what is not watched any more.
  struct Handlers {
    std::function<void(const bfd::StateChanged&)> state_changed;  ///< the latest of each client and key: see `failures`
    std::function<void(const bfd::Refused&)> refused;
  };
  /// Takes part in the thread. Sockets are opened when the first session wants them, so nothing can fail here.
  static std::unique_ptr<BfdDriver> open(LivenessThread& thread, boost::asio::io_context& main_loop, Handlers handlers,
                                         Log log);
  virtual ~BfdDriver() = default;  ///< stops the thread; for the farewell to peers see stop()

  virtual void watch(bfd::Watch watch) = 0;
  virtual void unwatch(bfd::Unwatch unwatch) = 0;
  /// Tells all peers that this end goes (AdminDown). `told` runs on the main loop when every peer has been sent that once,
  /// so that what is done next cannot reach it earlier; `done` when the farewell is through, after a second at most. Once;
  /// nothing can be watched afterwards.
  virtual void stop(std::function<void()> told, std::function<void()> done) = 0;
  /// A second old at most; any thread.
  [[nodiscard]] virtual BfdReport report() const = 0;
};

}  // namespace metallb::io
