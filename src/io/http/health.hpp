// The probe listener (operations spec 2.7): plain HTTP, /healthz and /readyz answer 200 "ok", with ?verbose one line per
// check. Beside them pages that show the program's state. Thread: main.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/log.hpp"

namespace metallb::io {

class HealthEndpoint {
 public:
  struct Options {
    std::string address;     ///< the speaker's is 127.0.0.1; empty: all, both families
    std::uint16_t port = 0;  ///< 0: chosen by the kernel
  };
  /// Asked at every probe; true once the program can do its work.
  using Ready = std::function<bool()>;

  static std::expected<std::unique_ptr<HealthEndpoint>, SystemError> start(boost::asio::io_context& loop, Options options,
                                                                           Log log);
  virtual ~HealthEndpoint() = default;
  /// /readyz is 500 as long as one of these says no; /healthz tells only that the process answers.
  virtual void add_readiness_check(std::string name, Ready ready) = 0;
  /// Serves JSON at `path`, made anew for each request. For what may be seen by everybody who reaches the listener.
  virtual void add_page(std::string path, std::function<std::string()> content) = 0;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  virtual void stop() = 0;
};

}  // namespace metallb::io
