#include "io/kube/connection_pool.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>

#include "io/clock.hpp"
#include "io/kube/kube_call.hpp"

namespace metallb::io {
namespace {

/// The writer takes half of them (kube_writer.cpp), so that lists and writes never wait for each other altogether.
constexpr std::size_t kRequestsAtOnce = 12;
/// A little less than servers keep an idle connection (90 s in kube-apiserver), so that we rather than they close it.
constexpr auto kKeepIdle = std::chrono::seconds(80);

}  // namespace

ConnectionPool::ConnectionPool(boost::asio::io_context& loop, KubeEndpoint endpoint, Log log)
    : loop_(loop),
      endpoint_(std::move(endpoint)),
      tls_(make_tls_client_context(endpoint_)),
      token_(endpoint_.token, endpoint_.token_file, log),
      drop_timer_(loop) {}

boost::asio::awaitable<std::optional<ConnectionPool::Slot>> ConnectionPool::slot() {
  if (stopped_) co_return std::nullopt;
  if (busy_ < kRequestsAtOnce) {
    ++busy_;
    co_return Slot(*this);
  }
  Waiter waiter(*this);
  co_await waiter.timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  if (waiter.granted) co_return Slot(*this);
  co_return std::nullopt;
}

void ConnectionPool::start(boost::asio::awaitable<void> work) {
  starting_ = true;
  boost::asio::co_spawn(loop_, std::move(work), [](const std::exception_ptr& thrown) {
    if (thrown) std::rethrow_exception(thrown);  // a bug of ours, which must not pass in silence
  });
  starting_ = false;
}

boost::asio::awaitable<void> ConnectionPool::outside_start() {
  if (starting_) co_await boost::asio::post(loop_, boost::asio::use_awaitable);
}

void ConnectionPool::free_slot() {
  if (waiters_.empty()) {
    --busy_;
    return;
  }
  auto* const next = waiters_.front();
  waiters_.pop_front();
  next->granted = true;
  next->timer.cancel();
}

std::unique_ptr<KubeConnection> ConnectionPool::take() {
  while (!kept_.empty()) {
    auto newest = std::move(kept_.back().connection);
    kept_.pop_back();
    if (newest->reusable()) return newest;
  }
  return nullptr;
}

void ConnectionPool::keep(std::unique_ptr<KubeConnection> connection) {
  if (stopped_) return;
  kept_.push_back({std::move(connection), now().steady});
  if (kept_.size() == 1) drop_old();
}

/// Closes what was idle for too long, and comes again for the rest.
void ConnectionPool::drop_old() {
  const auto limit = now().steady - kKeepIdle;
  std::erase_if(kept_, [&](const Kept& kept) { return kept.since <= limit; });
  if (kept_.empty()) return;
  drop_timer_.expires_at(kept_.front().since + kKeepIdle);
  drop_timer_.async_wait([this, alive = std::weak_ptr<void>(alive_)](const boost::system::error_code& cancelled) {
    if (!cancelled && !alive.expired()) drop_old();
  });
}

std::expected<std::unique_ptr<KubeConnection>, SystemError> ConnectionPool::make() {
  if (!tls_) return std::unexpected(tls_.error());
  return std::make_unique<KubeConnection>(loop_, endpoint_, *tls_);
}

void ConnectionPool::stop() {
  stopped_ = true;
  kept_.clear();
  drop_timer_.cancel();
  for (auto* call : calls_) call->abandon(std::errc::operation_canceled);
  for (auto* waiter : waiters_) waiter->timer.cancel();
}

}  // namespace metallb::io
