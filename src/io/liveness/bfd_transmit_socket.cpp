#include "io/liveness/bfd_transmit_socket.hpp"

#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <utility>

#include "io/liveness/bfd_receive_socket.hpp"

namespace metallb::io {
namespace {

constexpr int kTtl = 255;
/// The highest that needs no privilege.
constexpr int kPriority = 6;

bool set_options(int socket, bool v6) {
  (void)set_option(socket, SOL_SOCKET, SO_PRIORITY, kPriority);
  if (v6) {
    return set_option(socket, IPPROTO_IPV6, IPV6_UNICAST_HOPS, kTtl) &&
           set_option(socket, IPPROTO_IPV6, IPV6_TCLASS, kInternetworkControl);
  }
  return set_option(socket, IPPROTO_IP, IP_TTL, kTtl) && set_option(socket, IPPROTO_IP, IP_TOS, kInternetworkControl);
}

/// What anybody sends to this port must not pile up in the kernel.
void receive_nothing(int socket) {
  sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
  const sock_fprog filter{1, &drop};
  (void)::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

}  // namespace

std::expected<BfdTransmitSocket, SystemError> BfdTransmitSocket::open(const bfd::SessionKey& key, std::uint16_t port) {
  const auto name = "UDP " + key.local.to_string() + " for the BFD session with " + key.remote.to_string() +
                    (key.vrf.empty() ? std::string() : " in VRF " + key.vrf);
  const bool v6 = key.local.is_v6();
  Descriptor socket(::socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
  if (!socket) return std::unexpected(socket_error("open", name, errno));
  // Who is bound to an interface is bound to its VRF as well.
  auto device = key.interface;
  if (device == InterfaceIndex() && !key.vrf.empty()) {
    const auto vrf = find_vrf(key.vrf);
    if (!vrf) return std::unexpected(vrf.error());
    device = *vrf;
  }
  if (device != InterfaceIndex()) {
    if (auto bound = bind_to_device(socket.get(), device, name); !bound) return std::unexpected(std::move(bound.error()));
  }
  if (!set_options(socket.get(), v6)) return std::unexpected(socket_error("set options of", name, errno));
  receive_nothing(socket.get());
  const auto own = to_socket_address(key.local, port, key.interface);
  if (::bind(socket.get(), own.get(), own.size) < 0) return std::unexpected(socket_error("bind", name, errno));
  const auto to_port = key.hops == bfd::Hops::kSingle ? BfdPort::kSingleHop : BfdPort::kMultihop;
  return BfdTransmitSocket(std::move(socket), to_socket_address(key.remote, std::to_underlying(to_port), key.interface),
                           port, device);
}

bool BfdTransmitSocket::send(ByteView payload) const {
  return send_datagram(socket_.get(), payload, to_.get(), to_.size);
}

}  // namespace metallb::io
