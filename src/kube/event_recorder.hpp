// Turns notes for the user (EventNote) into core/v1 Events, folded and limited so that a busy component neither floods the
// API server nor the reader:
//   - the same note again counts up the Event that exists already (by patch);
//   - ten different messages of the same kind about one object within ten minutes become one Event, whose message starts
//     with "(combined from similar events): " and shows the latest;
//   - each object has a budget of 25 writes, refilled by one per five minutes. What exceeds it is counted, but not written.
// Operations spec section 4. These are the rules of the stock Kubernetes client library, which tools and users expect.
//
// In: notes, and outcomes of its writes. Out: writes. A write that found no server is tried again a few times; everything
// it remembers is bounded. It runs wherever its owner does and does not know what the notes mean.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/state_machine.hpp"
#include "base/time.hpp"
#include "kube/lru_map.hpp"
#include "kube/objects/core.hpp"
#include "kube/write.hpp"

namespace metallb::kube {

class EventRecorder {
 public:
  struct Source {
    std::string component;  ///< for example "metallb-speaker"
    std::string instance;   ///< the node, or empty
  };
  struct Limits {
    std::size_t remembered = 1024;  ///< Events, objects and groups of similar notes, each
    std::size_t in_flight = 1024;   ///< writes without an outcome; notes beyond them are dropped
    std::size_t similar = 10;
    Duration similar_within = std::chrono::minutes(10);
    double burst = 25;
    Duration refill = std::chrono::minutes(5);
    int attempts = 12;
    Duration between_attempts = std::chrono::seconds(10);
  };
  using Input = std::variant<EventNote, WriteDone>;
  using Output = std::vector<Write>;

  explicit EventRecorder(Source source) : EventRecorder(std::move(source), Limits{}) {}
  EventRecorder(Source source, Limits limits);

  void on_input(Now now, const Input& in, Output& out);
  /// Tries again what is due.
  void on_time(Now now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;

  /// Writes without an outcome yet, those that wait for another try included.
  [[nodiscard]] std::size_t in_flight() const { return attempts_.size(); }

 private:
  struct Observation {
    Event event;  ///< as last written, or to be written
  };
  struct Similar {
    std::set<std::size_t> messages;  ///< hashes
    SteadyPoint last;
  };
  struct Bucket {
    double tokens;
    SteadyPoint filled;
  };
  struct Attempt {
    std::string key;  ///< of the observation
    Verb verb;
    int number = 1;
    SteadyPoint due = kIdle;  ///< of the next try; kIdle while one is under way
  };

  void note(Now now, const EventNote& note, Output& out);
  void done(Now now, const WriteDone& outcome, Output& out);
  bool fold(Now now, const std::string& group, const std::string& message);
  bool within_budget(Now now, const std::string& object);
  [[nodiscard]] Event fresh_event(Now now, const EventNote& note, std::string message);
  void emit(ActionId id, const Attempt& attempt, const Event& event, Output& out) const;

  Source source_;
  Limits limits_;
  LruMap<Observation> observations_;
  LruMap<Similar> similar_;
  LruMap<Bucket> buckets_;
  std::map<ActionId, Attempt> attempts_;
  std::uint64_t last_id_ = 0;
  std::int64_t last_stamp_ = 0;  ///< part of names, so strictly rising
};

}  // namespace metallb::kube
