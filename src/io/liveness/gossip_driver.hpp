// Runs the membership core on the liveness thread, so that answering a ping never waits behind other work: UDP and TCP
// sockets, the view of the own link, the witness. It shares nothing with the main thread but mailboxes.
// Threads: it is used on the main loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/log.hpp"
#include "gossip/instance.hpp"
#include "io/liveness/liveness_thread.hpp"
#include "net/mac_address.hpp"

namespace metallb::io {

struct GossipReport {
  gossip::Counters counters;
  std::vector<gossip::Member> members;
  std::uint64_t packets_dropped = 0;  ///< not sent, for want of room in the kernel's buffer
  std::uint64_t unreachable = 0;      ///< what the network said of packets that were sent
  std::uint64_t streams_refused = 0;  ///< beyond the limits, before the core heard of them
};

class GossipDriver {
 public:
  struct Options {
    std::string node_name;
    IpAddress address;
    std::uint16_t port = 7946;
    gossip::Settings settings;
    gossip::KeyRing ring;
  };
  /// All run on the main loop, and none after the driver's end.
  struct Handlers {
    std::function<void(gossip::ElectorateChanged)> electorate_changed;  ///< the latest state; older ones may be skipped
    std::function<void(gossip::MemberSeen)> member_seen;                ///< the latest of each member
    std::function<void(gossip::JoinFinished)> join_finished;
    std::function<void()> left;
    /// Which member has which MAC address: the whole table, whenever it changed.
    std::function<void(std::map<MacAddress, std::string>)> neighbours_changed;
  };
  /// Opens the sockets, to be served when the thread starts. Fails when the TCP or UDP port cannot be bound.
  static std::expected<std::unique_ptr<GossipDriver>, SystemError> open(LivenessThread& thread,
                                                                        boost::asio::io_context& main_loop, Options options,
                                                                        Handlers handlers, Log log);
  virtual ~GossipDriver() = default;  ///< stops the thread
  virtual void join(std::vector<IpAddress> addresses) = 0;
  virtual void leave() = 0;
  virtual void use_keys(gossip::KeyRing ring) = 0;
  /// The latest counters and members; any thread.
  [[nodiscard]] virtual GossipReport report() const = 0;
};

}  // namespace metallb::io
