// The liveness thread: UDP and TCP sockets of the membership protocol and its core, on a loop of its own, so that answering
// a ping never waits behind other work. It shares nothing with the main thread but two mailboxes.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/log.hpp"
#include "gossip/instance.hpp"

namespace metallb::io {

class LivenessThread {
 public:
  struct Options {
    std::string node_name;
    IpAddress address;
    std::uint16_t port = 7946;
    gossip::Settings settings;
    gossip::KeyRing ring;
  };
  /// All run on the main loop.
  struct Handlers {
    std::function<void(gossip::ElectorateChanged)> electorate_changed;  ///< the latest state; older ones may be skipped
    std::function<void(gossip::MemberSeen)> member_seen;
    std::function<void(gossip::JoinFinished)> join_finished;
    std::function<void()> left;
  };
  /// Starts the thread. Fails when the TCP or UDP port cannot be bound.
  static std::expected<std::unique_ptr<LivenessThread>, SystemError> start(boost::asio::io_context& main_loop,
                                                                           Options options, Handlers handlers, Log log);
  virtual ~LivenessThread() = default;  ///< stops and joins
  virtual void join(std::vector<IpAddress> addresses) = 0;
  virtual void leave() = 0;
  virtual void use_keys(gossip::KeyRing ring) = 0;
};

}  // namespace metallb::io
