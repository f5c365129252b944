#include "io/kube/kube_call.hpp"

#include <utility>

#include "io/clock.hpp"

namespace metallb::io {
namespace {

constexpr int kUnauthorized = 401;

/// RFC 9110, Section 7.2: the scheme's own port is left out.
std::string authority(const KubeEndpoint& endpoint) {
  auto out = host_text(endpoint);
  if (endpoint.port != (endpoint.tls ? "443" : "80")) out += ":" + endpoint.port;
  return out;
}

}  // namespace

KubeCall::KubeCall(ConnectionPool& pool, std::optional<std::size_t> body_limit)
    : pool_(pool), body_limit_(body_limit), parser_(body_limit) {
  pool_.add(this);
}
KubeCall::~KubeCall() {
  pool_.remove(this);
}

void KubeCall::abandon(std::errc why) {
  if (!abandoned_) abandoned_ = why;
  if (connection_) connection_->close(why);
}

SystemError KubeCall::failure(std::string operation, std::error_code code, std::string detail) const {
  return {.operation = std::move(operation),
          .object = authority(pool_.endpoint()),
          .code = abandoned_ ? std::make_error_code(*abandoned_) : code,
          .detail = std::move(detail)};
}

KubeConnection::Result<void> KubeCall::start(const KubeClient::Request& request) {
  auto sent = co_await attempt(request);
  // Several requests may meet a rotation: the first of them that reads the file must not be the only one to gain by it.
  if (sent && status() == kUnauthorized && pool_.token().reread(now()) != token_) {
    connection_.reset();  // with the rest of the refusal
    sent = co_await attempt(request);
  }
  co_return sent;
}

KubeConnection::Result<void> KubeCall::attempt(const KubeClient::Request& request) {
  token_ = pool_.token().current(now());
  const auto text = text_of(request);
  parser_ = ResponseParser(body_limit_);
  if (!abandoned_) connection_ = pool_.take();
  if (connection_) {
    auto done = co_await exchange(text);
    if (done || parser_.started()) co_return done;
    if (abandoned_ != std::errc::operation_canceled) pool_.distrust_kept();
    if (abandoned_ || (written_ && request.method == "POST")) co_return done;
    parser_ = ResponseParser(body_limit_);
  }
  if (abandoned_) co_return std::unexpected(failure("request", {}, {}));
  auto made = pool_.make();
  if (!made) co_return std::unexpected(made.error());
  connection_ = std::move(*made);
  if (auto opened = co_await connection_->open(); !opened) co_return opened;
  co_return co_await exchange(text);
}

KubeConnection::Result<void> KubeCall::exchange(const std::string& text) {
  written_ = false;
  if (auto written = co_await connection_->write(text); !written) co_return written;
  written_ = true;
  while (!parser_.header_done()) {
    if (const auto going = co_await more(); !going) co_return std::unexpected(going.error());
  }
  co_return std::expected<void, SystemError>{};
}

KubeConnection::Result<bool> KubeCall::more() {
  if (parser_.done()) co_return false;
  const auto count = co_await connection_->read(pool_.scratch());
  if (!count) co_return std::unexpected(count.error());
  const auto fed = *count == 0 ? parser_.end() : parser_.feed({pool_.scratch().data(), *count});
  if (!fed) co_return std::unexpected(failure("read", {}, fed.error()));
  co_return true;
}

void KubeCall::finish() {
  if (abandoned_ || !connection_ || !parser_.done() || !parser_.keep_alive()) return;
  pool_.keep(std::move(connection_));
}

std::string KubeCall::text_of(const KubeClient::Request& request) {
  const auto& endpoint = pool_.endpoint();
  std::string out = request.method + " " + endpoint.base_path + request.target + " HTTP/1.1\r\n";
  out += "Host: " + authority(endpoint) + "\r\n";
  out += "User-Agent: metallb\r\nAccept: application/json\r\n";
  if (!token_.empty()) out += "Authorization: Bearer " + token_ + "\r\n";
  if (!request.content_type.empty()) out += "Content-Type: " + request.content_type + "\r\n";
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH") {
    out += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  return out + "\r\n" + request.body;
}

}  // namespace metallb::io
