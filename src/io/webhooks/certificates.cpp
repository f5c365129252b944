#include "io/webhooks/certificates.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <ctime>
#include <optional>
#include <utility>

#include "base/base64.hpp"
#include "io/clock.hpp"
#include "io/http/tls_context.hpp"
#include "io/http/x509.hpp"

namespace metallb::io {
namespace {

using NamesHandle = std::unique_ptr<GENERAL_NAMES, decltype([](GENERAL_NAMES* n) { GENERAL_NAMES_free(n); })>;

std::string entry(const kube::Secret& secret, const char* name) {
  const auto found = secret.data.find(name);
  return found == secret.data.end() ? std::string() : decode_base64(found->second).value_or("");
}

WallPoint point(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return WallPoint::min();
  // A certificate may outlast what WallPoint can hold (the year 2262).
  const auto latest = std::chrono::floor<std::chrono::seconds>(WallPoint::max()).time_since_epoch();
  const auto since = std::min(std::chrono::seconds(::timegm(&parts)), latest);
  return WallPoint(std::chrono::duration_cast<Duration>(since));
}

std::vector<std::string> dns_names(X509* certificate) {
  std::vector<std::string> out;
  const NamesHandle names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const auto* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    const auto* const bytes = ASN1_STRING_get0_data(name->d.dNSName);
    out.emplace_back(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  return out;
}

std::optional<admission::CertificateFacts> facts_of(X509* certificate) {
  if (certificate == nullptr) return std::nullopt;
  const auto usage = X509_get_extended_key_usage(certificate);  // all bits when the certificate does not say
  return admission::CertificateFacts{.not_before = point(X509_get0_notBefore(certificate)),
                                     .not_after = point(X509_get0_notAfter(certificate)),
                                     .authority = X509_check_ca(certificate) == 1,
                                     .for_servers = (usage & XKU_SSL_SERVER) != 0,
                                     .names = dns_names(certificate)};
}

bool fits(X509* certificate, EVP_PKEY* key) {
  return certificate != nullptr && key != nullptr && X509_check_private_key(certificate, key) == 1;
}

bool signed_by(X509* certificate, X509* authority) {
  if (certificate == nullptr || authority == nullptr) return false;
  return X509_check_issued(authority, certificate) == X509_V_OK &&
         X509_verify(certificate, X509_get0_pubkey(authority)) == 1;
}

}  // namespace

admission::SecretSeen read_secret(const kube::Secret& secret) {
  admission::SecretSeen out;
  out.resource_version = secret.metadata.resourceVersion;
  out.content = {.authority = entry(secret, "ca.crt"),
                 .authority_key = entry(secret, "ca.key"),
                 .server = entry(secret, "tls.crt"),
                 .server_key = entry(secret, "tls.key")};
  const auto authority = x509::read_certificate(out.content.authority);
  const auto server = x509::read_certificate(out.content.server);
  out.facts = {.authority = facts_of(authority.get()),
               .authority_key_fits = fits(authority.get(), x509::read_key(out.content.authority_key).get()),
               .server = facts_of(server.get()),
               .server_key_fits = fits(server.get(), x509::read_key(out.content.server_key).get()),
               .server_signed_by_authority = signed_by(server.get(), authority.get())};
  ERR_clear_error();  // of certificates that do not fit, which is an answer and no failure
  return out;
}

std::expected<admission::Certificates, std::string> make_certificates(const admission::Make& wanted,
                                                                      std::chrono::system_clock::time_point now) {
  const bool keep = wanted.renewal == admission::Renewal::kServer;
  auto authority_key = keep ? x509::read_key(wanted.current.authority_key) : x509::make_key(KeyKind::kRsa);
  auto authority = keep ? x509::read_certificate(wanted.current.authority)
                        : x509::make_certificate(authority_key.get(),
                                                 {.common_name = "cert",
                                                  .organisation = "metallb",
                                                  .names = {"cert"},
                                                  .authority = true,
                                                  .now = now,
                                                  .lifetime = admission::kAuthorityLifetime},
                                                 {});
  const auto server_key = x509::make_key(KeyKind::kRsa);
  const auto failed = [] { return std::unexpected("OpenSSL: " + take_openssl_errors()); };
  if (!authority || !authority_key || !server_key) return failed();
  const auto server = x509::make_certificate(server_key.get(),
                                             {.common_name = wanted.server_name,
                                              .names = {wanted.server_name},
                                              .for_servers = true,
                                              .now = now,
                                              .lifetime = admission::kServerLifetime},
                                             {.certificate = authority.get(), .key = authority_key.get()});
  if (!server) return failed();
  admission::Certificates out{
      .authority = keep ? wanted.current.authority : x509::to_pem(authority.get()),
      .authority_key = keep ? wanted.current.authority_key : x509::to_traditional_pem(authority_key.get()),
      .server = x509::to_pem(server.get()),
      .server_key = x509::to_traditional_pem(server_key.get())};
  if (out.authority.empty() || out.authority_key.empty() || out.server.empty() || out.server_key.empty()) return failed();
  return out;
}

CertificateMaker::~CertificateMaker() {
  if (worker_.joinable()) worker_.join();
}

void CertificateMaker::make(admission::Make wanted, std::function<void(admission::Made)> done) {
  if (worker_.joinable()) worker_.join();  // it has posted its outcome, or there would be no second one
  worker_ = std::thread([&loop = loop_, alive = std::weak_ptr(alive_), wanted = std::move(wanted), done = std::move(done),
                         at = std::chrono::floor<std::chrono::system_clock::duration>(now().wall),
                         work = boost::asio::make_work_guard(loop_)] {
    auto result = make_certificates(wanted, at);
    boost::asio::post(loop, [alive, done, result = std::move(result)]() mutable {
      if (!alive.expired()) done({.result = std::move(result)});
    });
  });
}

}  // namespace metallb::io
