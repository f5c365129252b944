// The metrics listener of controller and speaker: HTTPS, /metrics only, for clients whose token the API server vouches for
// (operations spec 2.5, 2.8, 2.9, 3).
//
// Collectors are asked at every scrape; they build their families from snapshots of the cores. process_* is built in.
// Thread: main.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/log.hpp"
#include "io/http/tls_profile.hpp"
#include "io/metrics/authorizer.hpp"
#include "io/metrics/families.hpp"

namespace metallb::io {

class MetricsEndpoint {
 public:
  struct Options {
    std::string address;     ///< empty: all, both families
    std::uint16_t port = 0;  ///< 0: chosen by the kernel
    TlsProfile tls;
    std::string certificate_directory;  ///< from metrics_certificate_directory()
  };
  using Collector = std::function<MetricFamilies()>;

  static std::expected<std::unique_ptr<MetricsEndpoint>, SystemError> start(boost::asio::io_context& loop, Options options,
                                                                            Authorizer authorizer, Log log);
  virtual ~MetricsEndpoint() = default;
  virtual void add(Collector collector) = 0;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  virtual void stop() = 0;
};

}  // namespace metallb::io
