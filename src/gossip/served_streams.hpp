// Connections that others make to us: each brings one message, a push/pull or a ping, and gets one answer (gossip spec 5).
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "base/time.hpp"
#include "gossip/counters.hpp"
#include "gossip/inputs_and_actions.hpp"
#include "gossip/membership.hpp"
#include "gossip/postman.hpp"
#include "gossip/quiet_log.hpp"
#include "gossip/settings.hpp"
#include "gossip/stream.hpp"

namespace metallb::gossip {

class ServedStreams {
 public:
  ServedStreams(const Settings& settings, Membership& membership, Postman& postman, Counters& counters, Log log)
      : settings_(settings), membership_(membership), postman_(postman), counters_(counters), log_(log) {}

  void accepted(SteadyPoint now, StreamId stream, const Endpoint& from, Output& out);
  void received(SteadyPoint now, StreamId stream, ByteView data, Output& out);
  void ended(SteadyPoint now, StreamId stream, const std::string& error);

  void on_time(SteadyPoint now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;
  void paused(Duration late);

  /// At a time (gossip spec 5).
  static constexpr std::size_t kMost = 127;
  /// Bytes of unfinished messages that all of them may hold: hundreds of times the table of a thousand members.
  static constexpr std::size_t kMostHeld = std::size_t{64} * 1024 * 1024;

 private:
  struct Served {
    Endpoint from;
    StreamReader reader;
    SteadyPoint deadline;
    bool answered = false;
  };
  void serve(SteadyPoint now, StreamId stream, Served& served, const StreamReader& reader, Output& out);
  void answer(SteadyPoint now, StreamId stream, Served& served, const StreamReader& question, const StreamMessage& message,
              Output& out);
  void close(StreamId stream, Output& out);
  void complain(SteadyPoint now, const Endpoint& from, const std::string& reason);

  const Settings& settings_;
  Membership& membership_;
  Postman& postman_;
  Counters& counters_;
  Log log_;
  QuietLog quiet_;
  std::map<StreamId, Served> streams_;
  std::size_t held_ = 0;  ///< by all readers
};

}  // namespace metallb::gossip
