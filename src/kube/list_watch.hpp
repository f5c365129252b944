// Keeps one kind in step with the API server: the pure list/watch machine.
//
// It lists in pages, watches from the list's version, follows bookmarks, opens the watch again from the last version when
// it ends, and lists anew when that version is no longer known (410 Gone) or the server had been away altogether (it may
// have come back with another history). What it delivers is a kube::Change per object, and Listed after the last page of
// every list. Nothing is removed because the server is away: removals come from the watch, or from a complete list in
// which an object is missing. An object whose state is already known (same uid and resourceVersion) is not delivered
// again. An item that cannot be decoded is reported and skipped; what was delivered of it before stays.
//
// Where all namespaces are wanted rather than needed, it makes do with one as soon as the server refuses them (403).
//
// In: answers to list requests, events of the watch stream, the wish for a fresh list. Out: requests (Action) and changes.
// It owns no connection: io/kube drives it on the main loop. One list request or one watch is under way at a time, so
// nothing needs an id.
//
// Kubernetes API Concepts, "Efficient detection of changes" and "Retrieving large results sets in chunks".
#pragma once

#include <boost/json/fwd.hpp>
#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/backoff.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/state_machine.hpp"
#include "base/time.hpp"
#include "kube/change.hpp"
#include "kube/json.hpp"
#include "kube/resource.hpp"

namespace metallb::kube {

namespace list_watch {

// Inputs. The views need to live for the call only.

/// The answer to the last StartList: an HTTP status with its body, or status 0 and the reason when there was no answer.
struct ListAnswered {
  int status = 0;
  std::string_view body;
};
/// The last StartWatch got its 200.
struct WatchOpened {};
/// One line of the watch: a JSON object with "type" and "object".
struct WatchLine {
  std::string_view line;
};
/// The stream is over. After WatchOpened: 200 when the server ended it, 0 when the connection broke. Before: the error
/// status with its body, or 0 and the reason.
struct WatchEnded {
  int status = 0;
  std::string_view body;
};
/// Somebody must know that nothing is missing that the server had before now: a list, even though the watch goes well (it
/// may be dead without a sign). The next Listed ends one that was asked for after this.
struct ListAnew {};
using Input = std::variant<ListAnswered, WatchOpened, WatchLine, WatchEnded, ListAnew>;

// Actions. Targets are path and query, escaped.

struct StartList {
  std::string target;
};
struct StartWatch {
  std::string target;
};
/// Close the stream; nothing of it may come in afterwards.
struct StopWatch {};
/// All namespaces are refused; from now on, and for good, it is about Options::fallback_namespace.
struct Narrowed {};
using Action = std::variant<StartList, StartWatch, StopWatch, Narrowed>;

struct Options {
  std::string namespace_;               ///< empty: all namespaces
  std::string fallback_namespace = {};  ///< instead of all of them, where they are refused; empty: none
  std::string label_selector;
  std::string field_selector;
  std::int32_t page_size = 500;
  /// Asked of the server; each watch adds up to half of it, so that not all end together.
  std::chrono::seconds watch_timeout{240};
  /// A watch that says nothing for so long is taken for dead and opened again. Servers send bookmarks about once a minute.
  std::chrono::seconds silence{150};
  /// A stream that is neither opened nor refused for so long is given up.
  std::chrono::seconds opening{15};
  Duration backoff_initial = std::chrono::milliseconds(200);
  /// Bounds how long after its return the server is noticed (twice this, with jitter), so it is short.
  Duration backoff_maximum = std::chrono::seconds(3);
  /// For a kind that can be done without: how long (up to twice this) to wait after a 403; zero: as after other trouble.
  Duration refused_retry = Duration::zero();
};

/// What the core hands over while it works through an input. ListWatch<T> turns it into typed changes.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual std::expected<void, DecodeError> upsert(const boost::json::value& object) = 0;
  virtual void remove(const ObjectKey& key) = 0;
  virtual void listed() = 0;
  virtual void act(Action action) = 0;
};

/// All of the machine but the type of its objects.
class Core {
 public:
  Core(const Resource& resource, Options options, Random random, Log log);

  void on_input(Now now, const Input& in, Sink& sink);
  void on_time(Now now, Sink& sink);
  [[nodiscard]] SteadyPoint next_deadline() const { return deadline_; }
  /// How many objects are known to exist, as far as they could be decoded.
  [[nodiscard]] std::size_t known() const { return known_.size(); }
  /// Why the kind cannot be read at present; empty where it can.
  [[nodiscard]] std::string trouble() const { return in_trouble_ ? trouble_ : std::string(); }

 private:
  enum class State : std::uint8_t {
    kWaitingToList,   ///< until deadline_
    kListing,         ///< a page is under way
    kWaitingToWatch,  ///< until deadline_
    kOpening,         ///< given up at deadline_
    kWatching,        ///< taken for dead at deadline_
  };
  struct Known {
    std::size_t version;  ///< hash of uid and resourceVersion: one per object of the cluster, so it has to be small
    std::uint64_t round;  ///< the list that saw it last
  };
  struct Identity {
    ObjectKey key;
    std::size_t version = 0;
    std::string resource_version;
  };

  void on(Now now, const ListAnswered& in, Sink& sink);
  void on(Now now, const WatchOpened& in, Sink& sink);
  void on(Now now, const WatchLine& in, Sink& sink);
  void on(Now now, const WatchEnded& in, Sink& sink);
  void on(Now now, const ListAnew& in, Sink& sink);

  void take_page(Now now, std::string_view body, Sink& sink);
  void finish_list(Now now, Sink& sink);
  void list_refused(Now now, const ListAnswered& in, Sink& sink);
  void take_event(Now now, const boost::json::object& event, Sink& sink);
  void take_error_event(Now now, const boost::json::object& status, Sink& sink);
  void take_object(const boost::json::value& object, Sink& sink);
  static Identity identify(const boost::json::value& object);

  void start_list(Sink& sink);
  void start_watch(Now now, Sink& sink);
  void wait_to_list_from_start(SteadyPoint when);
  void wait_to_watch(SteadyPoint when);
  /// The watch is over or closed by us; `why` goes to the log.
  void rewatch(Now now, std::string_view why);
  void relist_after_gone(Now now);
  void heard(Now now);
  void trouble(std::string_view op, int status, std::string_view why);
  /// After an answer with `status` that is not mended by the same request. True when there is another scope to try.
  bool narrow(Now now, int status, Sink& sink);
  SteadyPoint after_refusal(Now now, int status);
  SteadyPoint after_backoff(Now now);
  [[nodiscard]] std::string target(std::vector<std::pair<std::string_view, std::string>> query) const;

  const Resource& resource_;
  const Options options_;
  std::string namespace_;  ///< the one of the options, or the fallback
  Random random_;
  Log log_;

  State state_ = State::kWaitingToList;
  SteadyPoint deadline_ = SteadyPoint::min();  ///< due at once
  Backoff backoff_;
  int watch_failures_ = 0;    ///< in a row, since the last list or sign of life
  bool in_trouble_ = false;   ///< said so in the log
  std::string trouble_;       ///< the cause that was logged last
  bool gone_lately_ = false;  ///< 410 without a sign of life since

  std::unordered_map<ObjectKey, Known> known_;
  std::uint64_t round_ = 0;
  std::string continue_;     ///< token of the next page
  bool whole_list_ = false;  ///< ask without limit, since pages expired on the way
  bool outdated_ = false;    ///< the list request that is under way, since a newer list is wanted
  std::string version_;      ///< to watch from
  SteadyPoint opened_at_{};
  bool heard_since_opened_ = false;
};

}  // namespace list_watch

/// The machine for one kind. Conforms to StateMachine.
template <class T>
class ListWatch {
 public:
  using Input = list_watch::Input;
  struct Output {
    std::vector<list_watch::Action> actions;
    std::vector<Change<T>> changes;
  };

  /// The first on_time() starts it.
  ListWatch(list_watch::Options options, Random random, Log log)
      : core_(resource_of<T>(), std::move(options), random, log) {}

  void on_input(Now now, const Input& in, Output& out) {
    TypedSink sink(out);
    core_.on_input(now, in, sink);
  }
  void on_time(Now now, Output& out) {
    TypedSink sink(out);
    core_.on_time(now, sink);
  }
  [[nodiscard]] SteadyPoint next_deadline() const { return core_.next_deadline(); }
  [[nodiscard]] std::size_t known() const { return core_.known(); }
  [[nodiscard]] std::string trouble() const { return core_.trouble(); }

 private:
  class TypedSink final : public list_watch::Sink {
   public:
    explicit TypedSink(Output& out) : out_(out) {}
    std::expected<void, DecodeError> upsert(const boost::json::value& object) override {
      auto decoded = decode<T>(object);
      if (!decoded) return std::unexpected(std::move(decoded).error());
      // A whole manifest that nobody here reads, kept with every object that was applied.
      auto& annotations = decoded->metadata.annotations;
      if (const auto found = annotations.find("kubectl.kubernetes.io/last-applied-configuration");
          found != annotations.end()) {
        std::string().swap(found->second);  // its memory would go on to the annotation that moves into its place
        annotations.erase(found);
      }
      out_.changes.push_back(Upserted<T>{std::make_shared<const T>(*std::move(decoded))});
      return {};
    }
    void remove(const ObjectKey& key) override { out_.changes.push_back(Removed<T>{key}); }
    void listed() override { out_.changes.push_back(Listed<T>{}); }
    void act(list_watch::Action action) override { out_.actions.push_back(std::move(action)); }

   private:
    Output& out_;
  };

  list_watch::Core core_;
};

}  // namespace metallb::kube
