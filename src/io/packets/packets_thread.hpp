// The packets thread: netlink, packet sockets and the layer2 core, on a loop of its own, so that an ARP answer never waits
// behind a large API list. It shares nothing with the main thread but two mailboxes.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/error.hpp"
#include "base/log.hpp"
#include "layer2/commands.hpp"
#include "layer2/instance.hpp"

namespace metallb::io {

struct PacketsReport {
  std::map<IpAddress, layer2::AddressCounters> addresses;
  layer2::DropCounters drops;
  layer2::ConflictCounters conflicts;
  layer2::TakeOverCounters take_overs;
  std::map<std::string, bool> arp_in_kernel;  ///< interfaces that answer ARP, by name: in the kernel, or this thread
};

class PacketsThread {
 public:
  struct Options {
    std::string exclude_expression;  ///< RE2, searched unanchored in interface names; empty = none excluded
    bool arp_in_kernel = false;      ///< answer ARP in the kernel where that is possible
  };
  struct Handlers {
    /// Runs on the main loop whenever the set of known interface names changed, first soon after the start.
    std::function<void(std::set<std::string>)> interfaces_changed;
    /// Runs on the main loop when somebody else claims an announced address; the latest claim per address and kind counts.
    std::function<void(layer2::ConflictSeen)> conflict_seen = {};
  };
  /// Starts the thread. `main_loop` is where handlers run. Fails without NET_RAW, or when netlink cannot be opened.
  static std::expected<std::unique_ptr<PacketsThread>, SystemError> start(boost::asio::io_context& main_loop,
                                                                          Options options, Handlers handlers, Log log);
  virtual ~PacketsThread() = default;  ///< stops and joins
  virtual void send(layer2::Command command) = 0;
  /// Tells members from strangers from now on.
  virtual void use_neighbours(layer2::NeighboursKnown neighbours) = 0;
  /// The latest counters; any thread.
  [[nodiscard]] virtual PacketsReport report() const = 0;
};

/// Reads /etc/metallb/excludel2.yaml: key announcedInterfacesToExclude (case-insensitive), a list of RE2 expressions joined
/// as (a)|(b). A missing file gives an empty expression; bad YAML or a bad expression is an error (fatal at start).
[[nodiscard]] std::expected<std::string, SystemError> read_exclude_expression(const std::string& path);

}  // namespace metallb::io
