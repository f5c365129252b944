// The list/watch machine against a model of an API server that fails at random: whatever happens, once the server answers
// again, what was delivered equals what the server holds; and nothing was removed that had not been deleted.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <map>
#include <set>
#include <string>

#include "kube/list_watch.hpp"
#include "kube/store.hpp"

namespace metallb::kube {
namespace {

using namespace std::chrono_literals;
using namespace list_watch;
using Machine = ListWatch<ConfigMap>;

/// Objects with versions, a history of events (the watch window), and pages that may expire.
class ModelServer {
 public:
  void put(const std::string& name) { record("put", name, ++version_); }
  void remove(const std::string& name) {
    if (objects_.contains(name)) record("remove", name, ++version_);
  }
  void forget_history() {
    history_.clear();
    oldest_ = version_;
  }
  /// Another life: same objects, lower versions, no history.
  void restart() {
    ++life_;
    version_ = 0;
    auto before = std::exchange(objects_, {});
    for (const auto& [name, item] : before) objects_[name] = {++version_, life_};
    forget_history();
  }

  ListAnswered answer(const std::string& target, std::string& body) {
    const auto token = target.find("continue=");
    std::string after;
    if (token != std::string::npos) {
      const auto parts = target.substr(token + 9);
      if (std::stoul(parts) != oldest_) return {410, "expired"};
      after = parts.substr(parts.find('.') + 1);
    }
    const std::size_t limit = target.find("limit=") == std::string::npos ? objects_.size() : 2;
    std::string items;
    std::size_t count = 0;
    auto at = objects_.upper_bound(after);
    std::string last;
    for (; at != objects_.end() && count < limit; ++at, ++count) {
      items += (items.empty() ? "" : ",") + text(at->first, at->second);
      last = at->first;
    }
    const auto next = at == objects_.end() ? "" : std::to_string(oldest_) + "." + last;
    body = R"({"metadata":{"resourceVersion":")" + std::to_string(version_) + R"(","continue":")" + next +
           R"("},"items":[)" + items + "]}";
    return {200, body};
  }

  /// Whether a watch from `version` can be served.
  [[nodiscard]] bool knows(std::uint64_t version) const { return version >= oldest_ && version <= version_; }
  /// The event lines after `version`.
  [[nodiscard]] std::vector<std::pair<std::uint64_t, std::string>> since(std::uint64_t version) const {
    std::vector<std::pair<std::uint64_t, std::string>> out;
    for (const auto& [at, line] : history_) {
      if (at > version) out.emplace_back(at, line);
    }
    return out;
  }
  [[nodiscard]] std::uint64_t version() const { return version_; }
  [[nodiscard]] std::map<std::string, std::string> state() const {
    std::map<std::string, std::string> out;
    for (const auto& [name, item] : objects_) out[name] = std::to_string(item.version);
    return out;
  }
  [[nodiscard]] bool deleted(const std::string& name) const { return deleted_.contains(name); }

 private:
  struct Item {
    std::uint64_t version = 0;
    int life = 0;
  };
  static std::string text(const std::string& name, const Item& item) {
    return R"({"metadata":{"namespace":"n","name":")" + name + R"(","uid":"u)" + std::to_string(item.life) +
           R"(","resourceVersion":")" + std::to_string(item.version) + R"("}})";
  }
  void record(const std::string& what, const std::string& name, std::uint64_t version) {
    const bool known = objects_.contains(name);
    const Item item{version, life_};
    const std::string type = what == "remove" ? "DELETED" : known ? "MODIFIED" : "ADDED";
    history_.emplace_back(version, R"({"type":")" + type + R"(","object":)" + text(name, item) + "}");
    if (what == "remove") {
      objects_.erase(name);
      deleted_.insert(name);
    } else {
      objects_[name] = item;
    }
  }

  std::map<std::string, Item> objects_;
  std::deque<std::pair<std::uint64_t, std::string>> history_;
  std::set<std::string> deleted_;
  std::uint64_t version_ = 0;
  std::uint64_t oldest_ = 0;
  int life_ = 1;
};

/// The driver: carries out actions against the model, and feeds what comes of them back.
class World {
 public:
  explicit World(std::uint64_t seed) : machine_(small_pages(), Random(seed), Log()) {}

  ModelServer server;
  bool up = true;

  void advance(Duration duration) {
    now_ += duration;
    Machine::Output out;
    machine_.on_time({now_, {}}, out);
    take(out);
  }
  /// One list answer or the next watch lines.
  void answer() {
    if (list_) {
      const auto target = *std::exchange(list_, std::nullopt);
      std::string body;
      give(up ? Input(server.answer(target, body)) : Input(ListAnswered{0, "refused"}));
    } else if (watching_) {
      serve_watch();
    }
  }
  void cut() {
    if (!watching_) return;
    watching_.reset();
    give(WatchEnded{0, "reset"});
  }
  [[nodiscard]] bool has_work() const { return list_ || (watching_ && (!opened_ || watched_to_ < server.version())); }
  [[nodiscard]] bool settled() const { return watching_ && opened_ && !has_work(); }
  [[nodiscard]] SteadyPoint deadline() const { return machine_.next_deadline(); }
  [[nodiscard]] SteadyPoint now() const { return now_; }
  [[nodiscard]] std::map<std::string, std::string> delivered() const {
    std::map<std::string, std::string> out;
    for (const auto& [key, object] : store_.objects()) out[key.name] = object->metadata.resourceVersion;
    return out;
  }

 private:
  static Options small_pages() {
    Options out;
    out.page_size = 2;
    return out;
  }
  void serve_watch() {
    if (!up) return cut();
    if (!opened_) {
      if (!server.knows(*watching_)) {
        watching_.reset();
        return give(WatchEnded{410, "too old"});
      }
      opened_ = true;
      watched_to_ = *watching_;
      give(WatchOpened{});
    }
    if (!server.knows(watched_to_)) {
      // A server whose history went on without this watch says so: it never skips events in silence.
      return give(WatchLine{R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}})"});
    }
    for (const auto& [version, line] : server.since(watched_to_)) {
      if (!watching_) return;
      watched_to_ = version;
      give(WatchLine{line});
    }
    watched_to_ = server.version();
  }
  void give(const Input& input) {
    Machine::Output out;
    machine_.on_input({now_, {}}, input, out);
    take(out);
  }
  void take(const Machine::Output& out) {
    for (const auto& change : out.changes) {
      if (const auto* removed = std::get_if<Removed<ConfigMap>>(&change)) RC_ASSERT(server.deleted(removed->key.name));
      store_.apply(change);
    }
    for (const auto& action : out.actions) {
      if (const auto* list = std::get_if<StartList>(&action)) {
        RC_ASSERT(!list_);
        RC_ASSERT(!watching_);
        list_ = list->target;
      } else if (const auto* watch = std::get_if<StartWatch>(&action)) {
        RC_ASSERT(!list_);
        RC_ASSERT(!watching_);
        watching_ = std::stoull(watch->target.substr(watch->target.find("resourceVersion=") + 16));
        opened_ = false;
      } else {
        watching_.reset();
      }
    }
  }

  Machine machine_;
  Store<ConfigMap> store_;
  SteadyPoint now_{1h};
  std::optional<std::string> list_;
  std::optional<std::uint64_t> watching_;
  bool opened_ = false;
  std::uint64_t watched_to_ = 0;
};

RC_GTEST_PROP(ListWatchModel, ConvergesToTheServersStateAfterAnyFailures, (std::uint64_t seed)) {
  World world(seed);
  Random random(seed);
  for (int step = 0; step < 150; ++step) {
    const auto name = std::string(1, static_cast<char>('a' + random.below(7)));
    switch (random.below(12)) {
      case 0:
      case 1:
        world.server.put(name);
        break;
      case 2:
        world.server.remove(name);
        break;
      case 3:
        world.cut();
        break;
      case 4:
        world.server.forget_history();
        break;
      case 5:
        world.up = !world.up;
        break;
      case 6:
        // A restart takes time, in which the server is not there.
        if (random.below(4) == 0) {
          world.cut();
          world.up = false;
          for (int i = 0; i < 3; ++i) {
            world.advance(10s);
            world.answer();
          }
          world.server.restart();
        }
        break;
      case 7:
        world.advance(std::chrono::milliseconds(random.below(3000)));
        break;
      default:
        world.answer();
    }
  }
  world.up = true;
  int rounds = 0;
  while (!world.settled()) {
    RC_ASSERT(++rounds < 200);
    if (world.has_work()) {
      world.answer();
    } else {
      RC_ASSERT(world.deadline() != kIdle);
      RC_ASSERT(world.deadline() - world.now() < 7s);  // it heals within seconds
      world.advance(std::max(Duration::zero(), world.deadline() - world.now()));
    }
  }
  RC_ASSERT(world.delivered() == world.server.state());
}

}  // namespace
}  // namespace metallb::kube
