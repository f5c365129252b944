// Carries out kube::Write: one coroutine per object with writes, which takes them in order and then ends.
#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <deque>
#include <exception>
#include <map>
#include <tuple>
#include <utility>

#include "base/contract.hpp"
#include "base/random.hpp"
#include "io/entropy.hpp"
#include "io/kube/kube_client.hpp"
#include "io/kube/write_outcome.hpp"
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
  Shared(KubeClient& client, asio::io_context& loop, Log log) : client_(client), loop_(loop), log_(log) {}

  void submit(Job job) {
    METALLB_CONTRACT(job.write.resource != nullptr, "a write needs its resource");
    const bool generated = job.write.verb == Verb::kCreate && job.write.key.name.empty();
    const Target target{job.write.resource, job.write.key, generated ? ++generated_ : 0};
    auto& queue = queues_[target];
    queue.push_back(std::move(job));
    if (queue.size() > 1) return;  // its coroutine comes to it
    asio::co_spawn(loop_, work(shared_from_this(), target), [](const std::exception_ptr& thrown) {
      if (thrown) std::rethrow_exception(thrown);  // a bug of ours
    });
  }
  void close() { closed_ = true; }

 private:
  static asio::awaitable<void> work(std::shared_ptr<Shared> self, Target target) {
    const auto queue = self->queues_.find(target);  // nobody else removes it
    while (!queue->second.empty()) {
      auto& job = queue->second.front();
      auto outcome = co_await self->carry_out(job.write);
      if (self->closed_) co_return;
      const auto done = std::move(job.done);
      const auto id = job.write.id;
      if (!outcome && self->log_.debug_enabled()) {
        self->log_.debug({{"op", "write"},
                          {"resource", job.write.resource->plural},
                          {"name", job.write.key.to_string()},
                          {"error", outcome.error().message}});
      }
      queue->second.pop_front();
      // Taken out of the map before the callback, which may submit the next write for the same object.
      const bool last = queue->second.empty();
      if (last) self->queues_.erase(queue);
      done({.id = id, .result = std::move(outcome)});
      if (last || self->closed_) co_return;
    }
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
      json::error_code bad;
      auto patch = json::parse(body, bad);
      if (bad || !patch.is_object()) co_return failed(Reason::kInvalid, "the patch is no JSON object");
      kube::apply_merge_patch(patch, json::value{{"metadata", {{"uid", write.uid}}}});
      body = json::serialize(patch);
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

  asio::awaitable<Outcome> update(const Write& write) {
    json::error_code bad;
    const auto patch = json::parse(write.body, bad);
    if (bad || !patch.is_object()) co_return failed(Reason::kInvalid, "the patch is no JSON object");
    Outcome outcome;
    auto pause = kConflictPause;
    for (int attempt = 0; attempt < kConflictAttempts && !closed_; ++attempt) {
      if (attempt > 0) {
        co_await sleep(random_.jittered(pause, 1.0));
        pause = std::min(pause * 2, kConflictPauseMaximum);
      }
      outcome = co_await update_once(write, patch);
      if (outcome || outcome.error().reason != Reason::kConflict) break;
    }
    co_return outcome;
  }

  /// Reads the object itself, not its subresource: who may update a status may not always read it.
  asio::awaitable<Outcome> update_once(const Write& write, const json::value& patch) {
    auto fresh = write_outcome(write.verb, co_await send("GET", write.resource->path(write.key)));
    if (!fresh) co_return fresh;
    json::error_code bad;
    auto object = json::parse(*fresh, bad);
    if (bad || !object.is_object()) co_return failed(Reason::kUnavailable, "the server's object is no JSON object");
    if (!write.uid.empty() && uid_of(*fresh) != write.uid) co_return other_object(write);
    const auto before = object;
    kube::apply_merge_patch(object, patch);
    if (object == before) co_return fresh;
    // The fresh resourceVersion and uid go along, so that a change or a re-creation since the GET is a conflict.
    co_return write_outcome(
        write.verb, co_await send("PUT", write.resource->path(write.key, write.subresource), json::serialize(object)));
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
  Random random_{random_seed()};
  std::map<Target, std::deque<Job>> queues_;
  std::uint64_t generated_ = 0;
  bool closed_ = false;
};

class Writer final : public KubeWriter {
 public:
  Writer(KubeClient& client, asio::io_context& loop, Log log) : shared_(std::make_shared<Shared>(client, loop, log)) {}
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

std::unique_ptr<KubeWriter> KubeWriter::create(KubeClient& client, asio::io_context& loop, Log log) {
  return std::make_unique<Writer>(client, loop, log);
}

}  // namespace metallb::io
