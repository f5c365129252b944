// One request and its response over one connection: takes a kept connection or opens one, sends, reads.
//
// A kept connection may turn out to be closed by the server: as long as no byte of a response came, the request goes out
// once more, over a new one; but not a POST that was written whole, since what it creates may be there by now, and with a
// generated name a second one would join it. After a 401 a request goes out once more if there is another token by now
// than the one it was sent with.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "io/kube/connection_pool.hpp"
#include "io/kube/response_parser.hpp"

namespace metallb::io {

class KubeCall {
 public:
  /// `body_limit` in bytes; none for a stream whose body is taken out as it comes.
  KubeCall(ConnectionPool& pool, std::optional<std::size_t> body_limit);
  ~KubeCall();
  KubeCall(const KubeCall&) = delete;
  KubeCall& operator=(const KubeCall&) = delete;

  /// Sends the request and reads until the response's header is there.
  KubeConnection::Result<void> start(const KubeClient::Request& request);
  /// Waits for more of the response; false once it is complete.
  KubeConnection::Result<bool> more();
  /// Closes the connection; what is under way fails with `why`. At any time.
  void abandon(std::errc why);
  /// The response is complete: the connection goes back to the pool if it may be used again.
  void finish();

  [[nodiscard]] int status() const { return parser_.status(); }
  [[nodiscard]] std::string take_body() { return parser_.take_body(); }

 private:
  KubeConnection::Result<void> attempt(const KubeClient::Request& request);
  KubeConnection::Result<void> exchange(const std::string& text);
  [[nodiscard]] std::string text_of(const KubeClient::Request& request);
  [[nodiscard]] SystemError failure(std::string operation, std::error_code code, std::string detail) const;

  ConnectionPool& pool_;
  std::optional<std::size_t> body_limit_;
  std::unique_ptr<KubeConnection> connection_;
  ResponseParser parser_;
  std::optional<std::errc> abandoned_;
  std::string token_;     ///< the request was sent with
  bool written_ = false;  ///< the last attempt's whole request
};

}  // namespace metallb::io
