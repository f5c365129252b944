// What lets OpenSSL read and write a socket of ours without raising SIGPIPE. Its own socket BIO sends without MSG_NOSIGNAL.
#pragma once

#include <openssl/types.h>

namespace metallb::io {

/// `session` reads and writes the non-blocking socket `descriptor` from now on. It does not own it: close it after the
/// session.
void attach_socket(SSL* session, int descriptor);

/// True when errno says that a call on a non-blocking socket merely has to be tried again.
[[nodiscard]] bool would_block();

}  // namespace metallb::io
