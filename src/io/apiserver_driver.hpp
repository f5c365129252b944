// The embedded API server on the network: HTTP requests in, answers and watch streams out.
#pragma once

#include <boost/asio/io_context.hpp>
#include <expected>
#include <memory>

#include "apiserver/instance.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "io/http/http_server.hpp"

namespace metallb::io {

class ApiserverDriver {
 public:
  /// `core` must outlive the driver.
  static std::expected<std::unique_ptr<ApiserverDriver>, SystemError> start(boost::asio::io_context& loop,
                                                                            apiserver::Instance& core,
                                                                            HttpServer::Options options, Log log);
  virtual ~ApiserverDriver() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// Closes the port and every connection.
  virtual void stop() = 0;
};

}  // namespace metallb::io
