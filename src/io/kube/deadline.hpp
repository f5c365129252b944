// Runs a callback on the loop at a point in time, unless it is destroyed before.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "base/time.hpp"

namespace metallb::io {

class Deadline {
 public:
  Deadline(boost::asio::io_context& loop, SteadyPoint when, std::function<void()> callback) : timer_(loop, when) {
    timer_.async_wait([callback = std::move(callback), valid = std::weak_ptr<void>(valid_)](const auto& cancelled) {
      // A timer that has expired already cannot be cancelled any more, hence the second question.
      if (!cancelled && !valid.expired()) callback();
    });
  }

 private:
  boost::asio::steady_timer timer_;
  std::shared_ptr<void> valid_ = std::make_shared<char>();
};

}  // namespace metallb::io
