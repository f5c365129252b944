#include "io/liveness/streams.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <utility>

#include "io/clock.hpp"
#include "io/liveness/endpoint.hpp"
#include "io/liveness/stream_connection.hpp"

namespace metallb::io {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kReadSize = 64 * 1024;
constexpr auto kAcceptPause = std::chrono::milliseconds(100);
constexpr auto kRefusalLogInterval = std::chrono::seconds(10);

asio::ip::tcp::endpoint to_asio(const gossip::Endpoint& endpoint) {
  const auto address = to_socket_address(endpoint);
  asio::ip::tcp::endpoint out;
  out.resize(address.size);
  std::memcpy(out.data(), address.get(), address.size);
  return out;
}

gossip::Endpoint from_asio(const asio::ip::tcp::endpoint& endpoint) {
  SocketAddress address;
  address.size = static_cast<socklen_t>(endpoint.size());
  std::memcpy(address.get(), endpoint.data(), endpoint.size());
  return to_endpoint(address).value_or(gossip::Endpoint{});
}

}  // namespace

std::expected<std::unique_ptr<Streams>, SystemError> Streams::open(boost::asio::io_context& loop,
                                                                   const gossip::Endpoint& own, Handlers handlers, Log log,
                                                                   const Limits& limits) {
  std::unique_ptr<Streams> streams(new Streams(loop, own, std::move(handlers), log, limits));
  if (auto done = streams->listen(); !done) return std::unexpected(std::move(done.error()));
  streams->accept();
  return streams;
}

Streams::Streams(boost::asio::io_context& loop, const gossip::Endpoint& own, Handlers handlers, Log log,
                 const Limits& limits)
    : loop_(loop),
      own_(own),
      handlers_(std::move(handlers)),
      log_(log),
      limits_(limits),
      acceptor_(loop),
      accept_again_(loop),
      buffer_(kReadSize) {}

Streams::~Streams() {
  for (auto& [id, connection] : connections_) connection->detach();
}

std::expected<void, SystemError> Streams::listen() {
  const auto endpoint = to_asio(own_);
  const auto failed = [&](std::string operation, const error_code& error) {
    return std::unexpected(SystemError{std::move(operation), "TCP " + to_text(own_), error, {}});
  };
  error_code error;
  acceptor_.open(endpoint.protocol(), error);
  if (error) return failed("open", error);
  // Connections of an earlier process that are still ending must not keep the port.
  acceptor_.set_option(Tcp::acceptor::reuse_address(true), error);
  if (own_.address.is_v6()) acceptor_.set_option(asio::ip::v6_only(true), error);
  acceptor_.bind(endpoint, error);
  if (error) return failed("bind", error);
  acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return failed("listen on", error);
  return {};
}

void Streams::accept() {
  acceptor_.async_accept([this, alive = std::weak_ptr(alive_)](const error_code& error, Tcp::socket socket) {
    if (alive.expired() || error == asio::error::operation_aborted) return;
    if (!error) {
      error_code gone;
      const auto from = socket.remote_endpoint(gone);
      if (!gone) take(std::move(socket), from_asio(from));
      return accept();
    }
    if (error == asio::error::connection_aborted) return accept();
    log_.error(
        {{"op", "acceptStream"}, {"error", error.message()}, {"msg", "cannot accept a connection of the membership"}});
    // Out of descriptors or memory: whoever waits keeps waiting.
    accept_again_.expires_after(kAcceptPause);
    accept_again_.async_wait([this, still = std::weak_ptr(alive_)](const error_code& cancelled) {
      if (!cancelled && !still.expired()) accept();
    });
  });
}

void Streams::take(Tcp::socket socket, const gossip::Endpoint& from) {
  if (!has_room_for(from.address)) return refuse(from);  // closes the socket
  const gossip::StreamId id(gossip::kAcceptedStream | next_accepted_++);
  auto connection = std::make_shared<Connection>(*this, id, std::move(socket), from.address);
  connections_.emplace(id, connection);
  ++accepted_from_[from.address];
  ++accepted_now_;
  ++counters_.accepted;
  connection->begin();
  handlers_.accepted(id, from);
}

bool Streams::has_room_for(const IpAddress& from) const {
  if (accepted_now_ >= limits_.accepted) return false;
  const auto found = accepted_from_.find(from);
  return found == accepted_from_.end() || found->second < limits_.accepted_from_one;
}

void Streams::refuse(const gossip::Endpoint& from) {
  ++counters_.refused;
  ++refused_since_;
  const auto at = now().steady;
  if (at < refusal_logged_) return;
  refusal_logged_ = at + kRefusalLogInterval;
  log_.error({{"op", "acceptStream"},
              {"from", to_text(from)},
              {"refused", std::exchange(refused_since_, 0)},
              {"msg", "too many connections to the membership's port, closed unanswered"}});
}

void Streams::dial(gossip::StreamId stream, const gossip::Endpoint& to) {
  ++counters_.dialled;
  if (connections_.size() - accepted_now_ >= limits_.dialled) return fail(stream, "too many connections are being made");
  if (to.address.family() != own_.address.family()) return fail(stream, "another address family than the own");
  Tcp::socket socket(loop_);
  error_code error;
  socket.open(to_asio(own_).protocol(), error);
  if (error) return fail(stream, error.message());
  // The port is chosen when the destination is known: one local port serves many destinations.
  const int on = 1;
  (void)::setsockopt(socket.native_handle(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
  socket.bind(to_asio({own_.address, 0}), error);
  if (error) return fail(stream, error.message());
  auto connection = std::make_shared<Connection>(*this, stream, std::move(socket), to.address);
  connections_.emplace(stream, connection);
  connection->connect(to_asio(to));
}

void Streams::fail(gossip::StreamId stream, std::string error) {
  asio::post(loop_, [this, alive = std::weak_ptr(alive_), stream, error = std::move(error)] {
    if (!alive.expired()) handlers_.ended(stream, error);
  });
}

void Streams::send(gossip::StreamId stream, ByteView data, bool last) {
  if (const auto connection = find(stream)) connection->send(data, last);
}

void Streams::close(gossip::StreamId stream) {
  if (const auto connection = find(stream)) connection->dismiss();
}

std::shared_ptr<Streams::Connection> Streams::find(gossip::StreamId stream) const {
  const auto found = connections_.find(stream);
  return found == connections_.end() ? nullptr : found->second;
}

void Streams::remove(gossip::StreamId stream) {
  const auto found = connections_.find(stream);
  if (found == connections_.end()) return;
  const auto connection = std::move(found->second);
  connections_.erase(found);
  if (connection->accepted()) {
    --accepted_now_;
    const auto from = accepted_from_.find(connection->peer());
    if (--from->second == 0) accepted_from_.erase(from);
  }
  connection->detach();
}

}  // namespace metallb::io
