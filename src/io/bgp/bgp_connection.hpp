// One outgoing TCP connection of BGP, from the dial to the last byte. It never blocks. Thread: the loop's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "bgp/settings.hpp"
#include "io/bgp/bgp_socket.hpp"
#include "io/bgp/md5_counters.hpp"

namespace metallb::io {

/// Its pending operations hold it alive; once it is over, or detached, it tells nothing any more.
class BgpConnection : public std::enable_shared_from_this<BgpConnection> {
 public:
  /// None runs from within dial(), send() or close(), but for `over`. Each may call close().
  struct Handlers {
    std::function<void()> connected;
    std::function<void(const DialError&)> failed;          ///< to connect; nothing follows
    std::function<void(ByteView)> received;                ///< valid during the call
    std::function<void(std::size_t)> taken;                ///< by the kernel, so many bytes more of what was sent
    std::function<void(const std::string&)> disconnected;  ///< empty: the peer closed. Nothing follows
    std::function<void()> over;                            ///< once after close(), maybe at once. Nothing follows
  };
  /// `buffer`: to read into; may be shared with others of the same loop, must outlive the connection.
  BgpConnection(boost::asio::io_context& loop, std::span<std::uint8_t> buffer, Handlers handlers);

  /// Without an answer within `limit` it has failed.
  void dial(const bgp::Transport& transport, Duration limit);
  /// Written in the order of the calls.
  void send(Bytes bytes);
  /// The owner is through with it: nothing is told any more but that it is over. With `linger` above 0 what was sent is
  /// written and that direction closed; what comes is read and dropped until the peer closes, too, or the time has passed.
  void close(Duration linger);
  /// Ends at once, and tells nothing.
  void detach();

  /// The own end; nothing unless connected.
  [[nodiscard]] std::optional<IpAddress> local_address() const;

 private:
  enum class Phase : std::uint8_t { kDialling, kOpen, kClosing, kOver };
  using Tcp = boost::asio::ip::tcp;

  void connect(const BgpSocket& opened, Duration limit);
  void fail(DialError error);
  [[nodiscard]] std::string no_answer() const;
  void wait_to_read();
  void read();
  void write();
  void wrote(const boost::system::error_code& error, std::size_t size);
  void consume(std::size_t size);
  void end(const std::string& error);
  void finish();
  void shut();

  boost::asio::io_context& loop_;
  std::span<std::uint8_t> buffer_;
  Handlers handlers_;
  Tcp::socket socket_;
  boost::asio::steady_timer timer_;  ///< of the dial, then of the close
  Phase phase_ = Phase::kDialling;
  bool password_set_ = false;
  std::optional<Md5Counters> md5_before_;
  std::deque<Bytes> outgoing_;
  std::size_t sent_ = 0;  ///< of the first in outgoing_
  bool writing_ = false;
  std::string write_error_;
};

}  // namespace metallb::io
