// The answer to one request of a connection: head, body or chunks as bytes (RFC 9112, Sections 6 and 7).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "io/http/http_server.hpp"

namespace metallb::io {

class Connection;

class Exchange : public HttpResponder {
 public:
  struct Traits {
    bool head_only = false;  ///< a HEAD request: no body follows
    bool keep_alive = true;  ///< the client wants the connection kept
    bool chunks = true;      ///< the client understands chunks
  };
  Exchange(const std::shared_ptr<Connection>& connection, Traits traits);
  ~Exchange() override;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void respond(int status, std::string_view content_type, std::string body, const Headers& headers) override;
  void open_stream(std::string_view content_type) override;
  void stream(std::string data) override;
  void end_stream() override;
  void on_closed(std::function<void()> callback) override;

  /// The connection is over. Whoever asked is told (posted to the loop) if the answer was not complete.
  void client_gone();

 private:
  enum class State { kUnanswered, kStreaming, kDone, kGone };
  [[nodiscard]] std::string head(int status, std::string_view content_type, const Headers& headers) const;

  std::weak_ptr<Connection> connection_;
  boost::asio::any_io_executor loop_;
  Traits traits_;
  State state_ = State::kUnanswered;
  std::function<void()> on_closed_;
};

/// The whole of an answer that closes the connection; for requests that never became an exchange.
[[nodiscard]] std::string closing_answer(int status, std::string_view text);

}  // namespace metallb::io
