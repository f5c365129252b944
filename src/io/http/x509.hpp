// Certificates and keys with OpenSSL: made, signed, written and read as PEM. For certificates that this program makes
// itself.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "io/http/self_signed.hpp"

namespace metallb::io::x509 {

struct Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Certificate = std::unique_ptr<X509, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;

/// Null when OpenSSL fails, as are the results of all functions here.
[[nodiscard]] Key make_key(KeyKind kind);

struct Wanted {
  std::string common_name;
  std::string organisation = {};   ///< empty: none
  std::vector<std::string> names;  ///< DNS names and addresses
  bool authority = false;          ///< may sign others
  bool for_servers = false;        ///< extended key usage serverAuth; without, nothing is said about the usage
  std::chrono::system_clock::time_point now;
  std::chrono::hours lifetime{};  ///< from `now`; it begins an hour earlier, since clocks differ
};
/// What signs; both null: the certificate signs itself.
struct Issuer {
  X509* certificate = nullptr;
  EVP_PKEY* key = nullptr;
};
[[nodiscard]] Certificate make_certificate(EVP_PKEY* key, const Wanted& wanted, Issuer issuer);

/// Empty when OpenSSL fails.
[[nodiscard]] std::string to_pem(X509* certificate);
/// PKCS #8, "BEGIN PRIVATE KEY".
[[nodiscard]] std::string to_pem(EVP_PKEY* key);
/// For RSA PKCS #1, "BEGIN RSA PRIVATE KEY".
[[nodiscard]] std::string to_traditional_pem(EVP_PKEY* key);
/// The first certificate of the text.
[[nodiscard]] Certificate read_certificate(const std::string& pem);
[[nodiscard]] Key read_key(const std::string& pem);

}  // namespace metallb::io::x509
