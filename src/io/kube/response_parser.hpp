// One HTTP/1.1 response out of a stream of bytes (RFC 9112 "HTTP/1.1"). A narrow face for Beast's parser, which is slow to
// compile.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace metallb::io {

class ResponseParser {
 public:
  /// Limit in bytes; none for a stream whose body is taken out as it comes.
  explicit ResponseParser(std::optional<std::size_t> body_limit);
  ~ResponseParser();
  ResponseParser(ResponseParser&&) noexcept;
  ResponseParser& operator=(ResponseParser&&) noexcept;

  /// Takes the next bytes. Interim answers (1xx) are skipped. The error says what is wrong with the response.
  std::expected<void, std::string> feed(std::string_view data);
  /// The connection ended, which completes a response without length; any other is an error.
  std::expected<void, std::string> end();

  [[nodiscard]] bool started() const { return started_; }  ///< at least one byte came
  [[nodiscard]] bool header_done() const;
  [[nodiscard]] bool done() const;
  /// After header_done().
  [[nodiscard]] int status() const;
  /// After done(): the connection may carry another request.
  [[nodiscard]] bool keep_alive() const;
  /// What came of the body and was not taken yet.
  [[nodiscard]] std::string take_body();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  bool started_ = false;
};

}  // namespace metallb::io
