// One view of the kernel's tables (links, addresses, neighbours, routes), kept by netlink events: no polling.
//
// The socket is subscribed first and asked for full dumps then, so nothing can slip between the two. When the kernel had to
// drop events (ENOBUFS), or a dump was torn by a change, everything is dumped again. Thread: the loop's.
#pragma once

#include <linux/filter.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/log.hpp"

struct nl_sock;
struct nl_msg;
struct nlmsghdr;

namespace metallb::io {

class NetlinkEvents {
 public:
  struct Dump {
    int type = 0;  ///< RTM_GETLINK, RTM_GETADDR, RTM_GETNEIGH or RTM_GETROUTE
    std::uint8_t family = 0;
  };
  struct Options {
    std::string_view op;                   ///< of log lines; a literal
    std::string_view what;                 ///< that is read, for log lines: "interfaces"; a literal
    std::vector<int> groups;               ///< RTNLGRP_...
    std::vector<Dump> dumps;               ///< made one after the other
    int receive_buffer = 1 << 20;          ///< bytes; the kernel caps it at net.core.rmem_max
    std::vector<sock_filter> filter = {};  ///< drops messages in the kernel; empty: none. Must let dumps pass (NLM_F_MULTI)
  };
  struct Handlers {
    std::function<void()> begin_dump;        ///< what is told from here to end_dump is all there is
    std::function<void(nlmsghdr&)> message;  ///< one message, of a dump or an event
    std::function<void()> end_dump;
    std::function<void(bool complete)> changed;  ///< after a batch of messages; `complete` once all of a dump is there
  };

  /// Subscribes and asks for the first dump; work goes on when the loop runs. The loop must outlive the object; the handlers
  /// must not destroy it.
  static std::expected<std::unique_ptr<NetlinkEvents>, SystemError> open(boost::asio::io_context& loop, Options options,
                                                                         Handlers handlers, Log log);
  ~NetlinkEvents();
  /// Everything is dumped again, soon.
  void read_again();
  NetlinkEvents(const NetlinkEvents&) = delete;
  NetlinkEvents& operator=(const NetlinkEvents&) = delete;

 private:
  NetlinkEvents(boost::asio::io_context& loop, Options options, Handlers handlers, Log log);
  [[nodiscard]] std::expected<void, SystemError> subscribe();
  [[nodiscard]] std::expected<void, SystemError> attach_filter();
  void wait();
  void receive();
  [[nodiscard]] bool drained() const;
  void start_dump();
  void request();
  void finish_dump();
  void retry_dump_later(int error);

  static int on_message(nl_msg* message, void* self);
  static int on_dump_done(nl_msg* message, void* self);
  static int on_dump_torn(nl_msg* message, void* self);

  struct CloseSocket {
    void operator()(nl_sock* socket) const;
  };
  Options options_;
  Handlers handlers_;
  Log log_;
  std::unique_ptr<nl_sock, CloseSocket> socket_;
  boost::asio::posix::stream_descriptor descriptor_;
  boost::asio::steady_timer retry_;
  bool dumping_ = false;
  std::size_t current_ = 0;  ///< of options_.dumps, while `dumping_`
  bool dump_again_ = false;  ///< something changed while a dump was under way
  bool lost_ = false;        ///< events were; everything is dumped again once those that came have been read
  bool complete_ = false;    ///< a dump has just ended
};

}  // namespace metallb::io
