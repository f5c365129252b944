// What one peer was told, and what it still has to be told.
//
// There is no timer: whoever sends asks for more whenever the socket takes some. The first question after a change makes a
// batch of all that is different; changes from then on only mark their prefix, and are the next batch. So a single change
// goes out at once and many pack by themselves (bgp spec 4.6). What counts is the difference between what was sent and what
// is wanted now: a route that goes and comes back in between costs nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "bgp/route_table.hpp"
#include "bgp/update_writer.hpp"

namespace metallb::bgp {

class AdjRibOut {
 public:
  AdjRibOut(RouteTable& table, PeerId peer) : table_(table), peer_(peer) {}
  ~AdjRibOut() { end(); }
  AdjRibOut(const AdjRibOut&) = delete;
  AdjRibOut& operator=(const AdjRibOut&) = delete;

  /// The session is established: everything is to be told, then End-of-RIB where the peer knows it.
  void begin(SessionTerms terms);
  /// The session is gone, and with it all that was told.
  void end();

  /// Until end() nothing is wanted any more: what was told is withdrawn.
  void drain();
  [[nodiscard]] bool draining() const { return draining_; }

  /// The wish for this route is another one.
  void changed(RouteIndex route);
  /// Routes whose family got another next hop are told again, or withdrawn if there is none any more.
  void set_next_hops(const NextHops& next_hops);
  /// The peer asks for a family anew (RFC 2918). One dump runs at a time; one more request is remembered, not several.
  void refresh(const Family& family);
  /// Asked for, and not told completely yet.
  [[nodiscard]] bool refreshing(const Family& family) const;

  /// Whether write() would write something, provided that all Services are known and nobody is publishing.
  [[nodiscard]] bool has_work() const;
  /// Appends messages until `out` has `budget` bytes or more, or until there is nothing left to tell. One message may go
  /// beyond the budget.
  void write(std::size_t budget, Bytes& out);

  [[nodiscard]] std::size_t advertised() const { return advertised_; }
  /// True once End-of-RIB went out for every family, or when there is none to send.
  [[nodiscard]] bool initial_dump_done() const { return running_ && ends_due_.empty(); }
  /// Calls `sink(prefix, attributes)` for every route that the peer holds.
  template <class Sink>
  void for_each_advertised(Sink&& sink) const {
    for (RouteIndex route = 0; route < sent_.size(); ++route) {
      if (sent_[route] != 0) sink(table_.prefix(route), table_.attributes(sent_[route] & ~kOutdated));
    }
  }

  struct Counters {
    std::uint64_t updates = 0;          ///< UPDATE messages written, End-of-RIB included
    std::uint64_t route_refreshes = 0;  ///< marks of begin and end (RFC 7313)
    std::uint64_t unwritable = 0;       ///< times that a route was passed over because its attributes do not fit a message
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  /// Set in `sent_` when the peer has the route, but shall be told again.
  static constexpr AttributeId kOutdated = AttributeId{1} << 31;

  /// Routes of one family that get the same attributes; 0: that are withdrawn.
  struct Group {
    AttributeId attributes = 0;
    IpFamily family = IpFamily::kIpv4;
    std::size_t begin = 0;  ///< in routes_
    std::size_t end = 0;
  };

  [[nodiscard]] AttributeId wanted(RouteIndex route);
  [[nodiscard]] bool differs(RouteIndex route, AttributeId wanted) const;
  [[nodiscard]] bool has_outdated(const Family& family) const;
  void mark_outdated(IpFamily family);
  void start_batch(Bytes& out);
  void collect();
  void group(const std::vector<RouteIndex>& candidates);
  void write_message(Bytes& out);
  void finish_batch(Bytes& out);
  void clear_groups();
  void mark_sent(RouteIndex route, AttributeId attributes);
  void write_mark(const Family& family, RouteRefresh::Kind kind, Bytes& out);

  RouteTable& table_;
  const PeerId peer_;
  bool running_ = false;
  SessionTerms terms_;
  std::vector<AttributeId> sent_;  ///< by route; 0: not told
  std::size_t advertised_ = 0;

  bool draining_ = false;
  std::vector<RouteIndex> dirty_;  ///< may repeat
  bool all_dirty_ = false;         ///< instead of a long list

  bool batch_ = false;
  bool cut_short_ = false;          ///< the batch does not hold all that it began with
  std::vector<Group> groups_;       ///< of the batch: announcements, then withdrawals; they hold their attributes
  std::vector<RouteIndex> routes_;  ///< of the batch
  std::size_t at_group_ = 0;
  std::size_t at_route_ = 0;
  Bytes group_attributes_;  ///< of groups_[at_group_]; empty: not written yet

  std::vector<Family> ends_due_;           ///< families that wait for their End-of-RIB
  std::vector<Family> refreshes_due_;      ///< asked for
  std::vector<Family> refreshes_running_;  ///< begun with this batch, or with one that left something to tell
  Counters counters_;
};

}  // namespace metallb::bgp
