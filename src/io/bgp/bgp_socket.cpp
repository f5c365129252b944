#include "io/bgp/bgp_socket.hpp"

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include "io/sockets/descriptor.hpp"
#include "io/sockets/options.hpp"

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

using Outcome = std::optional<DialError>;  // nothing: all is well

DialError failed(std::string what) {
  return {DialError::Kind::kOther, std::move(what) + ": " + error_text(errno)};
}

/// An interface implies its VRF. (A link-local address needs the interface in any case.)
Outcome bind_to_device(int socket, const bgp::Transport& transport) {
  const bool vrf = transport.interface.empty();
  const auto& device = vrf ? transport.vrf : transport.interface;
  if (device.empty()) return {};
  const auto size = static_cast<socklen_t>(device.size());
  if (device.size() < IFNAMSIZ && ::setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, device.data(), size) == 0) {
    return {};
  }
  if (device.size() < IFNAMSIZ && errno != ENODEV) return failed("cannot bind to the device " + device);
  return DialError{DialError::Kind::kNoDevice, (vrf ? "VRF not found: " : "interface not found: ") + device};
}

Outcome set_times_to_live(int socket, const bgp::Transport& transport, bool v4) {
  const int ttl = transport.ttl;
  const int minimum = transport.minimum_ttl;
  const bool sends =
      v4 ? set_option(socket, IPPROTO_IP, IP_TTL, ttl) : set_option(socket, IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl);
  if (!sends) return failed("cannot set the TTL " + std::to_string(ttl));
  // RFC 5082
  if (minimum == 0) return {};
  const bool checks =
      v4 ? set_option(socket, IPPROTO_IP, IP_MINTTL, minimum) : set_option(socket, IPPROTO_IPV6, IPV6_MINHOPCOUNT, minimum);
  if (!checks) return failed("cannot set the lowest TTL to accept");
  return {};
}

/// RFC 2385. Of a link-local address the plain form without interface is the one that works (bgp spec 4.12).
Outcome set_password(int socket, const std::string& password, const IpAddress& peer) {
  if (password.empty()) return {};
  if (password.size() > TCP_MD5SIG_MAXKEYLEN) {
    return DialError{DialError::Kind::kOther,
                     "the password is longer than " + std::to_string(TCP_MD5SIG_MAXKEYLEN) + " bytes"};
  }
  tcp_md5sig key{};
  key.tcpm_addr = to_socket_address(peer, 0).storage;
  key.tcpm_keylen = static_cast<std::uint16_t>(password.size());
  std::memcpy(key.tcpm_key, password.data(), password.size());
  if (!set_option(socket, IPPROTO_TCP, TCP_MD5SIG, key)) return failed("this kernel refuses TCP MD5");
  return {};
}

/// What a connection can do without, should the kernel not know it.
void set_preferences(int socket, bool v4) {
  (void)(v4 ? set_option(socket, IPPROTO_IP, IP_TOS, kTrafficClass)
            : set_option(socket, IPPROTO_IPV6, IPV6_TCLASS, kTrafficClass));
  (void)set_option(socket, SOL_SOCKET, SO_PRIORITY, kPriority);  // after IP_TOS, which sets it, too
  (void)set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  (void)set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeout);
  (void)set_option(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kUnsentInKernel);
}

Outcome bind_to_source(int socket, const std::optional<IpAddress>& source, InterfaceIndex scope) {
  if (!source) return {};
  // The port is chosen at connect(), when it only has to differ for this peer.
  (void)set_option(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  const auto from = to_socket_address(*source, 0, scope);
  if (::bind(socket, from.get(), from.size) == 0) return {};
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
  const bool scoped = address.is_v6() && address.is_link_local();
  if (scoped && transport.interface.empty()) return refuse("a link-local address needs an interface");

  const bool v4 = address.is_v4();
  Descriptor owner(::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!owner) return std::unexpected(failed("cannot open a socket"));
  const int socket = owner.get();
  if (auto error = bind_to_device(socket, transport)) return std::unexpected(std::move(*error));
  InterfaceIndex scope;
  if (scoped) scope = InterfaceIndex(static_cast<std::int32_t>(::if_nametoindex(transport.interface.c_str())));
  if (auto error = set_times_to_live(socket, transport, v4)) return std::unexpected(std::move(*error));
  if (auto error = set_password(socket, transport.password, address)) return std::unexpected(std::move(*error));
  set_preferences(socket, v4);
  if (auto error = bind_to_source(socket, transport.source, scope)) return std::unexpected(std::move(*error));
  return BgpSocket{.descriptor = owner.release(), .to = to_socket_address(address, transport.port, scope)};
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
