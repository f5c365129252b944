// One HTTP/1.1 request out of a stream of bytes (RFC 9112 "HTTP/1.1"), with its limits. A narrow face for Beast's parser.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "io/http/http_server.hpp"

namespace metallb::io {

class RequestParser {
 public:
  /// Limits in bytes. `header_limit` also bounds a chunk's extension and the trailer section.
  RequestParser(std::size_t header_limit, std::size_t body_limit);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// Why a request is refused; the connection cannot be used any further.
  struct Refusal {
    int status;  ///< 400, 413 or 431
    std::string reason;
  };
  /// Takes what belongs to this request from the front of `input`. True once the request is complete.
  std::expected<bool, Refusal> feed(std::string& input);

  /// True once, when the client waits for "100 Continue" before it sends the body (RFC 9110, Section 10.1.1).
  bool take_expect_continue();
  /// Whether the connection may carry another request afterwards. After completion only.
  [[nodiscard]] bool keep_alive() const;
  /// Whether the client understands chunked answers (HTTP/1.1). After completion only.
  [[nodiscard]] bool understands_chunks() const;
  /// The request, moved out. After completion only.
  HttpServerRequest take();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The usual text for a status code, for example "Not Found".
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace metallb::io
