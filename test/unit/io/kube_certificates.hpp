// Certificates made on the spot with OpenSSL, for TLS tests.
#pragma once

#include <openssl/evp.h>
#include <openssl/types.h>

#include <memory>
#include <string>

namespace metallb::io::test {

struct Identity {
  std::shared_ptr<X509> certificate;
  std::shared_ptr<EVP_PKEY> key;
  [[nodiscard]] std::string certificate_pem() const;
  [[nodiscard]] std::string key_pem() const;
};

/// A self-signed authority.
Identity make_authority(const std::string& name);
/// Signed by `authority`; `alternative_names` as OpenSSL writes them, for example "DNS:api.test,IP:127.0.0.1".
Identity make_identity(const Identity& authority, const std::string& name, const std::string& alternative_names);

}  // namespace metallb::io::test
