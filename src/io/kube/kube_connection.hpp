// One connection to the API server, plain or TLS: opened, written to, read from, closed. It knows bytes, not HTTP.
//
// TCP_NODELAY, and probes that notice a server that vanished without a word within about 30 s. Coroutines on the loop's
// thread; close() may be called at any time and makes a waiting operation fail.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "io/kube/tls_client.hpp"

namespace metallb::io {

class KubeConnection {
 public:
  /// `endpoint` must outlive it. `tls` is null for plain HTTP.
  KubeConnection(boost::asio::io_context& loop, const KubeEndpoint& endpoint, TlsClientContext tls);
  ~KubeConnection();
  KubeConnection(const KubeConnection&) = delete;
  KubeConnection& operator=(const KubeConnection&) = delete;

  template <class T>
  using Result = boost::asio::awaitable<std::expected<T, SystemError>>;

  /// Resolves, connects (to one address after the other) and does the TLS handshake.
  Result<void> open();
  Result<void> write(std::string_view data);
  /// Waits for at least one byte; 0 at the end of the stream.
  Result<std::size_t> read(std::span<char> into);
  /// Idle, and the server has neither closed it nor said anything.
  [[nodiscard]] bool reusable();
  /// `why` is what operations under way fail with.
  void close(std::errc why);

 private:
  enum class Step : std::uint8_t { kProgress, kWantRead, kWantWrite, kEnd, kFailed };
  struct Outcome {
    Step step;
    std::size_t bytes = 0;
  };

  Result<std::vector<boost::asio::ip::tcp::endpoint>> resolve();
  Result<void> connect(const boost::asio::ip::tcp::endpoint& address);
  Result<void> handshake();
  /// Until the socket is ready; only for kWantRead and kWantWrite.
  Result<void> wait(Step step, std::string_view operation);
  Outcome tls_outcome(int returned);
  Outcome write_some(std::string_view data);
  Outcome read_some(std::span<char> into);
  void tune();
  /// A name being looked up. It outlives the connection, since a resolver at work cannot be stopped.
  struct Lookup {
    explicit Lookup(boost::asio::io_context& loop)
        : resolver(loop), done(loop, boost::asio::steady_timer::time_point::max()) {}
    boost::asio::ip::tcp::resolver resolver;
    boost::asio::steady_timer done;  ///< never expires: cancelled when there is a result, or when nobody wants it any more
    boost::system::error_code error;
    std::vector<boost::asio::ip::tcp::endpoint> found;
  };

  /// The error for an operation that failed with `code`, or because of close().
  [[nodiscard]] SystemError failure(std::string_view operation, std::error_code code, std::string detail = {}) const;

  boost::asio::io_context& loop_;
  const KubeEndpoint& endpoint_;
  TlsClientContext tls_;
  boost::asio::ip::tcp::socket socket_;
  TlsSession session_;
  std::shared_ptr<Lookup> lookup_;  ///< while one is under way
  std::error_code closed_;          ///< why, once closed
  std::error_code broken_;          ///< what the last kFailed meant
  std::string broken_detail_;
  int reads_in_a_row_ = 0;  ///< without waiting
};

}  // namespace metallb::io
