// An OpenSSL server context made from certificate, key and options in memory.
#pragma once

#include <openssl/types.h>

#include <expected>
#include <memory>

#include "base/error.hpp"
#include "io/http/http_server.hpp"

namespace metallb::io {

using TlsContext = std::shared_ptr<SSL_CTX>;

/// Error when certificate or key cannot be read, do not belong together, or an option names nothing that OpenSSL knows.
/// Offers HTTP/1.1 only (ALPN), no renegotiation, no session resumption.
[[nodiscard]] std::expected<TlsContext, SystemError> make_tls_context(const TlsServerOptions& options);

/// What OpenSSL's error queue says, and empties it.
[[nodiscard]] std::string take_openssl_errors();

}  // namespace metallb::io
