// What the sockets of BFD have in common.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <expected>
#include <string>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/names.hpp"
#include "io/sockets/descriptor.hpp"
#include "io/sockets/options.hpp"

namespace metallb::io {

/// Packets handled per wake-up, so that timers and other sockets get their turn during a flood.
inline constexpr int kPacketsPerWakeUp = 64;
/// The traffic class of what BFD sends. RFC 4594: network control; as bgp spec 4.13 has it.
inline constexpr int kInternetworkControl = 0xC0;

/// Room for what arrives while this thread does other work. Returns how many packets can wait at a time, at most: whoever
/// has read so many has read all that was there when he began.
[[nodiscard]] std::size_t take_receive_buffer(int socket);
/// False when it did not leave. Never blocks: what does not fit into the kernel's buffer is lost.
[[nodiscard]] bool send_datagram(int socket, ByteView payload, const sockaddr* to, socklen_t to_size);

/// The device of a VRF.
[[nodiscard]] std::expected<InterfaceIndex, SystemError> find_vrf(const std::string& name);
/// To this interface, or to all of this VRF's. (bgp spec 4.12)
[[nodiscard]] std::expected<void, SystemError> bind_to_device(int socket, InterfaceIndex device, const std::string& object);

/// With what to mend, where that is known.
[[nodiscard]] SystemError socket_error(std::string operation, std::string object, int error);

}  // namespace metallb::io
