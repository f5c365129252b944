// The classical detector: one member at a time is pinged, then pinged by others for us and over TCP; who answers none of it
// is suspected (gossip spec 6).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

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
#include "gossip/ticker.hpp"

namespace metallb::gossip {

class Prober {
 public:
  Prober(const Settings& settings, Membership& membership, Postman& postman, Numbers& numbers, Random& random,
         Counters& counters, Log log)
      : settings_(settings),
        membership_(membership),
        postman_(postman),
        numbers_(numbers),
        random_(random),
        counters_(counters),
        log_(log),
        ticker_(settings.probe_interval) {}

  void start(SteadyPoint now) { ticker_.start(now); }
  void stop(Output& out);

  /// True when the number belongs to the probe under way, which has succeeded then.
  bool acknowledged(std::uint32_t seq_no, Output& out);
  void refused(std::uint32_t seq_no);
  /// A packet to this endpoint did not arrive.
  void unreachable(const Endpoint& endpoint, Output& out);

  // ---- the TCP ping ----
  [[nodiscard]] bool owns(StreamId stream) const { return probe_ && probe_->stream == stream; }
  void connected(Output& out);
  void received(SteadyPoint now, ByteView data, Output& out);
  void ended(SteadyPoint now, const std::string& error);

  void on_time(SteadyPoint now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;
  /// This node did not run for `late`: what came meanwhile may be lost, so the probe under way proves nothing and starts
  /// anew. Of a node that is late all the time see kPause.
  void paused(SteadyPoint now, Duration late, Output& out);

 private:
  struct Probe {
    std::string node;
    WireAddress address;
    Endpoint endpoint;
    bool answers_tcp = false;
    std::uint32_t incarnation = 0;  ///< at the start
    std::uint32_t seq_no = 0;
    SteadyPoint ask_others_at;
    SteadyPoint deadline;
    bool asked_others = false;
    std::int64_t nacks_wanted = 0;
    std::int64_t nacks = 0;
    std::optional<StreamId> stream;
    bool connected = false;
    StreamReader reader;
    bool reached_by_tcp = false;
    int voided = 0;
  };
  void begin(SteadyPoint now, Output& out);
  void probe(SteadyPoint now, const Entry& target, int voided, Output& out);
  void ask_others(Output& out);
  void finish(SteadyPoint now, Output& out);
  void close_stream(Output& out);
  void stream_failed(SteadyPoint now, const std::string& reason);

  const Settings& settings_;
  Membership& membership_;
  Postman& postman_;
  Numbers& numbers_;
  Random& random_;
  Counters& counters_;
  Log log_;
  QuietLog quiet_;
  Ticker ticker_;
  bool tick_waits_ = false;  ///< one tick is remembered while a probe is under way
  std::optional<Probe> probe_;
};

}  // namespace metallb::gossip
