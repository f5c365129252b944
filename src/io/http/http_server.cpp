#include "io/http/http_server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>

#include "io/clock.hpp"
#include "io/http/connection.hpp"
#include "io/http/tls_context.hpp"

namespace metallb::io {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kScratchSize = 64U << 10U;
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::chrono::seconds kAcceptWarningPause{10};

error_code bind_and_listen(tcp::acceptor& acceptor, const tcp::endpoint& endpoint, bool dual_stack) {
  error_code error;
  error_code ignored;
  acceptor.close(ignored);
  if (acceptor.open(endpoint.protocol(), error)) return error;
  acceptor.set_option(tcp::acceptor::reuse_address(true), ignored);
  if (dual_stack) acceptor.set_option(asio::ip::v6_only(false), ignored);
  if (acceptor.bind(endpoint, error)) return error;
  acceptor.listen(asio::socket_base::max_listen_connections, error);
  return error;
}

error_code open_acceptor(tcp::acceptor& acceptor, const std::string& address, std::uint16_t port) {
  if (!address.empty()) {
    error_code error;
    const auto parsed = asio::ip::make_address(address, error);
    return error ? error : bind_and_listen(acceptor, {parsed, port}, false);
  }
  const auto error = bind_and_listen(acceptor, {tcp::v6(), port}, true);
  const bool without_ipv6 = error == asio::error::address_family_not_supported ||
                            error == error_code(EADDRNOTAVAIL, boost::system::system_category());
  return without_ipv6 ? bind_and_listen(acceptor, {tcp::v4(), port}, false) : error;
}

class Server : public HttpServer {
 public:
  Server(asio::io_context& loop, Options options, Handler handler, Log log, tcp::acceptor acceptor, TlsContext tls)
      : listener_(std::make_shared<Listener>(loop, std::move(acceptor), std::move(tls), std::move(options),
                                             std::move(handler), log)) {
    listener_->accept();
  }
  ~Server() override { listener_->stop(); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const override { return listener_->port; }
  void replace_certificate(std::shared_ptr<const TlsServerOptions> tls) override { listener_->replace_certificate(*tls); }
  void stop() override { listener_->stop(); }

 private:
  /// Outlives the server while an accept is under way.
  struct Listener : std::enable_shared_from_this<Listener> {
    Listener(asio::io_context& loop, tcp::acceptor open, TlsContext context, Options options, Handler handler, Log l)
        : acceptor(std::move(open)),
          pause(loop),
          tls(std::move(context)),
          shared(std::make_shared<ConnectionShared>()),
          log(l) {
      error_code ignored;
      port = acceptor.local_endpoint(ignored).port();
      shared->options = std::move(options);
      shared->handler = std::move(handler);
      shared->log = log;
      shared->scratch.resize(kScratchSize);
    }

    void accept() {
      acceptor.async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
        if (self->stopped) return;
        if (error) return self->accept_failed(error);
        if (self->full() && !self->make_room()) return self->turn_away();
        const auto connection = std::make_shared<Connection>(std::move(socket), self->tls, self->shared);
        self->shared->open.insert(connection);
        connection->start();
        self->accept();
      });
    }

    [[nodiscard]] bool full() const {
      const auto limit = shared->options.connection_limit;
      return limit > 0 && shared->open.size() >= limit;
    }

    // Connections that nobody uses must not keep out those that somebody wants to use: a kubelet's probe, a scraper.
    bool make_room() {
      std::shared_ptr<Connection> victim;
      for (const auto& connection : shared->open) {
        const auto since = connection->unused_since();
        if (since && (!victim || *since < *victim->unused_since())) victim = connection;
      }
      if (victim) victim->close();
      return victim != nullptr;
    }

    // The socket is dropped: strangers must not use up the descriptors that the rest of the process needs.
    void turn_away() {
      warn("too many connections");
      accept();
    }

    void warn(const std::string& error) {
      const auto moment = now().steady;
      if (moment - last_warning <= kAcceptWarningPause) return;
      last_warning = moment;
      log.warn({{"op", "http"}, {"port", port}, {"error", error}, {"msg", "cannot accept connections"}});
    }

    // Out of descriptors or memory: without a pause the loop would spin on a connection that it cannot take.
    void accept_failed(const error_code& error) {
      warn(error.message());
      pause.expires_after(kAcceptPause);
      pause.async_wait([self = shared_from_this()](const error_code& aborted) {
        if (!aborted && !self->stopped) self->accept();
      });
    }

    void replace_certificate(const TlsServerOptions& options) {
      auto context = make_tls_context(options);
      if (context) {
        tls = std::move(*context);
      } else {
        log.error({{"op", "http"},
                   {"port", port},
                   {"error", context.error().to_string()},
                   {"msg", "new certificate refused, keeping the old one"}});
      }
    }

    void stop() {
      if (stopped) return;
      stopped = true;
      error_code ignored;
      acceptor.close(ignored);
      pause.cancel();
      const auto open = shared->open;
      for (const auto& connection : open) connection->close();
    }

    tcp::acceptor acceptor;
    asio::steady_timer pause;
    TlsContext tls;
    std::shared_ptr<ConnectionShared> shared;
    Log log;
    std::uint16_t port = 0;
    bool stopped = false;
    std::chrono::steady_clock::time_point last_warning{};
  };

  std::shared_ptr<Listener> listener_;
};

}  // namespace

std::expected<std::unique_ptr<HttpServer>, SystemError> HttpServer::listen(asio::io_context& loop, Options options,
                                                                           Handler handler, Log log) {
  TlsContext tls;
  if (options.tls) {
    auto made = make_tls_context(*options.tls);
    if (!made) return std::unexpected(made.error());
    tls = std::move(*made);
  }
  tcp::acceptor acceptor(loop);
  if (const auto error = open_acceptor(acceptor, options.address, options.port)) {
    const auto object = (options.address.find(':') != std::string::npos ? "[" + options.address + "]" : options.address) +
                        ":" + std::to_string(options.port);
    return std::unexpected(SystemError{.operation = "listen", .object = object, .code = error, .detail = {}});
  }
  return std::make_unique<Server>(loop, std::move(options), std::move(handler), log, std::move(acceptor), std::move(tls));
}

}  // namespace metallb::io
