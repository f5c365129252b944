#include "io/liveness/bfd_sockets.hpp"

#include <net/if.h>

#include <array>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>
#include <vector>

#include "io/clock.hpp"
#include "io/entropy.hpp"
#include "io/files.hpp"
#include "io/liveness/echo_frames.hpp"

namespace metallb::io {
namespace {

using bfd::Hops;

/// RFC 5881, Section 4.
constexpr std::uint16_t kFirstPort = 49152;
constexpr std::uint32_t kPorts = 65536 - kFirstPort;
/// Ports of other processes that are stepped over in one go.
constexpr int kPortsTried = 64;
constexpr auto kTryAgain = std::chrono::seconds(2);
/// Changes of the network come in crowds.
constexpr auto kAfterChange = std::chrono::milliseconds(20);
constexpr std::uint8_t kTtlOfEcho = 255;
constexpr std::uint8_t kTtlOfReturnedEcho = 254;

std::uint16_t port_after(std::uint16_t port) {
  return static_cast<std::uint16_t>(kFirstPort + (port + 1 - kFirstPort) % kPorts);
}

/// Where packets of the session come in: control, and echo over one hop.
std::vector<BfdReceiveSocket::Place> places_of(const bfd::SessionKey& key) {
  const auto family = key.local.family();
  if (key.hops == Hops::kMultiple) return {{family, BfdPort::kMultihop, key.vrf}};
  return {{family, BfdPort::kSingleHop, key.vrf}, {family, BfdPort::kEcho, key.vrf}};
}

/// Whether this node forwards what comes in by the interface: then the peer's echo packets go back without us.
bool forwards(InterfaceIndex interface) {
  std::array<char, IF_NAMESIZE> name{};
  const char* known = interface == InterfaceIndex() ? "all" : ::if_indextoname(interface.value(), name.data());
  if (known == nullptr) return false;
  const auto value = read_file("/proc/sys/net/ipv4/conf/" + std::string(known) + "/forwarding");
  return value && value->starts_with("1");
}

}  // namespace

BfdSockets::BfdSockets(boost::asio::io_context& loop, Received received, Log log)
    : loop_(loop),
      received_(std::move(received)),
      log_(log),
      next_port_(static_cast<std::uint16_t>(kFirstPort + random_seed() % kPorts)),
      table_(IpAddress()),
      timer_(loop) {}

// ---- sessions ----

void BfdSockets::prepare_for(const bfd::SessionKey& key, const bfd::Parameters& parameters) {
  if (key.hops == Hops::kMultiple || !key.local.is_v4() || wants_echo_socket_) return;
  // bgp spec 4.13: the peer's are returned by the kernel where it forwards, and by us where it does not.
  wants_echo_socket_ = parameters.echo || !forwards(key.interface);
  if (wants_echo_socket_) open_echo_socket();
}

void BfdSockets::open(bfd::SessionId id, const bfd::SessionKey& key) {
  if (!monitor_) open_monitor();
  if (key.interface != InterfaceIndex()) vrfs_[key.interface] = key.vrf;
  const bool kernel_returns_echo = key.local.is_v4() && forwards(key.interface);
  auto& session = sessions_.emplace(id, Session{.key = key, .kernel_returns_echo = kernel_returns_echo}).first->second;
  for (const auto& place : places_of(key)) {
    auto& receiver = receivers_[place];
    ++receiver.sessions;
    if (!receiver.socket) open_receiver(place, receiver);
  }
  open_transmitter(session);
}

void BfdSockets::close(bfd::SessionId id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  const auto session = sessions_.extract(found);
  if (session.mapped().socket) ports_.erase(session.mapped().socket->port());
  for (const auto& place : places_of(session.mapped().key)) --receivers_[place].sessions;
  // Later: one of them may be reading at this moment.
  boost::asio::post(loop_, [this] { close_unused(); });
}

void BfdSockets::close_unused() {
  std::erase_if(receivers_, [](const auto& receiver) { return receiver.second.sessions == 0; });
  std::erase_if(vrfs_, [this](const auto& entry) {
    return std::ranges::none_of(sessions_, [&](const auto& s) { return s.second.key.interface == entry.first; });
  });
}

// ---- packets ----

BfdReceiveSocket* BfdSockets::receiver(const bfd::SessionKey& key, BfdPort port) const {
  const auto found = receivers_.find({key.local.family(), port, key.vrf});
  return found == receivers_.end() ? nullptr : found->second.socket.get();
}

bool BfdSockets::send(const bfd::SendControl& control) {
  const auto session = sessions_.find(control.session);
  return session != sessions_.end() && session->second.socket && session->second.socket->send(control.payload);
}

bool BfdSockets::send(const bfd::SendEcho& echo) {
  const auto session = sessions_.find(echo.session);
  if (session == sessions_.end()) return false;
  const auto& key = session->second.key;
  if (echo.to.is_v6()) {
    auto* socket = receiver(key, BfdPort::kEcho);
    return socket != nullptr && socket->send(echo.from, key.interface, echo.to, kTtlOfEcho, echo.payload);
  }
  const auto peer = table_.station(key.remote, key.interface);
  return echo_socket_ && peer &&
         echo_socket_->send(
             *peer, encode_echo_frame({.from = echo.from, .to = echo.to, .ttl = kTtlOfEcho, .payload = echo.payload}));
}

bool BfdSockets::send(const bfd::ReturnEcho& echo) {
  const auto session = sessions_.find(echo.session);
  if (session == sessions_.end()) return false;
  const auto& key = session->second.key;
  if (echo.from != echo.to) {
    auto* socket = receiver(key, BfdPort::kEcho);
    return socket != nullptr && socket->send(echo.from, key.interface, echo.to, kTtlOfReturnedEcho, echo.payload);
  }
  // It was seen on its way through the kernel.
  if (session->second.kernel_returns_echo) return true;
  const auto peer = table_.station(key.remote, key.interface);
  return echo_socket_ && peer &&
         echo_socket_->send(
             *peer,
             encode_echo_frame({.from = echo.from, .to = echo.to, .ttl = kTtlOfReturnedEcho, .payload = echo.payload}));
}

void BfdSockets::read_waiting(const Received& received) {
  for (auto& [place, receiver] : receivers_) {
    if (receiver.socket) receiver.socket->read_waiting(received);
  }
  if (!echo_socket_) return;
  echo_socket_->read_waiting(
      [&](bfd::Arrival arrival, ByteView payload) { take_frame(received, std::move(arrival), payload); });
}

void BfdSockets::take_frame(const Received& received, bfd::Arrival arrival, ByteView payload) const {
  if (const auto vrf = vrfs_.find(arrival.interface); vrf != vrfs_.end()) arrival.vrf = vrf->second;
  received(bfd::EchoReceived{std::move(arrival), payload});
}

// ---- what can fail ----

std::size_t BfdSockets::missing() const {
  return static_cast<std::size_t>(std::ranges::count_if(sessions_, [this](const auto& entry) {
    const auto& key = entry.second.key;
    const auto port = key.hops == Hops::kSingle ? BfdPort::kSingleHop : BfdPort::kMultihop;
    return !entry.second.socket || receiver(key, port) == nullptr;
  }));
}

void BfdSockets::open_receiver(const Place& place, Receiver& receiver) {
  auto opened = BfdReceiveSocket::open(loop_, place, received_);
  if (!opened) return failed(receiver.trouble, opened.error());
  receiver.socket = std::move(*opened);
  receiver.trouble.clear();
}

void BfdSockets::open_transmitter(Session& session) {
  for (int tried = 0; tried < kPortsTried;) {
    const auto port = std::exchange(next_port_, port_after(next_port_));
    if (ports_.contains(port)) continue;  // there are more ports than sessions
    ++tried;
    auto opened = BfdTransmitSocket::open(session.key, port);
    if (opened) {
      session.socket = std::move(*opened);
      session.trouble.clear();
      ports_.insert(port);
      return;
    }
    if (opened.error().code != std::errc::address_in_use || tried == kPortsTried) {
      return failed(session.trouble, opened.error());
    }
  }
}

void BfdSockets::open_echo_socket() {
  auto opened = EchoSocket::open(
      loop_, [this](bfd::Arrival arrival, ByteView payload) { take_frame(received_, std::move(arrival), payload); });
  if (!opened) return failed(echo_trouble_, opened.error());
  echo_socket_ = std::move(*opened);
  echo_trouble_.clear();
}

void BfdSockets::open_monitor() {
  auto opened = NetworkMonitor::open(
      loop_, table_, {.changed = [this] { network_changed(); }, .neighbour = [](const IpAddress&, const MacAddress&) {}},
      log_, NetworkMonitor::Routes::kNone);
  if (!opened) return failed(monitor_trouble_, opened.error());
  monitor_ = std::move(*opened);
  monitor_trouble_.clear();
}

void BfdSockets::failed(std::string& trouble, const SystemError& error) {
  auto text = error.to_string();
  if (text != trouble) {
    log_.error({{"op", "bfd"},
                {"error", text},
                {"msg", "a socket of BFD cannot be opened: sessions that need it stay down, and it is tried again"}});
    trouble = std::move(text);
  }
  try_again_in(kTryAgain);
}

void BfdSockets::network_changed() {
  // A device that came anew under its old name is another one.
  const auto is_stale = [](const std::string& vrf, InterfaceIndex device) {
    return !vrf.empty() && device != InterfaceIndex(static_cast<std::int32_t>(::if_nametoindex(vrf.c_str())));
  };
  bool incomplete = wants_echo_socket_ && !echo_socket_;
  for (auto& [place, receiver] : receivers_) {
    if (receiver.socket && is_stale(place.vrf, receiver.socket->device())) receiver.socket.reset();
    incomplete = incomplete || !receiver.socket;
  }
  for (auto& [id, session] : sessions_) {
    if (session.socket && session.key.interface == InterfaceIndex() && is_stale(session.key.vrf, session.socket->device())) {
      ports_.erase(session.socket->port());
      session.socket.reset();
    }
    incomplete = incomplete || !session.socket;
  }
  if (incomplete) try_again_in(kAfterChange);
}

void BfdSockets::try_again_in(Duration wait) {
  const auto at = now().steady + wait;
  if (at >= try_at_) return;
  try_at_ = at;
  timer_.expires_at(at);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    try_at_ = kIdle;
    try_again();
  });
}

void BfdSockets::try_again() {
  for (auto& [place, receiver] : receivers_) {
    if (!receiver.socket && receiver.sessions > 0) open_receiver(place, receiver);
  }
  for (auto& [id, session] : sessions_) {
    if (!session.socket) open_transmitter(session);
  }
  if (wants_echo_socket_ && !echo_socket_) open_echo_socket();
  if (!monitor_ && !sessions_.empty()) open_monitor();
}

}  // namespace metallb::io
