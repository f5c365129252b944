#include "io/http/self_signed.hpp"

#include "io/http/tls_context.hpp"
#include "io/http/x509.hpp"

namespace metallb::io {

std::expected<CertificateAndKey, SystemError> make_self_signed(const std::vector<std::string>& names,
                                                               std::chrono::system_clock::time_point now,
                                                               std::chrono::hours lifetime, KeyKind kind) {
  CertificateAndKey out;
  const auto key = x509::make_key(kind);
  const auto certificate = key && !names.empty() ? x509::make_certificate(key.get(),
                                                                          {.common_name = names.front(),
                                                                           .names = names,
                                                                           .authority = true,
                                                                           .for_servers = true,
                                                                           .now = now,
                                                                           .lifetime = lifetime},
                                                                          {})
                                                 : nullptr;
  if (certificate) out = {.certificate_pem = x509::to_pem(certificate.get()), .key_pem = x509::to_pem(key.get())};
  if (out.certificate_pem.empty() || out.key_pem.empty()) {
    return std::unexpected(
        SystemError{.operation = "make", .object = "self-signed certificate", .code = {}, .detail = take_openssl_errors()});
  }
  return out;
}

}  // namespace metallb::io
