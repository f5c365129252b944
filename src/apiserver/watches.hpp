// Open watches: each is a filter on the changes, not a queue of them. What a change means to a watch depends on whether the
// object matched before and matches now.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "apiserver/filter.hpp"
#include "apiserver/instance.hpp"
#include "apiserver/representation.hpp"
#include "apiserver/store.hpp"
#include "base/random.hpp"

namespace metallb::apiserver {

class Watches {
 public:
  Watches(const Store& store, std::uint64_t seed) : store_(store), random_(seed) {}

  /// Opens a stream and brings it up to date: from the resourceVersion asked for, or with everything there is as ADDED. A
  /// version outside of the window ends the stream with an ERROR event of code 410, as a real server does.
  [[nodiscard]] Result<void> open(Now now, RequestId id, const Route& route, const Query& query, const Form& form,
                                  Output& out);
  void close(RequestId id) { watches_.erase(id); }
  /// Ends the watches of versions that are served no more.
  void end_unserved(Output& out);

  /// Sends each watch what it wants to know of new changes.
  void deliver(Now now, const std::vector<Event>& events, Output& out);
  /// Bookmarks each minute to those that asked for them; ends watches whose time is up.
  void on_time(Now now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const;
  [[nodiscard]] std::size_t size() const { return watches_.size(); }

 private:
  struct Watch {
    Route route;
    Filter filter;
    Form form;
    bool bookmarks = false;
    SteadyPoint next_bookmark = kIdle;
    SteadyPoint end = kIdle;
  };
  /// The line of one event for one watch; empty when it does not concern it.
  [[nodiscard]] std::string line(const Watch& watch, const Event& event, WallPoint now) const;
  [[nodiscard]] std::string bookmark(const Watch& watch) const;
  [[nodiscard]] std::string initial_events(const Watch& watch, WallPoint now) const;

  const Store& store_;
  Random random_;
  std::map<RequestId, Watch> watches_;
};

}  // namespace metallb::apiserver
