#include "io/bgp/bgp_engine.hpp"

#include <boost/asio/post.hpp>
#include <utility>

#include "base/contract.hpp"
#include "io/bgp/local_addresses.hpp"

namespace metallb::io {
namespace {

/// Read from one connection at a time.
constexpr std::size_t kReadBuffer = 64 * 1024;

}  // namespace

BgpEngine::BgpEngine(boost::asio::io_context& loop, std::uint64_t seed, StateChanged changed, Log log)
    : loop_(loop),
      changed_(std::move(changed)),
      buffer_(kReadBuffer),
      core_(seed, log),
      driver_(loop, core_, [this](bgp::Output& actions) { carry_out(actions); }) {}

BgpEngine::~BgpEngine() {
  for (auto& [id, entry] : connections_) entry.connection->detach();
}

// ---- what the core wants ----

void BgpEngine::feed(bgp::Input input) {
  // Who goes, or goes another way, waits for nothing any more.
  if (const auto* removed = std::get_if<bgp::RemovePeer>(&input)) waiting_.erase(removed->peer);
  if (const auto* set = std::get_if<bgp::SetPeer>(&input)) {
    const auto waits = waiting_.find(set->peer);
    if (waits != waiting_.end() && waits->second != set->settings.transport) waiting_.erase(waits);
  }
  driver_.feed(std::move(input));
}

void BgpEngine::carry_out(bgp::Output& actions) {
  for (auto& action : actions) {
    std::visit([this](auto& a) { perform(a); }, action);
  }
}

void BgpEngine::perform(bgp::Dial& action) {
  waiting_.erase(action.peer);
  auto connection = std::make_shared<BgpConnection>(loop_, buffer_, handlers(action.connection));
  connections_.emplace(action.connection, Entry{connection, action.peer, action.transport, network_, {}});
  connection->dial(action.transport, action.limit);
}

void BgpEngine::perform(bgp::Send& action) {
  const auto found = connections_.find(action.connection);
  if (found != connections_.end()) found->second.connection->send(std::move(action.bytes));
}

void BgpEngine::perform(bgp::Close& action) {
  const auto found = connections_.find(action.connection);
  if (found == connections_.end()) return;
  found->second.addresses.reset();
  const auto connection = found->second.connection;  // it may be over at once, and forgotten
  connection->close(action.linger);
}

void BgpEngine::perform(bgp::StateChanged& action) {
  if (changed_) changed_(action);
}

// ---- what connections tell ----

BgpConnection::Handlers BgpEngine::handlers(bgp::ConnectionId id) {
  return {.connected = [this, id] { connected(id); },
          .failed = [this, id](const DialError& error) { failed(id, error); },
          .received =
              [this, id](ByteView bytes) {
                METALLB_CONTRACT(!driver_.busy(), "bytes of a connection cannot wait for the core");
                driver_.feed(bgp::Received{id, bytes});
              },
          .taken = [this, id](std::size_t count) { driver_.feed(bgp::BytesTaken{id, count}); },
          .disconnected =
              [this, id](const std::string& error) {
                remove(id);
                driver_.feed(bgp::Disconnected{id, error});
              },
          .over = [this, id] { remove(id); }};
}

void BgpEngine::connected(bgp::ConnectionId id) {
  auto& entry = connections_.at(id);
  const auto own = entry.connection->local_address();
  if (!own) {  // it broke in the very moment
    entry.connection->detach();
    remove(id);
    return driver_.feed(bgp::DialFailed{id, "the connection broke at once"});
  }
  entry.addresses = local_addresses(*own, entry.transport, links_, node_ipv6_);
  driver_.feed(bgp::Connected{id, *entry.addresses});
}

void BgpEngine::failed(bgp::ConnectionId id, const DialError& error) {
  const auto entry = connections_.at(id);
  remove(id);
  if (error.kind == DialError::Kind::kOther) return driver_.feed(bgp::DialFailed{id, error.text});
  // What was missing may have come since the dial. (Without that condition an address that the kernel refuses for another
  // reason would be tried without end.)
  const bool came = entry.network != network_ && can_dial(entry.transport, links_);
  if (!came) waiting_[entry.peer] = entry.transport;
  driver_.feed(bgp::DialFailed{id, error.text});
  if (came) driver_.feed(bgp::ConnectPeer{entry.peer});
}

void BgpEngine::remove(bgp::ConnectionId id) {
  connections_.erase(id);
  see_whether_done();
}

// ---- the network around it ----

void BgpEngine::set_links(const peering::Links& links) {
  links_ = links;
  ++network_;
  tell_addresses();
  // bgp spec 4.12: not the connect time, but what was missing is waited for.
  std::vector<bgp::PeerId> ready;
  for (const auto& [peer, transport] : waiting_) {
    if (can_dial(transport, links_)) ready.push_back(peer);
  }
  for (const auto peer : ready) {
    waiting_.erase(peer);
    driver_.feed(bgp::ConnectPeer{peer});
  }
}

void BgpEngine::set_node_ipv6(const std::optional<IpAddress>& address) {
  node_ipv6_ = address;
  tell_addresses();
}

std::optional<IpAddress> BgpEngine::local_address(bgp::PeerId peer) const {
  for (const auto& [id, entry] : connections_) {
    if (entry.peer == peer && entry.addresses) return entry.addresses->session;
  }
  return std::nullopt;
}

void BgpEngine::tell_addresses() {
  std::vector<bgp::AddressesChanged> changes;
  for (auto& [id, entry] : connections_) {
    if (!entry.addresses) continue;
    auto addresses = local_addresses(entry.addresses->session, entry.transport, links_, node_ipv6_);
    if (addresses == *entry.addresses) continue;
    entry.addresses = addresses;
    changes.push_back({id, addresses});
  }
  // The core may end connections meanwhile.
  for (auto& change : changes) driver_.feed(std::move(change));
}

// ---- the end ----

void BgpEngine::stop(bool for_good, std::function<void()> done) {
  // From the loop, so that it makes no difference whether this is called from a handler.
  boost::asio::post(loop_, [this, alive = std::weak_ptr<void>(alive_), for_good, done = std::move(done)]() mutable {
    if (alive.expired()) return;
    waiting_.clear();
    driver_.feed(bgp::Stop{for_good});
    done_ = std::move(done);
    see_whether_done();
  });
}

void BgpEngine::see_whether_done() {
  if (!done_ || !connections_.empty()) return;
  boost::asio::post(loop_, std::exchange(done_, nullptr));
}

}  // namespace metallb::io
