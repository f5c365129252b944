// A queue of keys to reconcile: each key is in it once, fails with a back-off of its own, and is never given out twice at
// the same time. Pure: the time comes in, due keys go out.
//
//   queue.add(key);                                     // something about it changed
//   while (auto key = queue.take(now.steady)) {         // a slice of work
//     const bool good = reconcile(*key);
//     if (good) queue.forget(*key); else queue.retry(now.steady, *key);
//     queue.done(*key);
//   }
//   next_deadline(): queue.next_deadline()
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/contract.hpp"
#include "base/time.hpp"

namespace metallb::kube {

/// `Key` needs an order.
template <class Key>
class WorkQueue {
 public:
  /// Kubernetes' own defaults: 5 ms, doubling to 1000 s.
  struct Limits {
    Duration initial = std::chrono::milliseconds(5);
    Duration maximum = std::chrono::seconds(1000);
  };

  WorkQueue() : WorkQueue(Limits{}) {}
  explicit WorkQueue(Limits limits) : limits_(limits) {}
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;
  WorkQueue(WorkQueue&&) = default;
  WorkQueue& operator=(WorkQueue&&) = default;

  /// Due at once. A key that is being worked on becomes due when it is done.
  void add(const Key& key) {
    const auto [at, is_new] = items_.try_emplace(key);
    auto& [known, item] = *at;
    if (item.queued) return;
    item.queued = true;
    if (!item.working) ready_.push_back(&known);
  }

  /// Due after `delay`; of several delays the earliest point counts, and add() still makes it due at once.
  void add_after(SteadyPoint now, const Key& key, Duration delay) {
    auto& item = items_[key];
    const auto when = now + delay;
    if (item.delayed && *item.delayed <= when) return;
    if (item.delayed) delayed_.erase({*item.delayed, key});
    item.delayed = when;
    delayed_.emplace(when, key);
  }

  /// It failed: due after its back-off, which doubles with every call until forget(). Returns the delay.
  Duration retry(SteadyPoint now, const Key& key) {
    auto& item = items_[key];
    auto delay = limits_.initial;
    for (std::uint32_t i = 0; i < item.failures && delay < limits_.maximum; ++i) delay *= 2;
    delay = std::min(delay, limits_.maximum);
    ++item.failures;
    add_after(now, key, delay);
    return delay;
  }

  /// It went well: the next failure starts from the shortest delay. A point in time asked for by add_after() stays.
  void forget(const Key& key) {
    const auto found = items_.find(key);
    if (found == items_.end()) return;
    found->second.failures = 0;
    drop_if_unused(found);
  }

  /// The next due key, in the order in which they became due. Belongs to the caller until done().
  [[nodiscard]] std::optional<Key> take(SteadyPoint now) {
    while (!delayed_.empty() && delayed_.begin()->first <= now) {
      const Key key = delayed_.begin()->second;
      delayed_.erase(delayed_.begin());
      items_[key].delayed.reset();
      add(key);
    }
    if (ready_.empty()) return std::nullopt;
    const auto& key = *ready_.front();
    ready_.pop_front();
    auto& item = items_.at(key);
    item.queued = false;
    item.working = true;
    return key;
  }

  void done(const Key& key) {
    const auto found = items_.find(key);
    METALLB_CONTRACT(found != items_.end() && found->second.working, "only a key that was taken can be done");
    found->second.working = false;
    if (found->second.queued) ready_.push_back(&found->first);
    drop_if_unused(found);
  }

  /// kIdle when nothing waits, SteadyPoint::min() when a key is due already.
  [[nodiscard]] SteadyPoint next_deadline() const {
    if (!ready_.empty()) return SteadyPoint::min();
    return delayed_.empty() ? kIdle : delayed_.begin()->first;
  }

  /// Keys due at once, for the queue depth metric.
  [[nodiscard]] std::size_t ready() const { return ready_.size(); }
  /// How often in a row the key has failed.
  [[nodiscard]] std::uint32_t failures(const Key& key) const {
    const auto found = items_.find(key);
    return found == items_.end() ? 0 : found->second.failures;
  }
  /// Keys that the queue remembers anything about.
  [[nodiscard]] std::size_t size() const { return items_.size(); }

 private:
  struct Item {
    bool queued = false;   ///< due, or due again when done
    bool working = false;  ///< taken and not yet done
    std::uint32_t failures = 0;
    std::optional<SteadyPoint> delayed;
  };

  void drop_if_unused(typename std::map<Key, Item>::iterator item) {
    const auto& i = item->second;
    if (!i.queued && !i.working && i.failures == 0 && !i.delayed) items_.erase(item);
  }

  Limits limits_;
  std::map<Key, Item> items_;
  std::deque<const Key*> ready_;  ///< of items_, which keep what is queued
  std::set<std::pair<SteadyPoint, Key>> delayed_;
};

}  // namespace metallb::kube
