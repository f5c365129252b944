#include "io/kube/response_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <utility>

namespace metallb::io {
namespace {

namespace http = boost::beast::http;
using Parser = http::response_parser<http::string_body>;

constexpr std::uint32_t kHeaderLimit = 64U << 10U;  // bytes

}  // namespace

struct ResponseParser::Impl {
  std::optional<std::size_t> limit;
  std::unique_ptr<Parser> parser;
  std::string pending;  // begun but not yet complete: a header field, a chunk's size
  bool surplus = false;

  void renew() {
    parser = std::make_unique<Parser>();
    parser->eager(true);
    parser->header_limit(kHeaderLimit);
    if (limit) {
      parser->body_limit(*limit);
    } else {
      parser->body_limit(boost::none);
    }
  }
  [[nodiscard]] bool interim() const { return parser->is_done() && parser->get().result_int() / 100 == 1; }

  std::expected<std::size_t, std::string> parse(std::string_view data) {
    std::size_t used = 0;
    while (used < data.size()) {
      if (parser->is_done()) {
        if (!interim()) break;
        renew();
      }
      boost::beast::error_code error;
      const auto rest = data.substr(used);
      const auto count = parser->put(boost::asio::buffer(rest.data(), rest.size()), error);
      used += count;
      if (error == http::error::need_more) break;
      if (error) return std::unexpected(error.message());
      if (count == 0) break;
    }
    return used;
  }
};

ResponseParser::ResponseParser(std::optional<std::size_t> body_limit) : impl_(std::make_unique<Impl>()) {
  impl_->limit = body_limit;
  impl_->renew();
}
ResponseParser::~ResponseParser() = default;
ResponseParser::ResponseParser(ResponseParser&&) noexcept = default;
ResponseParser& ResponseParser::operator=(ResponseParser&&) noexcept = default;

std::expected<void, std::string> ResponseParser::feed(std::string_view data) {
  if (data.empty()) return {};
  started_ = true;
  auto& impl = *impl_;
  if (!impl.pending.empty()) {
    impl.pending += data;
    data = impl.pending;
  }
  const auto used = impl.parse(data);
  if (!used) return std::unexpected(used.error());
  impl.pending = std::string(data.substr(*used));
  if (done() && !impl.pending.empty()) impl.surplus = true;
  if (impl.pending.size() > kHeaderLimit) return std::unexpected("a header field or chunk size has no end");
  return {};
}

std::expected<void, std::string> ResponseParser::end() {
  if (done()) return {};
  if (!started_) return std::unexpected("the server closed the connection without a response");
  boost::beast::error_code error;
  if (impl_->pending.empty()) impl_->parser->put_eof(error);
  if (error || !done()) return std::unexpected("the response was cut off");
  return {};
}

bool ResponseParser::header_done() const {
  return impl_->parser->is_header_done() && !impl_->interim();
}
bool ResponseParser::done() const {
  return impl_->parser->is_done() && !impl_->interim();
}
int ResponseParser::status() const {
  return static_cast<int>(impl_->parser->get().result_int());
}
bool ResponseParser::keep_alive() const {
  return !impl_->surplus && impl_->parser->keep_alive();
}
std::string ResponseParser::take_body() {
  return std::exchange(impl_->parser->get().body(), {});
}

}  // namespace metallb::io
