#include "io/packets/group_sockets.hpp"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <system_error>

namespace metallb::io {
namespace {

ipv6_mreq request_of(InterfaceIndex interface, const IpAddress& group) {
  ipv6_mreq request{};
  const auto bytes = group.bytes16();
  std::memcpy(&request.ipv6mr_multiaddr, bytes.data(), bytes.size());
  request.ipv6mr_interface = static_cast<unsigned>(interface.value());
  return request;
}

/// 0 or the errno.
int change(int descriptor, int option, InterfaceIndex interface, const IpAddress& group) {
  const auto request = request_of(interface, group);
  return ::setsockopt(descriptor, IPPROTO_IPV6, option, &request, sizeof(request)) == 0 ? 0 : errno;
}

bool is_full(int error) {
  return error == ENOMEM || error == ENOBUFS;
}

}  // namespace

GroupSockets::~GroupSockets() {
  for (const auto& [descriptor, socket] : sockets_) ::close(descriptor);
}

bool GroupSockets::join(InterfaceIndex interface, const IpAddress& group) {
  const Key key(interface, group);
  auto& holder = members_[key];
  if (holder) return true;
  const auto outcome = hold(key);
  holder = outcome.descriptor;
  if (!holder) report("watchMulticastGroup", key, outcome.error);
  return holder.has_value();
}

void GroupSockets::leave(InterfaceIndex interface, const IpAddress& group) {
  const auto member = members_.find({interface, group});
  if (member == members_.end()) return;
  if (const auto descriptor = member->second) {
    const int error = change(*descriptor, IPV6_LEAVE_GROUP, interface, group);
    // An interface that is gone took its memberships along.
    if (error != 0 && error != EADDRNOTAVAIL && error != ENODEV) report("unwatchMulticastGroup", member->first, error);
    release(*descriptor);
  }
  members_.erase(member);
}

void GroupSockets::retry(InterfaceIndex interface) {
  const auto first = members_.lower_bound({interface, IpAddress()});
  for (auto member = first; member != members_.end() && member->first.first == interface; ++member) {
    if (!member->second) member->second = hold(member->first).descriptor;
  }
}

std::size_t GroupSockets::held() const {
  return static_cast<std::size_t>(
      std::count_if(members_.begin(), members_.end(), [](const auto& member) { return member.second.has_value(); }));
}

GroupSockets::Outcome GroupSockets::hold(const Key& key) {
  for (auto& [descriptor, socket] : sockets_) {
    if (socket.full) continue;
    const int error = change(descriptor, IPV6_JOIN_GROUP, key.first, key.second);
    if (error == 0) {
      ++socket.groups;
      return {descriptor, 0};
    }
    if (!is_full(error)) return {std::nullopt, error};
    socket.full = true;
  }
  const int fresh = ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fresh < 0) return {std::nullopt, errno};
  if (const int error = change(fresh, IPV6_JOIN_GROUP, key.first, key.second); error != 0) {
    ::close(fresh);
    return {std::nullopt, error};
  }
  sockets_.emplace(fresh, Socket{.groups = 1});
  return {fresh, 0};
}

void GroupSockets::release(int descriptor) {
  const auto socket = sockets_.find(descriptor);
  socket->second.full = false;
  if (--socket->second.groups > 0) return;
  ::close(descriptor);
  sockets_.erase(socket);
}

void GroupSockets::report(const char* operation, const Key& key, int error) const {
  std::array<char, IF_NAMESIZE> name{};
  const auto* known = ::if_indextoname(static_cast<unsigned>(key.first.value()), name.data());
  log_.error({{"op", operation},
              {"error", std::error_code(error, std::generic_category()).message()},
              {"ip", key.second.to_string()},
              {"interface", known != nullptr ? std::string(known) : std::to_string(key.first.value())}});
}

}  // namespace metallb::io
