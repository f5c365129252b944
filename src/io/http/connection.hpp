// One accepted HTTP connection: requests are read and handed out one at a time, answers and streams are queued and sent.
//
// Life: handshake (TLS only) -> reading a request -> waiting for its answer (or streaming it) -> reading the next ...
// -> draining the queue -> lingering until the client saw everything -> closed. An idle connection holds no buffers.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/log.hpp"
#include "io/http/http_server.hpp"
#include "io/http/request_parser.hpp"
#include "io/http/transport.hpp"

namespace metallb::io {

class Connection;
class Exchange;

/// What the connections of one server share.
struct ConnectionShared {
  HttpServer::Options options;
  HttpServer::Handler handler;
  Log log;
  std::string scratch;  ///< the read buffer: on one thread, one does for all
  std::unordered_set<std::shared_ptr<Connection>> open;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, TlsContext tls, std::shared_ptr<ConnectionShared> shared);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  /// Closes at once; the exchange under way is told that its client is gone.
  void close();
  boost::asio::any_io_executor executor() { return transport_.socket().get_executor(); }

  using Clock = std::chrono::steady_clock;
  /// Since when no request of it is being served; nothing while one is.
  [[nodiscard]] std::optional<Clock::time_point> unused_since() const;

 private:
  friend class Exchange;
  enum class Phase { kHandshake, kReading, kWaiting, kStreaming, kDraining, kLingering, kClosed };

  // From the exchange.
  void send(std::string bytes);
  void answer_done(bool keep_alive);
  void stream_opened();
  void peer_finished();

  void schedule_pump();
  void pump();
  [[nodiscard]] bool handshake_done();
  void flush();
  [[nodiscard]] bool take_request();
  [[nodiscard]] bool has_all_requests() const;
  [[nodiscard]] bool read_more();
  [[nodiscard]] bool may_read() const;
  void dispatch();
  void refuse(int status, std::string_view reason);
  void enter(Phase phase);
  void wait_for_socket();
  void watch_deadline();
  void on_timer();
  [[nodiscard]] Clock::time_point deadline() const;
  void note(Transport::Step step);

  Transport transport_;
  std::shared_ptr<ConnectionShared> shared_;
  boost::asio::steady_timer timer_;
  Clock::time_point timer_set_for_ = Clock::time_point::max();
  Clock::time_point phase_since_;    ///< when the present phase began (for reading: or the first byte came)
  Clock::time_point last_progress_;  ///< of sending
  Phase phase_;
  bool peer_finished_ = false;
  bool pump_scheduled_ = false;
  bool waiting_read_ = false;
  bool waiting_write_ = false;
  bool want_read_ = false;
  bool want_write_ = false;
  std::string input_;
  std::unique_ptr<RequestParser> parser_;  ///< only while a request is partly read
  std::deque<std::string> output_;
  std::size_t output_offset_ = 0;  ///< of the first element, already sent
  std::size_t unsent_ = 0;
  std::weak_ptr<Exchange> exchange_;
};

}  // namespace metallb::io
