#include "io/http/self_signed.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>
#include <memory>

#include "io/http/tls_context.hpp"

namespace metallb::io {
namespace {

using BioHandle = std::unique_ptr<BIO, decltype([](BIO* b) { BIO_free(b); })>;
using CertificateHandle = std::unique_ptr<X509, decltype([](X509* c) { X509_free(c); })>;
using KeyHandle = std::unique_ptr<EVP_PKEY, decltype([](EVP_PKEY* k) { EVP_PKEY_free(k); })>;
using ExtensionHandle = std::unique_ptr<X509_EXTENSION, decltype([](X509_EXTENSION* e) { X509_EXTENSION_free(e); })>;

constexpr std::chrono::hours kClockTolerance{1};
constexpr unsigned int kRsaBits = 2048;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) {
    boost::system::error_code not_an_address;
    boost::asio::ip::make_address(name, not_an_address);
    text += (text.empty() ? "" : ",") + std::string(not_an_address ? "DNS:" : "IP:") + name;
  }
  return text;
}

bool add_extension(X509* certificate, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionHandle extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_random_serial(X509* certificate) {
  std::uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return false;
  return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1U) == 1;  // positive
}

bool fill(X509* certificate, EVP_PKEY* key, const std::vector<std::string>& names, std::chrono::system_clock::time_point now,
          std::chrono::hours lifetime) {
  const auto start = std::chrono::system_clock::to_time_t(now - kClockTolerance);
  const auto end = std::chrono::system_clock::to_time_t(now + lifetime);
  // RFC 5246, Section 7.4.2: a suite without (EC)DHE encrypts to the RSA key itself.
  const std::string usage =
      std::string("critical,digitalSignature,keyCertSign") + (EVP_PKEY_is_a(key, "RSA") == 1 ? ",keyEncipherment" : "");
  auto* const subject = X509_get_subject_name(certificate);
  const auto* const common_name = reinterpret_cast<const unsigned char*>(names.front().c_str());
  return X509_set_version(certificate, X509_VERSION_3) == 1 && set_random_serial(certificate) &&
         ASN1_TIME_set(X509_getm_notBefore(certificate), start) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), end) != nullptr && X509_set_pubkey(certificate, key) == 1 &&
         X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, common_name, -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1 &&
         add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE") &&
         add_extension(certificate, NID_key_usage, usage) && add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
         add_extension(certificate, NID_subject_key_identifier, "hash") &&
         add_extension(certificate, NID_subject_alt_name, alternative_names(names)) &&
         X509_sign(certificate, key, EVP_sha256()) != 0;
}

}  // namespace

std::expected<CertificateAndKey, SystemError> make_self_signed(const std::vector<std::string>& names,
                                                               std::chrono::system_clock::time_point now,
                                                               std::chrono::hours lifetime, KeyKind kind) {
  const auto failed = [] {
    return std::unexpected(
        SystemError{.operation = "make", .object = "self-signed certificate", .code = {}, .detail = take_openssl_errors()});
  };
  const KeyHandle key(kind == KeyKind::kRsa ? EVP_RSA_gen(kRsaBits) : EVP_EC_gen("P-256"));
  const CertificateHandle certificate(X509_new());
  const BioHandle certificate_text(BIO_new(BIO_s_mem()));
  const BioHandle key_text(BIO_new(BIO_s_mem()));
  if (!key || !certificate || !certificate_text || !key_text || names.empty()) return failed();
  if (!fill(certificate.get(), key.get(), names, now, lifetime)) return failed();
  if (PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1 ||
      PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return failed();
  }
  return CertificateAndKey{.certificate_pem = text_of(certificate_text.get()), .key_pem = text_of(key_text.get())};
}

}  // namespace metallb::io
