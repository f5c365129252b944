// One client's view of one kind: a list, then changes in order, each some time after it was made. While the server is away
// nothing comes; afterwards the watch is resumed, or everything is listed anew. A list may be of an older state than the
// newest, as a server's cache may be, and a watch may be stuck for a while.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/random.hpp"
#include "sim/api.hpp"
#include "sim/timeline.hpp"

namespace metallb::sim {

/// How far a client is from the API server.
struct Distance {
  Duration delay = std::chrono::milliseconds(5);
  Duration jitter = std::chrono::milliseconds(10);
  /// A first list that leaves out the newest changes: so many of each kind at most.
  std::size_t stale = 0;
};

class AnyWatch : public ApiListener {
 public:
  /// The first list is asked for now.
  virtual void start() = 0;
  /// The client has ended.
  virtual void end() = 0;
  /// Nothing comes until then.
  virtual void stick_until(SteadyPoint when) = 0;
};

template <class T>
class Watch final : public AnyWatch {
 public:
  using Deliver = std::function<void(const kube::Change<T>&)>;

  Watch(Timeline& timeline, Api& api, Random random, Distance distance, Deliver deliver)
      : timeline_(timeline), api_(api), random_(random), distance_(distance), deliver_(std::move(deliver)) {
    api_.of<T>().listeners.insert(this);
  }
  ~Watch() override { end(); }

  void start() override {
    timeline_.after(delay(), [this] { list(); });
  }
  void end() override {
    if (ended_) return;
    ended_ = true;
    api_.of<T>().listeners.erase(this);
  }
  void stick_until(SteadyPoint when) override { stuck_until_ = std::max(stuck_until_, when); }

  void changed() override {
    if (listed_) schedule();
  }
  void available_again() override {
    if (ended_) return;
    // kube/list_watch.hpp: back-off up to three seconds, with jitter.
    const auto back_off = std::chrono::milliseconds(200 + random_.below(3000));
    timeline_.after(back_off, [this] {
      if (!listed_) return list();
      if (random_.below(2) == 0) return relist();
      schedule();
    });
  }

 private:
  Duration delay() {
    return distance_.delay + Duration(static_cast<Duration::rep>(random_.below(distance_.jitter.count() + 1)));
  }
  [[nodiscard]] bool quiet() const { return ended_ || !api_.available(); }

  void list() {
    if (quiet() || listed_) return;
    auto& kind = api_.of<T>();
    listed_ = true;
    position_ = kind.log.size() - std::min(kind.log.size(), distance_.stale);
    auto changes = newest(0, position_);
    std::erase_if(changes, [](const auto& change) { return std::holds_alternative<kube::Removed<T>>(change); });
    changes.emplace_back(kube::Listed<T>{});
    hand_over(std::move(changes));
    schedule();
  }
  /// Everything that changed since, and Listed after it.
  void relist() {
    if (quiet()) return;
    const auto end = api_.of<T>().log.size();
    auto changes = newest(position_, end);
    changes.emplace_back(kube::Listed<T>{});
    position_ = end;
    hand_over(std::move(changes));
  }
  /// The last change of each object within a part of the log.
  std::vector<kube::Change<T>> newest(std::size_t from, std::size_t to) {
    const auto& log = api_.of<T>().log;
    std::map<ObjectKey, std::size_t> last;
    for (auto at = from; at < to; ++at) last[key_of(log[at])] = at;
    std::vector<kube::Change<T>> out;
    for (const auto& [key, at] : last) out.push_back(log[at]);
    return out;
  }
  static ObjectKey key_of(const kube::Change<T>& change) {
    if (const auto* upserted = std::get_if<kube::Upserted<T>>(&change)) return upserted->object->metadata.key();
    return std::get<kube::Removed<T>>(change).key;
  }

  void schedule() {
    if (scheduled_ || quiet()) return;
    scheduled_ = true;
    last_ = std::max({last_, stuck_until_, timeline_.now() + delay()});
    timeline_.at(last_, [this] {
      scheduled_ = false;
      if (quiet()) return;
      const auto& log = api_.of<T>().log;
      const auto from = position_;
      position_ = log.size();
      for (auto at = from; at < position_ && !ended_; ++at) deliver_(log[at]);
    });
  }
  void hand_over(std::vector<kube::Change<T>> changes) {
    last_ = std::max({last_, stuck_until_, timeline_.now() + delay()});
    timeline_.at(last_, [this, changes = std::move(changes)] {
      for (const auto& change : changes) {
        if (!ended_) deliver_(change);
      }
    });
  }

  Timeline& timeline_;
  Api& api_;
  Random random_;
  Distance distance_;
  Deliver deliver_;
  std::size_t position_ = 0;  ///< in the log of the kind
  bool listed_ = false;
  bool scheduled_ = false;
  bool ended_ = false;
  SteadyPoint stuck_until_ = SteadyPoint::min();
  SteadyPoint last_ = SteadyPoint::min();  ///< of what is on its way: nothing overtakes
};

}  // namespace metallb::sim
