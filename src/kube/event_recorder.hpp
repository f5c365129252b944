// Turns notes for the user (EventNote) into core/v1 Events, folded and limited so that a busy component neither floods the
// API server nor the reader:
//   - the same note again counts up the Event that exists already (by patch);
//   - ten different messages of the same kind about one object within ten minutes become one Event, whose message starts
//     with "(combined from similar events): " and shows the latest;
//   - each object has a budget of 25 writes, refilled by one per five minutes. What exceeds it is counted, but not written.
// Operations spec section 4. These are the rules of the stock Kubernetes client library, which tools and users expect.
//
// Events come last: while writes that matter more are under way, notes wait. As long as that lasts, those that have waited
// for ten seconds are written one at a time.
//
// In: notes, outcomes of its writes, and whether other writes are under way. Out: writes. A write that found no server is
// tried again a few times; everything it remembers is bounded. It runs wherever its owner does and does not know what the
// notes mean.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/state_machine.hpp"
#include "base/time.hpp"
#include "kube/lru_map.hpp"
#include "kube/objects/core.hpp"
#include "kube/write.hpp"

namespace metallb::kube {

/// Writes that matter more than Events: the first of them began, or the last of them has ended.
struct OtherWrites {
  bool under_way = false;
};

class EventRecorder {
 public:
  struct Source {
    std::string component;  ///< for example "metallb-speaker"
    std::string instance;   ///< the node, or empty
  };
  struct Limits {
    std::size_t events = 512;      ///< remembered, to be counted up
    std::size_t objects = 1024;    ///< whose budgets are remembered; and groups of similar notes
    std::size_t waiting = 16'384;  ///< notes that wait for their turn, some 200 bytes each; more are dropped
    std::size_t in_flight = 1024;  ///< writes without an outcome, those that wait for another try included
    std::size_t at_once = 3;       ///< writes under way
    Duration quiet = std::chrono::milliseconds(100);  ///< since the end of other writes, until it is an Event's turn
    Duration patience = std::chrono::seconds(10);     ///< with other writes, until Events are written beside them
    std::size_t similar = 10;
    Duration similar_within = std::chrono::minutes(10);
    double burst = 25;
    Duration refill = std::chrono::minutes(5);
    int attempts = 12;
    Duration between_attempts = std::chrono::seconds(10);
  };
  using Input = std::variant<EventNote, WriteDone, OtherWrites>;
  using Output = std::vector<Write>;

  explicit EventRecorder(Source source) : EventRecorder(std::move(source), Limits{}) {}
  EventRecorder(Source source, Limits limits);

  void on_input(Now now, const Input& in, Output& out);
  /// Writes what is due.
  void on_time(Now now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;

  /// Writes without an outcome yet, those that wait for another try included.
  [[nodiscard]] std::size_t in_flight() const { return attempts_.size(); }
  /// Notes whose write has not begun.
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  /// As last written, or to be written. An attempt may outlive what is remembered.
  using Observation = std::shared_ptr<Event>;
  struct Similar {
    std::set<std::size_t> messages;  ///< hashes
    SteadyPoint last;
  };
  struct Bucket {
    double tokens;
    SteadyPoint filled;
  };
  /// A note in one text: ten thousand of them may wait.
  struct Waiting {
    std::string packed;
    EventNote::Type type;
    Now since;
  };
  struct Attempt {
    std::string key;  ///< of the observation
    Observation event;
    Verb verb;
    int number = 1;
  };

  void note(Now now, const EventNote& note);
  void done(Now now, const WriteDone& outcome, Output& out);
  /// Begins as many writes as there may be now.
  void write(Now now, Output& out);
  /// How many writes may be under way.
  [[nodiscard]] std::size_t allowed(SteadyPoint now) const;
  [[nodiscard]] std::size_t under_way() const { return attempts_.size() - retries_.size(); }
  /// When what has waited longest could have been written but for other writes; kIdle when there is nothing.
  [[nodiscard]] SteadyPoint ready_since() const;
  /// Counts the note on the Event that it belongs to, if that is known, or else may be begun.
  [[nodiscard]] Attempt observe(Now now, const EventNote& note, bool begin);
  bool fold(Now now, const std::string& group, const std::string& message);
  bool within_budget(Now now, const std::string& object);
  [[nodiscard]] Event fresh_event(Now now, const EventNote& note, std::string message);
  void emit(ActionId id, const Attempt& attempt, Output& out) const;

  Source source_;
  Limits limits_;
  LruMap<Observation> observations_;
  LruMap<Similar> similar_;
  LruMap<Bucket> buckets_;
  std::deque<Waiting> waiting_;     ///< within the budget of their object
  LruMap<std::int32_t> uncounted_;  ///< repeats beyond it, of notes whose Event is still to come
  std::map<ActionId, Attempt> attempts_;
  std::set<std::pair<SteadyPoint, ActionId>> retries_;  ///< attempts that are not under way, by when they are due
  SteadyPoint free_from_ = SteadyPoint::min();          ///< kIdle while other writes are under way
  std::uint64_t last_id_ = 0;
  std::int64_t last_stamp_ = 0;  ///< part of names, so strictly rising
};

}  // namespace metallb::kube
