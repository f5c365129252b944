// Properties over random runs: the controller is killed at any moment, writes fail or lose their answer, the watch is late,
// tells things twice, or begins anew from a list; the pool shrinks, grows, goes and comes back. Whatever happens, no
// Service's address changes unless its request or the pool did, none is shown outside the pool, and none by two Services
// that may not share it.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <random>

#include "lab.hpp"

namespace metallb::controller {
namespace {

class Chaos {
 public:
  explicit Chaos(unsigned seed) : random_(seed), controller_(std::make_unique<Instance>(kOptions)) {
    put_pool(8);
    relist();
  }

  void step() {
    // Rare enough that the controller gets somewhere in between: a list takes some twenty deliveries.
    const auto dice = random_() % 126;
    if (dice < 2) return kill();
    if (dice < 4) return relist();
    if (dice < 20) return create();
    if (dice < 26) return remove();
    if (dice < 36) return edit();
    if (dice < 46) {
      now_.steady += std::chrono::milliseconds(random_() % 2000);
      return;
    }
    if (dice < 66) return write(random_() % 5);
    if (dice < 90) return run();
    if (dice >= 124) return rest();
    if (dice >= 120) return edit_pool();
    for (auto count = random_() % 12; count > 0; --count) deliver(random_() % 4 == 0);
  }

  /// Everything comes through, until there is nothing more to do.
  void calm_down() {
    for (int round = 0; round < 100000; ++round) {
      drain();
      if (controller_->next_deadline() <= now_.steady) {
        run();
      } else if (!writes_.empty()) {
        write(3);
      } else if (!incoming_.empty()) {
        deliver(false);
      } else if (controller_->next_deadline() != kIdle) {
        now_.steady = controller_->next_deadline();
      } else {
        return;
      }
    }
    RC_FAIL("the controller does not come to rest");
  }

  /// Everything that was asked for has been done: from here on, addresses are to stay.
  void rest() {
    if (capacity_ == 0) put_pool(8);
    calm_down();
    check();
    forgiven_.clear();
    pool_changed_ = false;
    check();
  }

  /// What must hold at every moment, as anybody can see it at the API. Right after a change of the pool statuses may show
  /// what was.
  void check() {
    std::map<std::string, std::vector<const kube::Service*>> users;
    for (const auto& [key, object] : api_.services()) {
      for (const auto& ingress : object.status.loadBalancer.ingress) {
        users[ingress.ip].push_back(&object);
        if (!pool_changed_) RC_ASSERT(in_pool(ingress.ip));
      }
      auto& before = seen_[object.metadata.uid];
      const auto now = shown(object);
      if (!before.empty() && !pool_changed_ && !forgiven_.contains(object.metadata.uid)) RC_ASSERT(now == before);
      before = now;
    }
    for (const auto& [address, services] : users) {
      RC_ASSERT(services.size() == 1 || std::all_of(services.begin(), services.end(), is_sharing));
      std::set<std::int32_t> ports;
      for (const auto* user : services) RC_ASSERT(ports.insert(user->spec.ports[0].port).second);
    }
  }

  /// At rest, nobody waits for an address that is to be had.
  void check_served() {
    std::set<std::string> used;
    std::size_t waiting = 0;
    for (const auto& [key, object] : api_.services()) {
      for (const auto& ingress : object.status.loadBalancer.ingress) used.insert(ingress.ip);
      const bool plain = object.spec.clusterIPs.size() == 1 && object.metadata.annotations.count(kRequest) == 0;
      if (plain && shown(object).empty()) ++waiting;
    }
    const auto v4 = std::count_if(used.begin(), used.end(), [](const auto& a) { return a.starts_with("1.2.3."); });
    if (waiting > 0) RC_ASSERT(v4 == capacity_);
    const auto in_use = controller_->allocator().statistics("p").in_use;
    RC_ASSERT(in_use.total() == static_cast<std::int64_t>(used.size()));
  }

 private:
  static inline const Options kOptions{"metallb-system", ""};
  static inline const std::string kRequest = "metallb.io/loadBalancerIPs";
  [[nodiscard]] bool in_pool(const std::string& address) const {
    const auto& entries = api_.pool(pool_key("p")).spec.addresses;
    return std::any_of(entries.begin(), entries.end(),
                       [&](const auto& entry) { return IpPrefix::parse(entry)->contains(*IpAddress::parse(address)); });
  }
  static bool is_sharing(const kube::Service* service) {
    return service->metadata.annotations.contains("metallb.io/allow-shared-ip");
  }

  std::string any_name() { return "s" + std::to_string(random_() % 12); }

  void create() {
    const auto name = any_name();
    if (api_.services().contains(key_of(name))) return;
    auto object = service(name);
    const auto kind = random_() % 4;
    if (kind == 1) {
      object.spec.clusterIPs = {"10.96.0.1", "3000::1"};
      object.spec.ipFamilyPolicy = "RequireDualStack";
    } else if (kind == 2) {
      object.metadata.annotations["metallb.io/allow-shared-ip"] = "key";
      object.spec.ports[0].port = static_cast<std::int32_t>(random_() % 3);
    } else if (kind == 3) {
      object.metadata.annotations[kRequest] = "1.2.3." + std::to_string(random_() % 8);
    }
    api_.put(std::move(object));
  }
  void remove() {
    const auto key = key_of(any_name());
    if (api_.services().contains(key)) api_.remove_service(key);
  }
  /// A user asks for another address; from then on it may change.
  void edit() {
    const auto key = key_of(any_name());
    if (!api_.services().contains(key) || api_.service(key).spec.clusterIPs.size() != 1) return;
    auto object = api_.service(key);
    object.metadata.annotations[kRequest] = "1.2.3." + std::to_string(random_() % 8);
    forgiven_.insert(object.metadata.uid);
    api_.put(std::move(object));
  }
  /// Sizes: none (the pool is deleted), 4, 8, 16.
  void edit_pool() {
    const auto size = std::array{0, 0, 4, 8, 16}[random_() % 5];
    if (size == capacity_) return;
    pool_changed_ = true;
    if (size == 0) {
      capacity_ = 0;
      api_.remove_pool(pool_key("p"));
    } else {
      put_pool(size);
    }
  }
  void put_pool(int size) {
    capacity_ = size;
    api_.put(pool("p", {size == 4 ? "1.2.3.0/30" : size == 8 ? "1.2.3.0/29" : "1.2.3.0/28", "1000::/126"}));
  }
  /// The watch breaks; what it had to tell is lost, and a list of this moment takes its place.
  void relist() {
    incoming_.clear();
    std::set<ObjectKey> there;
    for (auto& input : api_.list()) {
      if (const auto* pools = std::get_if<kube::Change<kube::IPAddressPool>>(&input);
          pools != nullptr && std::holds_alternative<kube::Listed<kube::IPAddressPool>>(*pools) && capacity_ == 0) {
        incoming_.emplace_back(kube::Change<kube::IPAddressPool>(kube::Removed<kube::IPAddressPool>{pool_key("p")}));
      }
      if (const auto* change = std::get_if<kube::Change<kube::Service>>(&input)) {
        if (const auto* upserted = std::get_if<kube::Upserted<kube::Service>>(change)) {
          there.insert(upserted->object->metadata.key());
        } else {
          for (const auto& key : delivered_) {
            if (there.contains(key)) continue;
            incoming_.emplace_back(kube::Change<kube::Service>(kube::Removed<kube::Service>{key}));
          }
        }
      }
      incoming_.push_back(std::move(input));
    }
  }
  void kill() {
    controller_ = std::make_unique<Instance>(kOptions);
    writes_.clear();
    delivered_.clear();
    relist();
  }
  /// 0: fails; 1: is carried out, but the answer is lost; else: goes well.
  void write(unsigned how) {
    if (writes_.empty()) return;
    const auto first = writes_.front();
    writes_.erase(writes_.begin());
    const kube::WriteError lost{kube::WriteError::Reason::kUnavailable, "no answer"};
    if (how == 0) return feed(kube::WriteDone{first.id, std::unexpected(lost)});
    auto done = api_.carry_out(first);
    if (how == 1) done.result = std::unexpected(lost);
    feed(done);
  }
  void drain() {
    for (auto& input : std::exchange(api_.watch(), {})) incoming_.push_back(std::move(input));
  }
  void deliver(bool twice) {
    drain();
    if (incoming_.empty()) return;
    const auto input = incoming_.front();
    incoming_.pop_front();
    if (const auto* change = std::get_if<kube::Change<kube::Service>>(&input)) {
      if (const auto* upserted = std::get_if<kube::Upserted<kube::Service>>(change)) {
        delivered_.insert(upserted->object->metadata.key());
      } else if (const auto* removed = std::get_if<kube::Removed<kube::Service>>(change)) {
        delivered_.erase(removed->key);
      }
    }
    feed(input);
    if (twice) feed(input);
  }
  void run() {
    Output out;
    controller_->on_time(now_, out);
    collect(out);
  }
  void feed(const Input& input) {
    Output out;
    controller_->on_input(now_, input, out);
    collect(out);
  }
  void collect(Output& out) {
    for (auto& action : out) {
      if (auto* found = std::get_if<kube::Write>(&action)) writes_.push_back(std::move(*found));
    }
  }

  std::mt19937 random_;
  Now now_{SteadyPoint(std::chrono::hours(1)), {}};
  ModelApi api_;
  std::unique_ptr<Instance> controller_;
  std::vector<kube::Write> writes_;
  std::deque<Input> incoming_;
  std::set<ObjectKey> delivered_;
  std::map<std::string, std::string> seen_;  ///< uid -> addresses shown
  std::set<std::string> forgiven_;           ///< uids whose request changed since the last rest
  bool pool_changed_ = false;                ///< since the last rest
  int capacity_ = 0;                         ///< IPv4 addresses of the pool; 0: there is none
};

TEST(KillPoints, NoAddressChangesAndNoneIsGivenTwice) {
  EXPECT_TRUE(rc::check([](unsigned seed) {
    Chaos chaos(seed);
    for (int i = 0; i < 400; ++i) {
      chaos.step();
      chaos.check();
    }
    chaos.rest();
    chaos.check_served();
  }));
}

}  // namespace
}  // namespace metallb::controller
