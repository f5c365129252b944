// The client's two operations, request and stream, on top of KubeCall.
#include "io/kube/kube_client.hpp"

#include <utility>

#include "io/clock.hpp"
#include "io/kube/connection_pool.hpp"
#include "io/kube/deadline.hpp"
#include "io/kube/kube_call.hpp"
#include "io/kube/line_splitter.hpp"

namespace metallb::io {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kBodyLimit = 256U << 20U;          // bytes of one response: lists are large
constexpr std::size_t kLineLimit = 32U << 20U;           // bytes of one watch event
constexpr std::size_t kRefusalLimit = 1U << 20U;         // bytes of the body of a refused watch
constexpr auto kOpenTimeout = std::chrono::seconds(30);  // until a watch's header is there

using Pool = std::shared_ptr<ConnectionPool>;
using Answer = std::expected<KubeResponse, SystemError>;

asio::awaitable<Answer> carry_out(Pool pool, const KubeClient::Request& request) {
  const auto slot = co_await pool->slot();
  if (!slot) {
    co_return std::unexpected(SystemError{.operation = "request",
                                          .object = request.method + " " + request.target,
                                          .code = std::make_error_code(std::errc::operation_canceled),
                                          .detail = {}});
  }
  KubeCall call(*pool, kBodyLimit);
  const Deadline deadline(pool->loop(), now().steady + request.timeout, [&call] { call.abandon(std::errc::timed_out); });
  if (const auto started = co_await call.start(request); !started) co_return std::unexpected(started.error());
  for (;;) {
    const auto going = co_await call.more();
    if (!going) co_return std::unexpected(going.error());
    if (!*going) break;
  }
  KubeResponse response{.status = call.status(), .body = call.take_body()};
  call.finish();
  co_return response;
}

asio::awaitable<void> run_request(Pool pool, KubeClient::Request request, KubeClient::Done done) {
  auto answer = co_await carry_out(pool, request);
  co_await pool->outside_start();
  if (pool->stopped()) co_return;
  pool->count(answer ? std::to_string(answer->status) : "<error>", request.method);
  done(std::move(answer));
}

/// What a stream and its coroutine share. `closed` by its owner: no callback runs any more.
struct StreamState {
  KubeClient::StreamHandlers handlers;
  KubeCall* call = nullptr;
  bool closed = false;
};

class OpenStream final : public KubeClient::Stream {
 public:
  explicit OpenStream(std::shared_ptr<StreamState> state) : state_(std::move(state)) {}
  ~OpenStream() override {
    state_->closed = true;
    if (state_->call != nullptr) state_->call->abandon(std::errc::operation_canceled);
  }
  OpenStream(const OpenStream&) = delete;
  OpenStream& operator=(const OpenStream&) = delete;

 private:
  std::shared_ptr<StreamState> state_;
};

bool silent(const Pool& pool, const StreamState& state) {
  return pool->stopped() || state.closed;
}

asio::awaitable<Answer> refused(KubeCall& call) {
  KubeResponse response{.status = call.status(), .body = call.take_body()};
  for (bool going = true; going && response.body.size() < kRefusalLimit;) {
    const auto more = co_await call.more();
    if (!more) co_return std::unexpected(more.error());
    going = *more;
    response.body += call.take_body();
  }
  call.finish();
  co_return response;
}

/// Until the end of the stream; callers ask silent() before they use the answer.
asio::awaitable<Answer> follow(const Pool& pool, StreamState& state, KubeCall& call, const std::string& target) {
  KubeClient::Request request;
  request.target = target;
  {
    const Deadline opening(pool->loop(), now().steady + kOpenTimeout, [&call] { call.abandon(std::errc::timed_out); });
    const auto started = co_await call.start(request);
    pool->count(started ? std::to_string(call.status()) : "<error>", "GET");
    if (!started) co_return std::unexpected(started.error());
    if (call.status() != 200) co_return co_await refused(call);
  }
  co_await pool->outside_start();
  if (silent(pool, state)) co_return KubeResponse{};
  state.handlers.opened();
  LineSplitter lines(kLineLimit);
  const auto deliver = [&](std::string_view line) {
    if (!silent(pool, state)) state.handlers.line(line);
    return !silent(pool, state);
  };
  for (;;) {
    if (silent(pool, state)) co_return KubeResponse{};
    if (!lines.feed(call.take_body(), deliver)) break;
    const auto going = co_await call.more();
    if (!going) co_return std::unexpected(going.error());
    if (!*going) break;
  }
  if (lines.too_long()) {
    co_return std::unexpected(SystemError{.operation = "watch",
                                          .object = target,
                                          .code = std::make_error_code(std::errc::message_size),
                                          .detail = "an event is larger than 32 MiB"});
  }
  if (!lines.rest().empty()) deliver(lines.rest());
  call.finish();
  co_return KubeResponse{.status = 200, .body = {}};
}

asio::awaitable<void> run_stream(Pool pool, std::shared_ptr<StreamState> state, std::string target) {
  if (silent(pool, *state)) co_return;
  std::expected<KubeResponse, SystemError> answer;
  {
    KubeCall call(*pool, std::nullopt);
    state->call = &call;
    answer = co_await follow(pool, *state, call, target);
    state->call = nullptr;
  }
  co_await pool->outside_start();
  if (silent(pool, *state)) co_return;
  state->handlers.ended(std::move(answer));
}

class Client final : public KubeClient {
 public:
  Client(asio::io_context& loop, KubeEndpoint endpoint, Log log)
      : pool_(std::make_shared<ConnectionPool>(loop, std::move(endpoint), log)) {}
  ~Client() override { Client::stop(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void request(Request request, Done done) override {
    if (pool_->stopped()) return;
    pool_->start(run_request(pool_, std::move(request), std::move(done)));
  }
  std::unique_ptr<Stream> stream(std::string target, StreamHandlers handlers) override {
    auto state = std::make_shared<StreamState>(StreamState{.handlers = std::move(handlers)});
    pool_->start(run_stream(pool_, state, std::move(target)));
    return std::make_unique<OpenStream>(std::move(state));
  }
  [[nodiscard]] std::map<std::pair<std::string, std::string>, std::uint64_t> request_counts() const override {
    return pool_->counts();
  }
  void stop() override { pool_->stop(); }

 private:
  Pool pool_;
};

}  // namespace

std::string host_text(const KubeEndpoint& endpoint) {
  return endpoint.host.contains(':') ? "[" + endpoint.host + "]" : endpoint.host;
}

std::unique_ptr<KubeClient> KubeClient::create(asio::io_context& loop, KubeEndpoint endpoint, Log log) {
  return std::make_unique<Client>(loop, std::move(endpoint), log);
}

}  // namespace metallb::io
