#include "io/http/exchange.hpp"

#include <array>
#include <boost/asio/post.hpp>
#include <charconv>
#include <ctime>
#include <utility>

#include "base/contract.hpp"
#include "io/clock.hpp"
#include "io/http/connection.hpp"
#include "io/http/request_parser.hpp"

namespace metallb::io {
namespace {

/// RFC 9110, Section 5.6.7, made once a second.
const std::string& date_now() {
  static std::time_t second = 0;
  static std::string text;
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(io::now().wall));
  if (now != second) {
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 40> buffer{};
    const auto length = std::strftime(buffer.data(), buffer.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    text.assign(buffer.data(), length);
    second = now;
  }
  return text;
}

void add_field(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

std::string status_line(int status) {
  std::string line = "HTTP/1.1 " + std::to_string(status) + " ";
  return line.append(reason_phrase(status)).append("\r\n");
}

std::string chunk_of(std::string_view data) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), data.size(), 16).ptr;
  std::string chunk;
  chunk.reserve(data.size() + 20);
  chunk.append(digits.data(), static_cast<std::size_t>(end - digits.data())).append("\r\n");
  return chunk.append(data).append("\r\n");
}

constexpr std::size_t kJoinBodyUpTo = 16U << 10U;  // a smaller body travels in the same write as its head

}  // namespace

Exchange::Exchange(const std::shared_ptr<Connection>& connection, Traits traits)
    : connection_(connection), loop_(connection->executor()), traits_(traits) {}

Exchange::~Exchange() {
  const auto connection = connection_.lock();
  if (!connection) return;
  if (state_ == State::kUnanswered) respond(500, "text/plain; charset=utf-8", "no answer\n", {});
  if (state_ == State::kStreaming) connection->answer_done(false);
}

std::string Exchange::head(int status, std::string_view content_type, const Headers& headers) const {
  auto text = status_line(status);
  add_field(text, "Date", date_now());
  if (!content_type.empty()) add_field(text, "Content-Type", content_type);
  for (const auto& [name, value] : headers) add_field(text, name, value);
  if (!traits_.keep_alive) {
    add_field(text, "Connection", "close");
  } else if (!traits_.chunks) {
    add_field(text, "Connection", "keep-alive");  // HTTP/1.0 closes unless told otherwise
  }
  return text;
}

void Exchange::respond(int status, std::string_view content_type, std::string body, const Headers& headers) {
  if (state_ == State::kGone) return;
  METALLB_CONTRACT(state_ == State::kUnanswered, "an HTTP request is answered once");
  state_ = State::kDone;
  on_closed_ = nullptr;
  const auto connection = connection_.lock();
  if (!connection) return;
  auto text = head(status, content_type, headers);
  const bool bodiless = status == 204 || status == 304;  // RFC 9112, Section 6.3
  if (!bodiless) add_field(text, "Content-Length", std::to_string(body.size()));
  text += "\r\n";
  if (bodiless || traits_.head_only) body.clear();
  if (body.size() <= kJoinBodyUpTo) {
    connection->send(std::move(text.append(body)));
  } else {
    connection->send(std::move(text));
    connection->send(std::move(body));
  }
  connection->answer_done(traits_.keep_alive);
}

void Exchange::open_stream(std::string_view content_type) {
  if (state_ == State::kGone) return;
  METALLB_CONTRACT(state_ == State::kUnanswered, "an HTTP request is answered once");
  const auto connection = connection_.lock();
  if (!connection) return;
  if (!traits_.chunks) traits_.keep_alive = false;  // the end of the connection is the end of the stream
  auto text = head(200, content_type, {});
  if (traits_.chunks) add_field(text, "Transfer-Encoding", "chunked");
  text += "\r\n";
  connection->send(std::move(text));
  state_ = State::kStreaming;
  connection->stream_opened();
  // Nothing will follow the head: whoever feeds the stream is told that it is over.
  if (traits_.head_only) connection->peer_finished();
}

void Exchange::stream(std::string data) {
  if (state_ == State::kGone) return;
  METALLB_CONTRACT(state_ == State::kStreaming, "stream() follows open_stream()");
  const auto connection = connection_.lock();
  if (!connection || data.empty() || traits_.head_only) return;
  connection->send(traits_.chunks ? chunk_of(data) : std::move(data));
}

void Exchange::end_stream() {
  if (state_ == State::kGone) return;
  METALLB_CONTRACT(state_ == State::kStreaming, "end_stream() follows open_stream()");
  state_ = State::kDone;
  on_closed_ = nullptr;
  const auto connection = connection_.lock();
  if (!connection) return;
  if (traits_.chunks && !traits_.head_only) connection->send("0\r\n\r\n");
  connection->answer_done(traits_.keep_alive);
}

void Exchange::on_closed(std::function<void()> callback) {
  if (state_ == State::kDone) return;
  on_closed_ = std::move(callback);
  if (state_ == State::kGone) client_gone();
}

void Exchange::client_gone() {
  if (state_ == State::kDone) return;
  state_ = State::kGone;
  if (on_closed_) boost::asio::post(loop_, std::exchange(on_closed_, nullptr));
}

std::string closing_answer(int status, std::string_view text) {
  auto answer = status_line(status);
  add_field(answer, "Date", date_now());
  add_field(answer, "Content-Type", "text/plain; charset=utf-8");
  add_field(answer, "Content-Length", std::to_string(text.size()));
  add_field(answer, "Connection", "close");
  return answer.append("\r\n").append(text);
}

}  // namespace metallb::io
