#include "io/http/request_parser.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>

namespace metallb::io {

namespace http = boost::beast::http;

namespace {

int status_for(const boost::beast::error_code& error) {
  if (error == http::error::header_limit) return 431;
  if (error == http::error::body_limit || error == http::error::buffer_overflow) return 413;
  return 400;
}

// RFC 9112, Section 2.2: empty lines before the request line are ignored.
void skip_empty_lines(std::string& input) {
  const auto first = input.find_first_not_of("\r\n");
  input.erase(0, first == std::string::npos ? input.size() : first);
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

}  // namespace

struct RequestParser::Impl {
  http::request_parser<http::string_body> parser;
  std::size_t framing_limit = 0;  ///< bytes
  bool started = false;
  bool continue_told = false;
};

RequestParser::RequestParser(std::size_t header_limit, std::size_t body_limit) : impl_(std::make_unique<Impl>()) {
  impl_->parser.header_limit(static_cast<std::uint32_t>(header_limit));
  impl_->parser.body_limit(body_limit);
  impl_->framing_limit = header_limit;
  impl_->parser.eager(true);
}
RequestParser::~RequestParser() = default;

std::expected<bool, RequestParser::Refusal> RequestParser::feed(std::string& input) {
  if (!impl_->started) skip_empty_lines(input);
  auto& parser = impl_->parser;
  std::size_t used = 0;
  while (used < input.size() && !parser.is_done()) {
    impl_->started = true;
    boost::beast::error_code error;
    const auto taken = parser.put(boost::asio::buffer(input.data() + used, input.size() - used), error);
    used += taken;
    if (error == http::error::need_more) break;
    if (error) return std::unexpected(Refusal{status_for(error), error.message()});
    if (taken == 0) break;
  }
  input.erase(0, used);
  if (!parser.is_done()) {
    // Bodies are taken as they come. What stays is a line or section without its end; of chunk extensions and trailers
    // Beast would wait for any length.
    if (input.size() > impl_->framing_limit) return std::unexpected(Refusal{431, "unfinished header, chunk or trailer"});
    return false;
  }
  // RFC 9112, Section 3.2: an HTTP/1.1 request names its host, once.
  if (parser.get().version() >= 11 && parser.get().count(http::field::host) != 1) {
    return std::unexpected(Refusal{400, "missing or repeated Host header"});
  }
  return true;
}

bool RequestParser::take_expect_continue() {
  auto& parser = impl_->parser;
  if (impl_->continue_told || !parser.is_header_done() || parser.is_done()) return false;
  impl_->continue_told = true;
  const auto expectation = parser.get()[http::field::expect];
  return boost::beast::iequals(expectation, "100-continue") && parser.get().version() >= 11;
}

bool RequestParser::keep_alive() const {
  return impl_->parser.get().keep_alive();
}

bool RequestParser::understands_chunks() const {
  return impl_->parser.get().version() >= 11;
}

HttpServerRequest RequestParser::take() {
  auto message = impl_->parser.release();
  HttpServerRequest request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  for (const auto& field : message) {
    auto [position, fresh] = request.headers.try_emplace(lower_case(field.name_string()), field.value());
    // RFC 9110, Section 5.3: several fields of one name are one list.
    if (!fresh) position->second.append(", ").append(field.value());
  }
  request.body = std::move(message.body());
  return request;
}

std::string_view reason_phrase(int status) {
  const auto text = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
  return {text.data(), text.size()};
}

}  // namespace metallb::io
