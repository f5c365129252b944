// What all calls to the API server share: kept connections, the limit of requests under way, the token, the counts.
#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <expected>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/time.hpp"
#include "io/kube/bearer_token.hpp"
#include "io/kube/kube_client.hpp"
#include "io/kube/kube_connection.hpp"

namespace metallb::io {

class KubeCall;

class ConnectionPool {
 public:
  ConnectionPool(boost::asio::io_context& loop, KubeEndpoint endpoint, Log log);
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  /// The right to have one request under way; given back when it goes. Streams need none.
  class Slot {
   public:
    explicit Slot(ConnectionPool& pool) : pool_(&pool) {}
    Slot(Slot&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot() {
      if (pool_ != nullptr) pool_->free_slot();
    }

   private:
    ConnectionPool* pool_;
  };
  /// Waits for its turn, in order; nullopt when the pool is stopped. No time limit: whoever holds a slot has one.
  boost::asio::awaitable<std::optional<Slot>> slot();

  /// Runs `work` at once, up to its first wait.
  void start(boost::asio::awaitable<void> work);
  /// For `work`, before it calls somebody back: waits until the start() that it may still be inside of has returned.
  boost::asio::awaitable<void> outside_start();

  /// A kept connection that is still open, or null.
  std::unique_ptr<KubeConnection> take();
  void keep(std::unique_ptr<KubeConnection> connection);
  /// One of the kept connections was dead without a sign: the others lead to the same server, which has gone (a fail-over
  /// behind a virtual address sends no reset), and each would cost its request the whole timeout to find out.
  void distrust_kept() { kept_.clear(); }
  /// A new one, not yet opened. Error when the endpoint's certificates or keys are unusable.
  std::expected<std::unique_ptr<KubeConnection>, SystemError> make();

  void stop();
  [[nodiscard]] bool stopped() const { return stopped_; }
  void add(KubeCall* call) { calls_.insert(call); }
  void remove(KubeCall* call) { calls_.erase(call); }

  [[nodiscard]] boost::asio::io_context& loop() { return loop_; }
  [[nodiscard]] const KubeEndpoint& endpoint() const { return endpoint_; }
  BearerToken& token() { return token_; }
  /// Received bytes pass through it on their way into a parser; nobody may keep anything in it across a wait.
  std::span<char> scratch() { return scratch_; }

  void count(const std::string& code, const std::string& method) { ++counts_[{code, method}]; }
  [[nodiscard]] const auto& counts() const { return counts_; }

 private:
  struct Waiter {
    explicit Waiter(ConnectionPool& owner)
        : pool(owner), timer(owner.loop_, SteadyPoint::max()), place(owner.waiters_.insert(owner.waiters_.end(), this)) {}
    ~Waiter() {
      if (!granted) pool.waiters_.erase(place);
    }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    ConnectionPool& pool;
    boost::asio::steady_timer timer;  ///< never expires: cancelled when its turn has come
    std::list<Waiter*>::iterator place;
    bool granted = false;  ///< and no longer in the list
  };
  struct Kept {
    std::unique_ptr<KubeConnection> connection;
    SteadyPoint since;
  };

  void free_slot();
  void drop_old();

  boost::asio::io_context& loop_;
  const KubeEndpoint endpoint_;
  std::expected<TlsClientContext, SystemError> tls_;
  BearerToken token_;
  std::vector<Kept> kept_;  ///< longest kept first
  boost::asio::steady_timer drop_timer_;
  std::list<Waiter*> waiters_;
  std::set<KubeCall*> calls_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> counts_;
  std::size_t busy_ = 0;
  bool stopped_ = false;
  bool starting_ = false;
  std::shared_ptr<void> alive_ = std::make_shared<char>();
  std::array<char, 16384> scratch_{};  ///< a TLS record's worth
};

}  // namespace metallb::io
