// Runs one core (base/state_machine.hpp) on an asio loop: hands it inputs and the time, gives its actions to a handler, and
// keeps one timer at its next deadline.
//
// Inputs that come while actions are being handled wait in a queue, so that neither core nor handler is entered twice.
// Work that is due now is posted, not spun: sockets get their turn between two slices.
// Thread: the loop's. The core must outlive the driver.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "base/contract.hpp"
#include "base/state_machine.hpp"
#include "io/clock.hpp"

namespace metallb::io {

/// `Output` is what the core emits into, default constructible. (Its capacity is kept when it has clear().)
template <class Core, class Input, class Output>
  requires StateMachine<Core, Input, Output>
class Driver {
 public:
  /// Gets what one call into the core emitted, and may move out of it. May call feed(); must not destroy the driver.
  using Handle = std::function<void(Output&)>;
  using Clock = std::function<Now()>;

  Driver(boost::asio::io_context& loop, Core& core, Handle handle, Clock clock = now)
      : loop_(loop), core_(core), handle_(std::move(handle)), clock_(std::move(clock)), timer_(loop) {}
  ~Driver() { METALLB_CONTRACT(!running_, "a driver was destroyed by its own handler"); }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// Hands the core an input: at once, or after the current one when called from the handler. An input that only views
  /// what it is about must not wait: see busy().
  void feed(Input input) {
    inputs_.push_back(std::move(input));
    if (!running_) run(false);
  }
  /// Within the handler: an input would have to wait in the queue.
  [[nodiscard]] bool busy() const { return running_; }
  /// Lets the core do what is due: for its start, and after it was changed other than by an input.
  void wake() {
    if (running_) return;  // the running pass looks at the deadline when it ends
    run(core_.next_deadline() <= clock_().steady);
  }

 private:
  void run(bool due) {
    running_ = true;
    if (due) call([&](Now at) { core_.on_time(at, output_); });
    while (!inputs_.empty()) {
      const auto input = std::move(inputs_.front());
      inputs_.pop_front();
      call([&](Now at) { core_.on_input(at, input, output_); });
    }
    running_ = false;
    arm();
  }

  template <class Step>
  void call(Step step) {
    step(clock_());
    handle_(output_);
    if constexpr (requires { output_.clear(); }) {
      output_.clear();
    } else {
      output_ = Output{};
    }
  }

  void arm() {
    const auto deadline = core_.next_deadline();
    if (deadline <= clock_().steady) {
      if (std::exchange(posted_, true)) return;  // posting anew would let a stream of inputs push it back for ever
      boost::asio::post(loop_, [this, alive = std::weak_ptr<void>(alive_)] {
        if (alive.expired()) return;
        posted_ = false;
        on_timer();
      });
    } else if (deadline != armed_) {
      armed_ = deadline;
      timer_.cancel();
      if (deadline == kIdle) return;
      timer_.expires_at(deadline);
      timer_.async_wait([this, alive = std::weak_ptr<void>(alive_)](const boost::system::error_code& cancelled) {
        if (cancelled || alive.expired()) return;
        armed_ = kIdle;
        on_timer();
      });
    }
  }

  /// A timer that was moved too late may still come: only what is due counts.
  void on_timer() { run(core_.next_deadline() <= clock_().steady); }

  boost::asio::io_context& loop_;
  Core& core_;
  Handle handle_;
  Clock clock_;
  boost::asio::steady_timer timer_;
  std::deque<Input> inputs_;
  Output output_;
  SteadyPoint armed_ = kIdle;
  bool posted_ = false;
  bool running_ = false;
  std::shared_ptr<void> alive_ = std::make_shared<char>();
};

}  // namespace metallb::io
