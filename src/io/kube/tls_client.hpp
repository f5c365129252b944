// The TLS side of the Kubernetes client: an OpenSSL context made from a KubeEndpoint, and a session per connection.
#pragma once

#include <openssl/types.h>

#include <expected>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "io/kube/kube_client.hpp"

namespace metallb::io {

using TlsClientContext = std::shared_ptr<SSL_CTX>;
using TlsSession = std::unique_ptr<SSL, void (*)(SSL*)>;

/// TLS 1.2 or newer, HTTP/1.1 only (ALPN), the server verified against ca_pem or the system's store unless the endpoint says
/// otherwise. The error's object names the part of the endpoint that is bad: "certificate authority", "client certificate"
/// or "client key". Null for an endpoint without TLS.
[[nodiscard]] std::expected<TlsClientContext, SystemError> make_tls_client_context(const KubeEndpoint& endpoint);

/// A client session on a connected non-blocking socket, which it does not own. Asks for the endpoint's server name (SNI,
/// unless it is an address) and accepts only a certificate with this name or address among its alternative names.
[[nodiscard]] TlsSession make_tls_session(const TlsClientContext& context, const KubeEndpoint& endpoint, int socket);

/// Why the last operation on the session failed, in OpenSSL's words; empties its error queue.
[[nodiscard]] std::string tls_failure(const SSL* session);

}  // namespace metallb::io
