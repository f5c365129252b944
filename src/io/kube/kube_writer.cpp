// Carries out kube::Write: a few coroutines, each of which takes the next object with writes, carries out the first of
// them, and puts the object back at the end of the line. So the writes of one object stay in order, no object waits for
// all writes of another, and ten thousand writes that come at once cost no more than the room they take in the queues.
#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <deque>
#include <exception>
#include <list>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "base/contract.hpp"
#include "base/random.hpp"
#include "io/entropy.hpp"
#include "io/kube/kube_client.hpp"
#include "io/kube/write_outcome.hpp"
#include "kube/json_text.hpp"
#include "kube/merge_patch.hpp"

namespace metallb::io {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using kube::Verb;
using kube::Write;
using kube::WriteError;
using Reason = WriteError::Reason;
using Answer = std::expected<KubeResponse, SystemError>;
using Outcome = std::expected<std::string, WriteError>;

/// Half of the requests that the client has under way at once: a burst of writes leaves room for lists.
constexpr int kWritesAtOnce = 6;
constexpr int kConflictAttempts = 8;
constexpr Duration kConflictPause = std::chrono::milliseconds(5);  // doubles up to:
constexpr Duration kConflictPauseMaximum = std::chrono::milliseconds(160);

/// The object that a write is about. Creations with a generated name are about no object that others could mean.
using Target = std::tuple<const kube::Resource*, ObjectKey, std::uint64_t>;

struct Job {
  Write write;
  std::function<void(kube::WriteDone)> done;
};

Outcome failed(Reason reason, std::string message) {
  return std::unexpected(WriteError{reason, std::move(message)});
}

Outcome other_object(const Write& write) {
  return failed(Reason::kGone, write.key.to_string() + " is another object now: its uid is not " + write.uid);
}

/// Outlives the writer as long as a coroutine needs it; `closed` once the writer has gone.
class Shared : public std::enable_shared_from_this<Shared> {
 public:
  Shared(KubeClient& client, asio::io_context& loop, Log log, KubeWriter::Permission permission, KubeWriter::Busy busy)
      : client_(client), loop_(loop), log_(log), permission_(std::move(permission)), busy_(std::move(busy)) {}

  void submit(Job job) {
    METALLB_CONTRACT(job.write.resource != nullptr, "a write needs its resource");
    if (++jobs_ == 1 && busy_) busy_(true);
    const bool generated = job.write.verb == Verb::kCreate && job.write.key.name.empty();
    const Target target{job.write.resource, job.write.key, generated ? ++generated_ : 0};
    const auto [queue, first] = queues_.try_emplace(target);
    queue->second.push_back(std::move(job));
    if (!first) return;  // the object is in the line, or being written to
    line_.push_back(queue);
    if (running_ == kWritesAtOnce) return;
    ++running_;
    starting_ = true;
    asio::co_spawn(loop_, work(shared_from_this()), [](const std::exception_ptr& thrown) {
      if (thrown) std::rethrow_exception(thrown);  // a bug of ours
    });
    starting_ = false;
  }
  void close() { closed_ = true; }

 private:
  /// Lists, since most objects have one write, for which a deque would take half a kilobyte.
  using Queues = std::map<Target, std::list<Job>>;

  static asio::awaitable<void> work(std::shared_ptr<Shared> self) {
    while (!self->line_.empty()) {
      const auto queue = self->line_.front();  // nobody else removes it from the map
      self->line_.pop_front();
      auto outcome = co_await self->carry_out(queue->second.front().write);
      if (self->starting_) co_await asio::post(self->loop_, asio::use_awaitable);  // out of submit()
      if (self->closed_) co_return;
      const auto job = std::move(queue->second.front());
      if (!outcome && self->log_.debug_enabled()) {
        self->log_.debug({{"op", "write"},
                          {"resource", job.write.resource->plural},
                          {"name", job.write.key.to_string()},
                          {"error", outcome.error().message}});
      }
      queue->second.pop_front();
      // In its place before the callback, which may submit the next write for the same object.
      if (queue->second.empty()) {
        self->queues_.erase(queue);
      } else {
        self->line_.push_back(queue);
      }
      job.done({.id = job.write.id, .result = std::move(outcome)});
      if (self->closed_) co_return;
      // Afterwards, since the outcome often brings the next write.
      if (--self->jobs_ == 0 && self->busy_) self->busy_(false);
    }
    --self->running_;
  }

  asio::awaitable<Outcome> carry_out(const Write& write) {
    switch (write.verb) {
      case Verb::kCreate:
        co_return write_outcome(write.verb, co_await send("POST", write.resource->path(write.key.namespace_), write.body));
      case Verb::kMergePatch:
        co_return co_await merge_patch(write);
      case Verb::kUpdate:
        co_return co_await update(write);
      case Verb::kDelete:
        co_return co_await remove(write);
    }
    METALLB_CONTRACT(false, "a write has one of four verbs");
  }

  /// With a uid: the server refuses a patch that would change it, since it is immutable.
  asio::awaitable<Outcome> merge_patch(const Write& write) {
    const auto path = write.resource->path(write.key, write.subresource);
    auto body = write.body;
    if (!write.uid.empty()) {
      auto patch = kube::parse_json(body);
      if (!patch || !patch->is_object()) co_return failed(Reason::kInvalid, "the patch is no JSON object");
      kube::apply_merge_patch(*patch, json::value{{"metadata", {{"uid", write.uid}}}});
      body = json::serialize(*patch);
    }
    auto outcome = write_outcome(write.verb, co_await send("PATCH", path, std::move(body), "application/merge-patch+json"));
    if (write.uid.empty()) co_return outcome;
    if (outcome) {
      // Custom resources take over no metadata from a status patch, so they do not see the precondition either.
      if (uid_of(*outcome) != write.uid) co_return other_object(write);
      co_return outcome;
    }
    const auto reason = outcome.error().reason;
    if (reason == Reason::kConflict || reason == Reason::kInvalid) {
      if (co_await replaced(write)) co_return other_object(write);
    }
    co_return outcome;
  }

  /// By a patch, in one request; where the role grants update alone, by GET and PUT.
  asio::awaitable<Outcome> update(const Write& write) {
    const auto what = std::pair(write.resource, write.subresource);
    if (!no_patches_.contains(what)) {
      auto outcome = co_await merge_patch(write);
      if (outcome || outcome.error().reason != Reason::kForbidden) co_return outcome;
      if (no_patches_.insert(what).second) {
        log_.info({{"op", "write"},
                   {"resource", write.resource->plural},
                   {"subresource", write.subresource},
                   {"reason", outcome.error().message},
                   {"msg", "patches are not permitted, reading and replacing objects instead"}});
      }
    }
    co_return co_await read_and_replace(write);
  }

  asio::awaitable<Outcome> read_and_replace(const Write& write) {
    const auto patch = kube::parse_json(write.body);
    if (!patch || !patch->is_object()) co_return failed(Reason::kInvalid, "the patch is no JSON object");
    Outcome outcome;
    auto pause = kConflictPause;
    for (int attempt = 0; attempt < kConflictAttempts && !closed_; ++attempt) {
      if (attempt > 0) {
        co_await sleep(random_.jittered(pause, 1.0));
        pause = std::min(pause * 2, kConflictPauseMaximum);
      }
      outcome = co_await update_once(write, *patch);
      if (outcome || outcome.error().reason != Reason::kConflict) break;
    }
    co_return outcome;
  }

  /// Reads the object itself, not its subresource: who may update a status may not always read it.
  asio::awaitable<Outcome> update_once(const Write& write, const json::value& patch) {
    auto fresh = write_outcome(write.verb, co_await send("GET", write.resource->path(write.key)));
    if (!fresh) co_return fresh;
    auto object = kube::parse_json(*fresh);
    if (!object || !object->is_object()) co_return failed(Reason::kUnavailable, "the server's object is no JSON object");
    if (!write.uid.empty() && uid_of(*object) != write.uid) co_return other_object(write);
    const auto before = *object;
    kube::apply_merge_patch(*object, patch);
    if (*object == before) co_return fresh;
    // The fresh resourceVersion and uid go along, so that a change or a re-creation since the GET is a conflict.
    co_return write_outcome(
        write.verb, co_await send("PUT", write.resource->path(write.key, write.subresource), json::serialize(*object)));
  }

  asio::awaitable<Outcome> remove(const Write& write) {
    std::string options;
    if (!write.uid.empty()) {
      options = json::serialize(
          json::value{{"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"preconditions", {{"uid", write.uid}}}});
    }
    auto outcome = write_outcome(write.verb, co_await send("DELETE", write.resource->path(write.key), std::move(options)));
    if (outcome) co_return std::string();
    if (!write.uid.empty() && outcome.error().reason == Reason::kConflict && co_await replaced(write)) {
      co_return other_object(write);
    }
    co_return outcome;
  }

  /// Whether another object has the name by now.
  asio::awaitable<bool> replaced(const Write& write) {
    const auto found = co_await send("GET", write.resource->path(write.key));
    co_return found && found->status == 200 && uid_of(found->body) != write.uid;
  }

  asio::awaitable<Answer> send(std::string method, std::string target, std::string body = {},
                               std::string content_type = "application/json") {
    KubeClient::Request request;
    request.method = std::move(method);
    request.target = std::move(target);
    if (!body.empty()) request.content_type = std::move(content_type);
    request.body = std::move(body);
    if (closed_)
      co_return std::unexpected(SystemError{.operation = "write", .object = request.target, .code = {}, .detail = {}});
    if (permission_ && !permission_()) {
      co_return std::unexpected(SystemError{
          .operation = std::move(request.method), .object = request.target, .code = {}, .detail = "not permitted any more"});
    }
    // When the client is stopped it drops the callback, and with it this coroutine.
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Answer)>(
        [this](auto handler, KubeClient::Request wanted) {
          const auto resume = std::make_shared<decltype(handler)>(std::move(handler));
          client_.request(std::move(wanted), [resume](Answer answer) { std::move (*resume)(std::move(answer)); });
        },
        asio::use_awaitable, std::move(request));
  }

  asio::awaitable<void> sleep(Duration duration) {
    asio::steady_timer timer(loop_, duration);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }

  KubeClient& client_;
  asio::io_context& loop_;
  Log log_;
  KubeWriter::Permission permission_;
  KubeWriter::Busy busy_;
  std::size_t jobs_ = 0;  ///< submitted, and without an outcome yet
  Random random_{random_seed()};
  Queues queues_;                      ///< none is empty
  std::deque<Queues::iterator> line_;  ///< objects whose next write has not begun
  int running_ = 0;
  bool starting_ = false;  ///< a coroutine is being started inside submit()
  /// What the server does not let us patch.
  std::set<std::pair<const kube::Resource*, std::string>> no_patches_;
  std::uint64_t generated_ = 0;
  bool closed_ = false;
};

class Writer final : public KubeWriter {
 public:
  Writer(KubeClient& client, asio::io_context& loop, Log log, Permission permission, Busy busy)
      : shared_(std::make_shared<Shared>(client, loop, log, std::move(permission), std::move(busy))) {}
  ~Writer() override { shared_->close(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void submit(Write write, std::function<void(kube::WriteDone)> done) override {
    shared_->submit({std::move(write), std::move(done)});
  }

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace

std::unique_ptr<KubeWriter> KubeWriter::create(KubeClient& client, asio::io_context& loop, Log log, Permission permission,
                                               Busy busy) {
  return std::make_unique<Writer>(client, loop, log, std::move(permission), std::move(busy));
}

}  // namespace metallb::io
