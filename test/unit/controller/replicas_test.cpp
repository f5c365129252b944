// Properties over random runs of two replicas of which one leads at a time: leaders lose their lease, are killed or cut off,
// watches are late or dead, and writes stay on their way. As long as what a leader wrote arrives before the next one begins,
// no address is ever shown by two Services and none changes; what arrives later is mended.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <random>
#include <set>

#include "lab.hpp"

namespace metallb::controller {
namespace {

enum class Arrival : std::uint8_t { kWithinTheGrace, kAnyTime };

class Replicas {
 public:
  Replicas(unsigned seed, Arrival arrival) : random_(seed), arrival_(arrival) {
    api_.put(pool("p", {"1.2.3.0/29"}));
    for (auto& replica : replicas_) list(replica);
  }

  void step() {
    const auto dice = random_() % 100;
    auto& replica = replicas_[random_() % 2];
    if (dice < 2) return change_leader();
    if (dice < 3) return kill(replica);
    if (dice < 4) return list(replica);
    if (dice < 5) return void(replica.cut = !replica.cut);
    if (dice < 16) return create();
    if (dice < 22) return remove();
    if (dice < 26) return edit();
    if (dice < 32) return void(now_.steady += std::chrono::milliseconds(random_() % 2000));
    if (dice < 44) return send(replica);
    if (dice < 56) return arrive(random_() % 6);
    if (dice < 80) return run(replica);
    for (auto count = random_() % 8; count > 0; --count) deliver(replica);
  }

  /// The network is whole, everything arrives, and one of them leads until there is nothing more to do.
  void rest() {
    for (auto& replica : replicas_) {
      if (std::exchange(replica.cut, false)) list(replica);
    }
    if (leader() == nullptr) change_leader();
    if (leader() == nullptr) change_leader();
    for (int round = 0; round < 100000; ++round) {
      auto& at = *leader();
      if (!flights_.empty()) {
        arrive(3);
      } else if (at.controller->next_deadline() <= now_.steady) {
        run(at);
      } else if (!at.queued.empty()) {
        send(at);
      } else if (deliver(replicas_[0]) || deliver(replicas_[1])) {
        continue;
      } else if (at.controller->next_deadline() != kIdle) {
        now_.steady = at.controller->next_deadline();
      } else {
        forgiven_.clear();
        return;
      }
    }
    RC_FAIL("the leader does not come to rest");
  }

  /// Addresses that two Services show.
  [[nodiscard]] std::size_t shown_twice() const {
    std::set<std::string> seen;
    std::size_t out = 0;
    for (const auto& [key, object] : api_.services()) {
      for (const auto& ingress : object.status.loadBalancer.ingress) out += seen.insert(ingress.ip).second ? 0 : 1;
    }
    return out;
  }
  /// No address has changed that nobody asked to be changed.
  void check_kept() {
    for (const auto& [key, object] : api_.services()) {
      auto& before = seen_[object.metadata.uid];
      const auto now = shown(object);
      if (!before.empty() && !forgiven_.contains(object.metadata.uid)) RC_ASSERT(now == before);
      before = now;
    }
  }
  /// At rest nobody waits in vain.
  void check_served() const {
    std::size_t with = 0;
    std::size_t plain_without = 0;
    for (const auto& [key, object] : api_.services()) {
      const bool has = !object.status.loadBalancer.ingress.empty();
      with += has ? 1 : 0;
      plain_without += !has && object.metadata.annotations.count(kWanted) == 0 ? 1 : 0;
    }
    RC_ASSERT(plain_without == 0 || with == 8);
  }

 private:
  static inline const Options kOptions{.namespace_ = "metallb-system", .lb_class = "", .leads = false};
  static inline const std::string kWanted = "metallb.io/loadBalancerIPs";

  struct Replica {
    std::unique_ptr<Instance> controller = std::make_unique<Instance>(kOptions);
    std::deque<Input> incoming;
    std::set<ObjectKey> delivered;
    std::vector<kube::Write> queued;  ///< not sent
    int life = 0;
    bool leads = false;
    bool cut = false;  ///< its watch is dead, and it does not know
  };
  /// A PUT that is on its way, bound to the version that was read before.
  struct Flight {
    std::size_t replica;
    int life;
    kube::Write write;
    std::string version;
  };

  Replica* leader() {
    for (auto& replica : replicas_) {
      if (replica.leads) return &replica;
    }
    return nullptr;
  }
  [[nodiscard]] std::size_t index(const Replica& replica) const {
    return static_cast<std::size_t>(&replica - replicas_.data());
  }

  /// The leader loses the lease; or, when there is none, somebody gets it.
  void change_leader() {
    if (auto* old = leader()) return stop(*old);
    auto& next = replicas_[random_() % 2];
    // Nobody begins before its own former writes are over, and in time all of them are.
    for (std::size_t i = 0; i < flights_.size();) {
      if (arrival_ == Arrival::kWithinTheGrace || flights_[i].replica == index(next)) {
        land(i, random_() % 6);
      } else {
        ++i;
      }
    }
    next.leads = true;
    next.cut = false;
    feed(next, Leading{true});
    list(next);
  }
  void stop(Replica& replica) {
    replica.leads = false;
    feed(replica, Leading{false});
    for (const auto& write : std::exchange(replica.queued, {})) feed(replica, lost(write));
  }
  void kill(Replica& replica) {
    auto fresh = Replica{};
    fresh.life = replica.life + 1;
    replica = std::move(fresh);
    list(replica);
  }

  void create() {
    const auto name = "s" + std::to_string(random_() % 10);
    if (api_.services().contains(key_of(name))) return;
    auto object = service(name);
    if (random_() % 4 == 0) object.metadata.annotations[kWanted] = "1.2.3." + std::to_string(random_() % 8);
    api_.put(std::move(object));
  }
  void remove() {
    const auto key = key_of("s" + std::to_string(random_() % 10));
    if (api_.services().contains(key)) api_.remove_service(key);
  }
  void edit() {
    const auto key = key_of("s" + std::to_string(random_() % 10));
    if (!api_.services().contains(key)) return;
    auto object = api_.service(key);
    object.metadata.annotations[kWanted] = "1.2.3." + std::to_string(random_() % 8);
    forgiven_.insert(object.metadata.uid);
    api_.put(std::move(object));
  }

  /// What the API has to tell goes to everybody whose watch lives.
  void drain() {
    for (const auto& input : std::exchange(api_.watch(), {})) {
      for (auto& replica : replicas_) {
        if (!replica.cut) replica.incoming.push_back(input);
      }
    }
  }
  /// The watch begins anew, with a list of this moment.
  void list(Replica& replica) {
    drain();
    replica.cut = false;
    replica.incoming.clear();
    std::set<ObjectKey> there;
    for (auto& input : api_.list()) {
      if (const auto* change = std::get_if<kube::Change<kube::Service>>(&input)) {
        if (const auto* upserted = std::get_if<kube::Upserted<kube::Service>>(change)) {
          there.insert(upserted->object->metadata.key());
        } else {
          for (const auto& key : replica.delivered) {
            if (there.contains(key)) continue;
            replica.incoming.emplace_back(kube::Change<kube::Service>(kube::Removed<kube::Service>{key}));
          }
        }
      }
      replica.incoming.push_back(std::move(input));
    }
  }
  bool deliver(Replica& replica) {
    drain();
    if (replica.incoming.empty()) return false;
    const auto input = replica.incoming.front();
    replica.incoming.pop_front();
    if (const auto* change = std::get_if<kube::Change<kube::Service>>(&input)) {
      if (const auto* upserted = std::get_if<kube::Upserted<kube::Service>>(change)) {
        replica.delivered.insert(upserted->object->metadata.key());
      } else if (const auto* removed = std::get_if<kube::Removed<kube::Service>>(change)) {
        replica.delivered.erase(removed->key);
      }
    }
    feed(replica, input);
    return true;
  }

  static kube::WriteDone lost(const kube::Write& write) {
    return {write.id, std::unexpected(kube::WriteError{kube::WriteError::Reason::kUnavailable, "no answer"})};
  }
  /// Reads the object and sends the PUT.
  void send(Replica& replica) {
    if (replica.queued.empty() || flights_.size() >= 6) return;
    auto write = std::move(replica.queued.front());
    replica.queued.erase(replica.queued.begin());
    std::string version;
    if (write.resource->kind == "Service") {
      const auto found = api_.services().find(write.key);
      if (found == api_.services().end()) return feed(replica, api_.carry_out(write));
      version = found->second.metadata.resourceVersion;
    }
    flights_.push_back({index(replica), replica.life, std::move(write), std::move(version)});
  }
  void arrive(unsigned how) {
    if (!flights_.empty()) land(random_() % flights_.size(), how);
  }
  /// 0: does not arrive; 1: arrives, and its answer does not; else: goes well.
  void land(std::size_t at, unsigned how) {
    const auto flight = flights_[at];
    flights_.erase(flights_.begin() + static_cast<std::ptrdiff_t>(at));
    auto& replica = replicas_[flight.replica];
    auto done = lost(flight.write);
    if (how != 0) {
      const auto found = api_.services().find(flight.write.key);
      const bool conflicts = !flight.version.empty() && found != api_.services().end() &&
                             found->second.metadata.resourceVersion != flight.version;
      if (conflicts && replica.leads && replica.life == flight.life) {
        replica.queued.insert(replica.queued.begin(), flight.write);  // the writer tries again on the fresh object
        return;
      }
      if (!conflicts) {
        done = api_.carry_out(flight.write);
        if (how == 1) done = lost(flight.write);
      }
    }
    if (replica.life == flight.life) feed(replica, done);
  }

  void run(Replica& replica) {
    if (replica.controller->next_deadline() > now_.steady) return;
    Output out;
    replica.controller->on_time(now_, out);
    collect(replica, out);
  }
  void feed(Replica& replica, const Input& input) {
    Output out;
    replica.controller->on_input(now_, input, out);
    collect(replica, out);
  }
  void collect(Replica& replica, Output& out) {
    RC_ASSERT(out.empty() || replica.leads);
    for (auto& action : out) {
      if (auto* write = std::get_if<kube::Write>(&action)) replica.queued.push_back(std::move(*write));
    }
  }

  std::mt19937 random_;
  Arrival arrival_;
  Now now_{SteadyPoint(std::chrono::hours(1)), {}};
  ModelApi api_;
  std::array<Replica, 2> replicas_;
  std::vector<Flight> flights_;
  std::map<std::string, std::string> seen_;  ///< uid -> addresses shown
  std::set<std::string> forgiven_;           ///< uids whose request changed since the last rest
};

TEST(Replicas, NoAddressIsGivenTwiceOrChangesWhileWritesArriveBeforeTheNextLeaderBegins) {
  EXPECT_TRUE(rc::check([](unsigned seed) {
    Replicas replicas(seed, Arrival::kWithinTheGrace);
    for (int i = 0; i < 800; ++i) {
      replicas.step();
      RC_ASSERT(replicas.shown_twice() == 0U);
      replicas.check_kept();
      if (i % 200 == 199) {
        replicas.rest();
        replicas.check_served();
      }
    }
  }));
}

TEST(Replicas, WhatArrivesLaterIsMended) {
  std::size_t trouble = 0;
  EXPECT_TRUE(rc::check([&](unsigned seed) {
    Replicas replicas(seed, Arrival::kAnyTime);
    for (int i = 0; i < 800; ++i) {
      replicas.step();
      trouble += replicas.shown_twice();
      if (i % 200 == 199) {
        replicas.rest();
        RC_ASSERT(replicas.shown_twice() == 0U);
        replicas.check_served();
      }
    }
  }));
  EXPECT_GT(trouble, 0U) << "late writes did no harm: the test shows nothing";
}

}  // namespace
}  // namespace metallb::controller
