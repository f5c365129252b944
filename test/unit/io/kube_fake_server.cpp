#include "unit/io/kube_fake_server.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <set>
#include <sstream>

namespace metallb::io::test {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
constexpr auto kUseTuple = asio::as_tuple(asio::use_awaitable);

namespace {

struct Peer {
  virtual ~Peer() = default;
  virtual void push(std::string data) = 0;
  virtual void close() = 0;
  bool hanging = false;
};

}  // namespace

struct FakeServer::State {
  State(asio::io_context& context, Handler h, std::string address)
      : loop(context), handler(std::move(h)), acceptor(context, tcp::endpoint(asio::ip::make_address(address), 0)) {}
  asio::io_context& loop;
  Handler handler;
  tcp::acceptor acceptor;
  std::optional<asio::ssl::context> tls;
  std::vector<Received> received;
  std::set<std::shared_ptr<Peer>> peers;
  int connections = 0;
  std::string asked_name;
};

namespace {

tcp::socket& lowest(tcp::socket& s) {
  return s;
}
tcp::socket& lowest(asio::ssl::stream<tcp::socket>& s) {
  return s.next_layer();
}

template <class Stream>
struct PeerOn final : Peer {
  explicit PeerOn(Stream s) : stream(std::move(s)) {}
  void push(std::string data) override {
    boost::system::error_code ignored;
    asio::write(stream, asio::buffer(data), ignored);
  }
  void close() override {
    boost::system::error_code ignored;
    lowest(stream).close(ignored);
  }
  Stream stream;
};

Received parse(const std::string& head) {
  Received out;
  std::istringstream in(head);
  std::string line;
  in >> out.method >> out.target;
  std::getline(in, line);
  while (std::getline(in, line) && line.size() > 1) {
    const auto colon = line.find(':');
    auto name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    out.headers[name] = line.substr(colon + 2, line.size() - colon - 3);
  }
  return out;
}

template <class Stream>
asio::awaitable<void> converse(std::shared_ptr<FakeServer::State> state, std::shared_ptr<PeerOn<Stream>> peer, int number) {
  std::string buffer;
  for (;;) {
    const auto [error, size] =
        co_await asio::async_read_until(peer->stream, asio::dynamic_buffer(buffer), "\r\n\r\n", kUseTuple);
    if (error) break;
    auto request = parse(buffer.substr(0, size));
    request.connection = number;
    buffer.erase(0, size);
    const auto length = request.headers.contains("content-length") ? std::stoul(request.headers["content-length"]) : 0;
    while (buffer.size() < length) {
      char more[4096];
      const auto [bad, count] = co_await peer->stream.async_read_some(asio::buffer(more), kUseTuple);
      if (bad) co_return;
      buffer.append(more, count);
    }
    request.body = buffer.substr(0, length);
    buffer.erase(0, length);
    state->received.push_back(request);
    const auto reply = state->handler(request);
    for (const auto& piece : reply.pieces) {
      co_await asio::async_write(peer->stream, asio::buffer(piece), kUseTuple);
      co_await asio::post(state->loop, asio::use_awaitable);
    }
    if (reply.then == Reply::Then::kClose) break;
    peer->hanging = reply.then == Reply::Then::kHang;
  }
  peer->close();
  state->peers.erase(peer);
}

asio::awaitable<void> serve(std::shared_ptr<FakeServer::State> state, tcp::socket socket, int number) {
  socket.set_option(tcp::no_delay(true));
  if (!state->tls) {
    auto peer = std::make_shared<PeerOn<tcp::socket>>(std::move(socket));
    state->peers.insert(peer);
    co_return co_await converse(state, peer, number);
  }
  auto peer = std::make_shared<PeerOn<asio::ssl::stream<tcp::socket>>>(
      asio::ssl::stream<tcp::socket>(std::move(socket), *state->tls));
  state->peers.insert(peer);
  const auto [error] = co_await peer->stream.async_handshake(asio::ssl::stream_base::server, kUseTuple);
  if (error) {
    peer->close();
    state->peers.erase(peer);
    co_return;
  }
  const char* const name = SSL_get_servername(peer->stream.native_handle(), TLSEXT_NAMETYPE_host_name);
  state->asked_name = name == nullptr ? "" : name;
  co_await converse(state, peer, number);
}

asio::awaitable<void> accept(std::shared_ptr<FakeServer::State> state) {
  for (;;) {
    auto [error, socket] = co_await state->acceptor.async_accept(kUseTuple);
    if (error) co_return;
    asio::co_spawn(state->loop, serve(state, std::move(socket), ++state->connections), asio::detached);
  }
}

}  // namespace

Reply answer(int status, const std::string& body) {
  return {{"HTTP/1.1 " + std::to_string(status) + " Status\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body}};
}

FakeServer::FakeServer(asio::io_context& loop, Handler handler, std::optional<Tls> tls, std::string address)
    : state_(std::make_shared<State>(loop, std::move(handler), std::move(address))) {
  if (tls) {
    auto& context = state_->tls.emplace(asio::ssl::context::tls_server);
    context.use_certificate(asio::buffer(tls->identity.certificate_pem()), asio::ssl::context::pem);
    context.use_private_key(asio::buffer(tls->identity.key_pem()), asio::ssl::context::pem);
    if (tls->client_authority) {
      context.add_certificate_authority(asio::buffer(tls->client_authority->certificate_pem()));
      context.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
    }
  }
  asio::co_spawn(loop, accept(state_), asio::detached);
}

FakeServer::~FakeServer() {
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
  drop_connections();
}

std::string FakeServer::port() const {
  return std::to_string(state_->acceptor.local_endpoint().port());
}
KubeEndpoint FakeServer::endpoint() const {
  KubeEndpoint out;
  out.tls = false;
  out.host = state_->acceptor.local_endpoint().address().to_string();
  out.port = port();
  return out;
}
const std::vector<Received>& FakeServer::received() const {
  return state_->received;
}
int FakeServer::connections() const {
  return state_->connections;
}
int FakeServer::open_connections() const {
  return static_cast<int>(state_->peers.size());
}
int FakeServer::hanging() const {
  return static_cast<int>(
      std::count_if(state_->peers.begin(), state_->peers.end(), [](const auto& p) { return p->hanging; }));
}
void FakeServer::push(const std::string& data) {
  for (const auto& peer : state_->peers) {
    if (peer->hanging) peer->push(data);
  }
}
void FakeServer::drop_connections() {
  for (const auto& peer : state_->peers) peer->close();
}
std::string FakeServer::asked_name() const {
  return state_->asked_name;
}

bool run_until(asio::io_context& loop, const std::function<bool()>& condition) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    loop.restart();
    loop.run_one_for(std::chrono::milliseconds(50));
  }
  return true;
}

void settle(asio::io_context& loop) {
  loop.restart();
  loop.run_for(std::chrono::milliseconds(50));
}

}  // namespace metallb::io::test
