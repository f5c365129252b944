// Socket options with the size that their type has.
#pragma once

#include <sys/socket.h>

namespace metallb::io {

/// False: errno says why. Flags and numbers are of type int, as the kernel wants most of them.
template <class T>
[[nodiscard]] bool set_option(int socket, int level, int option, const T& value) {
  return ::setsockopt(socket, level, option, &value, sizeof(value)) == 0;
}

}  // namespace metallb::io
