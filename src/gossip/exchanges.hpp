// Exchanges of whole tables that this node begins: those of Join, one after the other, and one now and then with a random
// member, so that what gossip missed comes right in the end (gossip spec 1.5, 5, 8).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "gossip/counters.hpp"
#include "gossip/inputs_and_actions.hpp"
#include "gossip/membership.hpp"
#include "gossip/numbers.hpp"
#include "gossip/postman.hpp"
#include "gossip/quiet_log.hpp"
#include "gossip/settings.hpp"
#include "gossip/stream.hpp"

namespace metallb::gossip {

/// From the end of one periodic exchange to the next: grows with the cluster (gossip spec 8).
[[nodiscard]] Duration scaled_interval(Duration interval, std::size_t members);

class Exchanges {
 public:
  Exchanges(const Settings& settings, std::uint16_t port, Membership& membership, Postman& postman, Numbers& numbers,
            Random& random, Counters& counters, Log log)
      : settings_(settings),
        port_(port),
        membership_(membership),
        postman_(postman),
        numbers_(numbers),
        random_(random),
        counters_(counters),
        log_(log) {}

  void start(SteadyPoint now);
  /// Ends what is under way; joins that wait are finished without.
  void stop(Output& out);

  void join(SteadyPoint now, const std::vector<IpAddress>& addresses, Output& out);
  /// This node was away: with a random member now, unless such an exchange is under way. Where it suspects all others, since
  /// it heard of nobody for long, with one of these.
  void catch_up(SteadyPoint now, Output& out);

  /// Some Join has ended.
  [[nodiscard]] bool joined_once() const { return joined_once_; }

  [[nodiscard]] bool owns(StreamId stream) const { return find(stream) != nullptr; }
  void connected(SteadyPoint now, StreamId stream, Output& out);
  void received(SteadyPoint now, StreamId stream, ByteView data, Output& out);
  void ended(SteadyPoint now, StreamId stream, const std::string& error, Output& out);

  void on_time(SteadyPoint now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;
  /// This node did not run for `late`, and could not read what was sent to it.
  void paused(Duration late);

 private:
  struct Exchange {
    StreamId stream;
    Endpoint with;
    bool join = false;
    StreamReader reader;
    SteadyPoint deadline;
  };
  struct Joining {
    std::deque<IpAddress> left;
    JoinFinished outcome;
    std::size_t failed = 0;
  };
  using Slot = std::optional<Exchange>;

  /// With a random member in this state; none where there is none.
  void sync(SteadyPoint now, MemberState state, Output& out);
  [[nodiscard]] const Slot* find(StreamId stream) const;
  Slot& at(StreamId stream) { return join_ && join_->stream == stream ? join_ : sync_; }
  Exchange dial(SteadyPoint now, const Endpoint& with, bool join, Output& out);
  /// `error` empty: it succeeded.
  /// `error` is a copy: what it was taken from goes with the slot.
  void finish(SteadyPoint now, Slot& slot, std::string error, Output& out);
  void report(Joining& joining, Output& out);
  void go_on_joining(SteadyPoint now, Output& out);
  void expire(SteadyPoint now, Slot& slot, Output& out);

  const Settings& settings_;
  std::uint16_t port_;
  Membership& membership_;
  Postman& postman_;
  Numbers& numbers_;
  Random& random_;
  Counters& counters_;
  Log log_;
  QuietLog quiet_;
  std::deque<Joining> joins_;
  Slot join_;  ///< of the first of joins_
  Slot sync_;
  bool joined_once_ = false;
  bool spread_ = false;  ///< the random delay after the start is over
  SteadyPoint next_sync_ = kIdle;
};

}  // namespace metallb::gossip
