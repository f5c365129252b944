#include "io/bgp/bgp_socket.hpp"

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

namespace metallb::io {
namespace {

/// Class selector 6 (RFC 4594, Section 3.1: network control); the queueing disciplines of this node have a priority of their
/// own.
constexpr int kTrafficClass = 0xC0;
constexpr int kPriority = 6;
/// What is unsent and not acknowledged for so long ends the connection. The hold timer is quicker; where it is off (hold
/// time 0) this is what notices a dead peer. A peer that acknowledges and takes nothing is left to the send hold timer (RFC
/// 9687), which is at 8 minutes.
constexpr unsigned kUserTimeout = 600'000;  // ms
/// The kernel takes no more than it can send soon, whatever its buffer could hold: what a slow peer has not been sent yet is
/// better kept where newer routes can still replace it, and where the send hold timer sees that it does not move.
constexpr int kUnsentInKernel = 64 * 1024;

std::string error_text(int error) {
  return std::error_code(error, std::generic_category()).message();
}

/// Closes the descriptor unless it is handed on.
class Opening {
 public:
  explicit Opening(int descriptor) : descriptor_(descriptor) {}
  ~Opening() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;
  [[nodiscard]] int get() const { return descriptor_; }
  [[nodiscard]] int release() { return std::exchange(descriptor_, -1); }
  template <class T>
  [[nodiscard]] bool set(int level, int option, const T& value) const {
    return ::setsockopt(descriptor_, level, option, &value, sizeof(value)) == 0;
  }

 private:
  int descriptor_;
};

using Outcome = std::optional<DialError>;  // nothing: all is well

DialError failed(std::string what) {
  return {DialError::Kind::kOther, std::move(what) + ": " + error_text(errno)};
}

/// An interface implies its VRF. (A link-local address needs the interface in any case.)
Outcome bind_to_device(const Opening& socket, const bgp::Transport& transport) {
  const bool vrf = transport.interface.empty();
  const auto& device = vrf ? transport.vrf : transport.interface;
  if (device.empty()) return {};
  const auto size = static_cast<socklen_t>(device.size());
  if (device.size() < IFNAMSIZ && ::setsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, device.data(), size) == 0) {
    return {};
  }
  if (device.size() < IFNAMSIZ && errno != ENODEV) return failed("cannot bind to the device " + device);
  return DialError{DialError::Kind::kNoDevice, (vrf ? "VRF not found: " : "interface not found: ") + device};
}

Outcome set_times_to_live(const Opening& socket, const bgp::Transport& transport, bool v4) {
  const int ttl = transport.ttl;
  const int minimum = transport.minimum_ttl;
  const bool sends = v4 ? socket.set(IPPROTO_IP, IP_TTL, ttl) : socket.set(IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl);
  if (!sends) return failed("cannot set the TTL " + std::to_string(ttl));
  // RFC 5082
  if (minimum == 0) return {};
  const bool checks = v4 ? socket.set(IPPROTO_IP, IP_MINTTL, minimum) : socket.set(IPPROTO_IPV6, IPV6_MINHOPCOUNT, minimum);
  if (!checks) return failed("cannot set the lowest TTL to accept");
  return {};
}

/// RFC 2385. Of a link-local address the plain form without interface is the one that works (bgp spec 4.12).
Outcome set_password(const Opening& socket, const std::string& password, SocketAddress to) {
  if (password.empty()) return {};
  if (password.size() > TCP_MD5SIG_MAXKEYLEN) {
    return DialError{DialError::Kind::kOther,
                     "the password is longer than " + std::to_string(TCP_MD5SIG_MAXKEYLEN) + " bytes"};
  }
  tcp_md5sig key{};
  if (to.family() == AF_INET) {
    reinterpret_cast<sockaddr_in*>(&to.storage)->sin_port = 0;
  } else {
    reinterpret_cast<sockaddr_in6*>(&to.storage)->sin6_port = 0;
  }
  std::memcpy(&key.tcpm_addr, &to.storage, sizeof(key.tcpm_addr));
  key.tcpm_keylen = static_cast<std::uint16_t>(password.size());
  std::memcpy(key.tcpm_key, password.data(), password.size());
  if (!socket.set(IPPROTO_TCP, TCP_MD5SIG, key)) return failed("this kernel refuses TCP MD5");
  return {};
}

/// What a connection can do without, should the kernel not know it.
void set_preferences(const Opening& socket, bool v4) {
  const int on = 1;
  (void)(v4 ? socket.set(IPPROTO_IP, IP_TOS, kTrafficClass) : socket.set(IPPROTO_IPV6, IPV6_TCLASS, kTrafficClass));
  (void)socket.set(SOL_SOCKET, SO_PRIORITY, kPriority);  // after IP_TOS, which sets it, too
  (void)socket.set(IPPROTO_TCP, TCP_NODELAY, on);
  (void)socket.set(IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeout);
  (void)socket.set(IPPROTO_TCP, TCP_NOTSENT_LOWAT, kUnsentInKernel);
}

Outcome bind_to_source(const Opening& socket, const std::optional<IpAddress>& source, std::uint32_t scope) {
  if (!source) return {};
  // The port is chosen at connect(), when it only has to differ for this peer.
  const int on = 1;
  (void)socket.set(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, on);
  auto from = to_socket_address({.address = *source, .port = 0});
  if (source->is_v6() && source->is_link_local()) reinterpret_cast<sockaddr_in6*>(&from.storage)->sin6_scope_id = scope;
  if (::bind(socket.get(), from.get(), from.size) == 0) return {};
  if (errno != EADDRNOTAVAIL) return failed("cannot bind to the source address " + source->to_string());
  return DialError{DialError::Kind::kNoSource, "source address not on this host: " + source->to_string()};
}

}  // namespace

std::expected<BgpSocket, DialError> open_bgp_socket(const bgp::Transport& transport) {
  const auto refuse = [](std::string why) { return std::unexpected(DialError{DialError::Kind::kOther, std::move(why)}); };
  if (!transport.address) return refuse("the address of the peer is not known");
  const auto& address = *transport.address;
  if (transport.source && transport.source->family() != address.family()) {
    return refuse("source address " + transport.source->to_string() + " and peer address are of different IP families");
  }
  BgpSocket out;
  out.to = to_socket_address({.address = address, .port = transport.port});
  const bool scoped = address.is_v6() && address.is_link_local();
  if (scoped && transport.interface.empty()) return refuse("a link-local address needs an interface");

  const bool v4 = address.is_v4();
  Opening socket(::socket(out.to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (socket.get() < 0) return std::unexpected(failed("cannot open a socket"));
  if (auto error = bind_to_device(socket, transport)) return std::unexpected(std::move(*error));
  const std::uint32_t scope = scoped ? ::if_nametoindex(transport.interface.c_str()) : 0;
  if (scoped) reinterpret_cast<sockaddr_in6*>(&out.to.storage)->sin6_scope_id = scope;
  if (auto error = set_times_to_live(socket, transport, v4)) return std::unexpected(std::move(*error));
  if (auto error = set_password(socket, transport.password, out.to)) return std::unexpected(std::move(*error));
  set_preferences(socket, v4);
  if (auto error = bind_to_source(socket, transport.source, scope)) return std::unexpected(std::move(*error));
  out.descriptor = socket.release();
  return out;
}

std::string connect_error(int error) {
  switch (error) {
    case ECONNREFUSED:
      return "TCP refused";
    case ETIMEDOUT:
      return std::string(kNoAnswer);
    case EHOSTUNREACH:
      return "TCP: host unreachable (nobody answers ARP or neighbour discovery, or a router says so)";
    case ENETUNREACH:
      return "TCP: no route to the peer";
    case EADDRNOTAVAIL:
      return "TCP: no free local port or address";
    default:
      return "TCP: " + error_text(error);
  }
}

}  // namespace metallb::io
