#include "io/http/connection.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "io/clock.hpp"
#include "io/http/exchange.hpp"

namespace metallb::io {
namespace {

constexpr std::chrono::seconds kHandshakeTimeout{10};
constexpr std::chrono::seconds kLingerTimeout{1};
// Requests that a client sends ahead wait here; more than this stays in the kernel.
constexpr std::size_t kReadAheadLimit = 64U << 10U;
// A client that sends requests ahead but does not read its answers is not served further.
constexpr std::size_t kAnswerAheadLimit = 1U << 20U;
constexpr std::size_t kJoinUpTo = 16U << 10U;
constexpr int kReadsPerTurn = 16;

}  // namespace

Connection::Connection(boost::asio::ip::tcp::socket socket, TlsContext tls, std::shared_ptr<ConnectionShared> shared)
    : transport_(std::move(socket), std::move(tls)),
      shared_(std::move(shared)),
      timer_(transport_.socket().get_executor()),
      phase_since_(now().steady),
      last_progress_(phase_since_),
      phase_(transport_.encrypted() ? Phase::kHandshake : Phase::kReading) {}

Connection::~Connection() = default;

void Connection::start() {
  pump();
}

std::optional<Connection::Clock::time_point> Connection::unused_since() const {
  const bool serving = phase_ == Phase::kWaiting || phase_ == Phase::kStreaming || phase_ == Phase::kClosed || unsent_ > 0;
  return serving ? std::nullopt : std::optional(phase_since_);
}

void Connection::close() {
  if (phase_ == Phase::kClosed) return;
  const auto self = shared_from_this();
  phase_ = Phase::kClosed;
  transport_.close();
  timer_.cancel();
  output_.clear();
  unsent_ = 0;
  if (const auto exchange = exchange_.lock()) exchange->client_gone();
  shared_->open.erase(self);
}

void Connection::enter(Phase phase) {
  phase_ = phase;
  phase_since_ = now().steady;
}

void Connection::send(std::string bytes) {
  if (phase_ == Phase::kClosed || bytes.empty()) return;
  if (unsent_ == 0) last_progress_ = now().steady;
  unsent_ += bytes.size();
  if (!output_.empty() && output_.back().size() + bytes.size() <= kJoinUpTo) {
    output_.back() += bytes;
  } else {
    output_.push_back(std::move(bytes));
  }
  if (unsent_ > shared_->options.unsent_limit && phase_ == Phase::kStreaming) {
    shared_->log.warn({{"op", "http"}, {"unsent", unsent_}, {"msg", "a client does not read its stream, disconnecting it"}});
    close();
    return;
  }
  schedule_pump();
}

void Connection::answer_done(bool keep_alive) {
  if (phase_ == Phase::kClosed) return;
  exchange_.reset();
  enter(keep_alive ? Phase::kReading : Phase::kDraining);
  schedule_pump();
}

void Connection::stream_opened() {
  if (phase_ == Phase::kClosed) return;
  enter(Phase::kStreaming);
  if (peer_finished_) peer_finished();
}

// A client that waits for whole answers may have shut its sending side down: it gets them, also those to requests that it
// sent ahead. A stream's client that does so is gone.
void Connection::peer_finished() {
  peer_finished_ = true;
  switch (phase_) {
    case Phase::kStreaming:
      if (const auto exchange = exchange_.lock()) exchange->client_gone();
      enter(Phase::kDraining);
      schedule_pump();
      break;
    case Phase::kReading:  // see has_all_requests()
    case Phase::kWaiting:
    case Phase::kDraining:
      break;
    default:
      close();
  }
}

// Several sends of one turn of the loop leave in one go.
void Connection::schedule_pump() {
  if (pump_scheduled_) return;
  pump_scheduled_ = true;
  boost::asio::post(executor(), [self = shared_from_this()] {
    self->pump_scheduled_ = false;
    self->pump();
  });
}

void Connection::pump() {
  want_read_ = want_write_ = false;
  if (phase_ == Phase::kClosed) return;
  if (phase_ != Phase::kHandshake || handshake_done()) {
    for (int reads = 0; phase_ != Phase::kClosed;) {
      flush();
      if (phase_ == Phase::kClosed) return;
      if (take_request()) continue;
      if (has_all_requests()) {
        enter(Phase::kDraining);
        continue;
      }
      if (!may_read()) break;
      if (++reads > kReadsPerTurn) {
        schedule_pump();
        break;
      }
      if (!read_more()) break;
    }
  }
  if (phase_ == Phase::kClosed) return;
  wait_for_socket();
  watch_deadline();
}

void Connection::note(Transport::Step step) {
  if (step == Transport::Step::kWantRead) want_read_ = true;
  if (step == Transport::Step::kWantWrite) want_write_ = true;
}

bool Connection::handshake_done() {
  const auto step = transport_.handshake().step;
  note(step);
  switch (step) {
    case Transport::Step::kProgress:
      enter(Phase::kReading);
      return true;
    case Transport::Step::kWantRead:
    case Transport::Step::kWantWrite:
      return false;
    case Transport::Step::kPlainHttp:
      transport_.write_raw(closing_answer(400, "Client sent an HTTP request to an HTTPS server.\n"));
      [[fallthrough]];
    default:
      if (const auto reason = take_openssl_errors(); !reason.empty()) {
        shared_->log.debug({{"op", "http"}, {"error", reason}, {"msg", "TLS handshake failed"}});
      }
      close();
      return false;
  }
}

void Connection::flush() {
  const bool sending = !output_.empty();
  while (!output_.empty()) {
    const auto pending = std::string_view(output_.front()).substr(output_offset_);
    const auto [step, count] = transport_.write(pending);
    if (step == Transport::Step::kProgress) {
      last_progress_ = now().steady;
      unsent_ -= count;
      output_offset_ += count;
      if (count == pending.size()) {
        output_.pop_front();
        output_offset_ = 0;
      }
      continue;
    }
    note(step);
    if (step == Transport::Step::kEnd || step == Transport::Step::kFailed) close();
    return;
  }
  output_.shrink_to_fit();
  if (sending && phase_ == Phase::kReading && !parser_) phase_since_ = now().steady;  // idle from here on
  if (phase_ == Phase::kDraining) {
    // Closing with unread input would reset the connection and could take the answer with it.
    transport_.finish_sending();
    enter(Phase::kLingering);
    if (peer_finished_) close();
  }
}

bool Connection::take_request() {
  if (phase_ != Phase::kReading || input_.empty() || unsent_ > kAnswerAheadLimit) return false;
  if (!parser_) {
    parser_ = std::make_unique<RequestParser>(shared_->options.header_limit, shared_->options.body_limit);
    phase_since_ = now().steady;
  }
  const auto complete = parser_->feed(input_);
  if (input_.empty()) input_.shrink_to_fit();
  if (!complete) {
    refuse(complete.error().status, complete.error().reason);
    return true;
  }
  if (*complete) {
    dispatch();
    return true;
  }
  if (parser_->take_expect_continue()) {
    send("HTTP/1.1 100 Continue\r\n\r\n");
    return true;
  }
  return false;
}

// After take_request() found none: of a client that sends no more, what is left is nothing or the beginning of a request.
bool Connection::has_all_requests() const {
  return peer_finished_ && phase_ == Phase::kReading && unsent_ <= kAnswerAheadLimit;
}

void Connection::dispatch() {
  const auto parser = std::move(parser_);
  Exchange::Traits traits{.keep_alive = parser->keep_alive(), .chunks = parser->understands_chunks()};
  auto request = parser->take();
  traits.head_only = request.method == "HEAD";
  const auto exchange = std::make_shared<Exchange>(shared_from_this(), traits);
  exchange_ = exchange;
  enter(Phase::kWaiting);
  shared_->handler(std::move(request), exchange);
}

void Connection::refuse(int status, std::string_view reason) {
  parser_.reset();
  input_.clear();
  enter(Phase::kDraining);
  send(closing_answer(status, std::string(reason_phrase(status)).append(": ").append(reason).append("\n")));
}

bool Connection::may_read() const {
  switch (phase_) {
    case Phase::kReading:
      return !peer_finished_ && (input_.size() < kReadAheadLimit || unsent_ <= kAnswerAheadLimit);
    case Phase::kWaiting:
    case Phase::kStreaming:
      return !peer_finished_ && input_.size() < kReadAheadLimit;
    case Phase::kLingering:
      return true;
    default:
      return false;
  }
}

bool Connection::read_more() {
  const auto [step, count] = transport_.read(shared_->scratch);
  note(step);
  switch (step) {
    case Transport::Step::kProgress:
      if (phase_ != Phase::kLingering) input_.append(shared_->scratch, 0, count);
      return true;
    case Transport::Step::kEnd:
      peer_finished();
      return phase_ != Phase::kClosed;
    case Transport::Step::kFailed:
      close();
      return false;
    default:
      return false;
  }
}

void Connection::wait_for_socket() {
  using Wait = boost::asio::socket_base;
  if (want_read_ && !waiting_read_) {
    waiting_read_ = true;
    transport_.socket().async_wait(Wait::wait_read, [self = shared_from_this()](const boost::system::error_code&) {
      self->waiting_read_ = false;
      self->pump();
    });
  }
  if (want_write_ && !waiting_write_) {
    waiting_write_ = true;
    transport_.socket().async_wait(Wait::wait_write, [self = shared_from_this()](const boost::system::error_code&) {
      self->waiting_write_ = false;
      self->pump();
    });
  }
}

Connection::Clock::time_point Connection::deadline() const {
  auto due = Clock::time_point::max();
  switch (phase_) {
    case Phase::kHandshake:
      due = phase_since_ + kHandshakeTimeout;
      break;
    case Phase::kReading:
      if (parser_) {
        due = phase_since_ + shared_->options.request_timeout;
      } else if (unsent_ == 0) {  // an answer that takes long to send is no idleness
        due = phase_since_ + shared_->options.idle_timeout;
      }
      break;
    case Phase::kLingering:
      due = phase_since_ + kLingerTimeout;
      break;
    default:
      break;
  }
  return unsent_ > 0 ? std::min(due, last_progress_ + shared_->options.stall_timeout) : due;
}

// The timer is only moved forward; when it fires early it looks again, so that busy connections do not re-arm it.
void Connection::watch_deadline() {
  const auto due = deadline();
  if (due >= timer_set_for_ || due == Clock::time_point::max()) return;
  timer_set_for_ = due;
  timer_.expires_at(due);
  timer_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
    if (const auto connection = self.lock(); connection && !error) connection->on_timer();
  });
}

void Connection::on_timer() {
  timer_set_for_ = Clock::time_point::max();
  if (phase_ == Phase::kClosed) return;
  if (deadline() <= now().steady) return close();
  watch_deadline();
}

}  // namespace metallb::io
