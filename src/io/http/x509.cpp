#include "io/http/x509.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>
#include <cstdint>

namespace metallb::io::x509 {
namespace {

using BioHandle = std::unique_ptr<BIO, decltype([](BIO* b) { BIO_free(b); })>;
using ExtensionHandle = std::unique_ptr<X509_EXTENSION, decltype([](X509_EXTENSION* e) { X509_EXTENSION_free(e); })>;

constexpr std::chrono::hours kClockTolerance{1};
constexpr unsigned int kRsaBits = 2048;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

BioHandle reader(const std::string& pem) {
  return BioHandle(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
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

bool add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionHandle extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool add_to_name(X509_NAME* name, const char* part, const std::string& text) {
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.c_str());
  return text.empty() || X509_NAME_add_entry_by_txt(name, part, MBSTRING_UTF8, bytes, -1, -1, 0) == 1;
}

bool set_random_serial(X509* certificate) {
  std::uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return false;
  return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1U) == 1;  // positive
}

bool add_extensions(X509* certificate, EVP_PKEY* key, const Wanted& wanted, X509* issuer) {
  // RFC 5246, Section 7.4.2: a suite without (EC)DHE encrypts to the RSA key itself.
  const auto usage = std::string("critical,digitalSignature") + (wanted.authority ? ",keyCertSign" : "") +
                     (EVP_PKEY_is_a(key, "RSA") == 1 ? ",keyEncipherment" : "");
  const bool own = issuer == certificate;
  return add_extension(certificate, issuer, NID_basic_constraints,
                       wanted.authority ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
         add_extension(certificate, issuer, NID_key_usage, usage) &&
         (!wanted.for_servers || add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth")) &&
         add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
         (own || add_extension(certificate, issuer, NID_authority_key_identifier, "keyid")) &&
         add_extension(certificate, issuer, NID_subject_alt_name, alternative_names(wanted.names));
}

bool fill(X509* certificate, EVP_PKEY* key, const Wanted& wanted, Issuer issuer) {
  auto* const signer = issuer.certificate == nullptr ? certificate : issuer.certificate;
  const auto start = std::chrono::system_clock::to_time_t(wanted.now - kClockTolerance);
  const auto end = std::chrono::system_clock::to_time_t(wanted.now + wanted.lifetime);
  auto* const subject = X509_get_subject_name(certificate);
  return X509_set_version(certificate, X509_VERSION_3) == 1 && set_random_serial(certificate) &&
         ASN1_TIME_set(X509_getm_notBefore(certificate), start) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), end) != nullptr && X509_set_pubkey(certificate, key) == 1 &&
         add_to_name(subject, "O", wanted.organisation) && add_to_name(subject, "CN", wanted.common_name) &&
         X509_set_issuer_name(certificate, X509_get_subject_name(signer)) == 1 &&
         add_extensions(certificate, key, wanted, signer) &&
         X509_sign(certificate, issuer.key == nullptr ? key : issuer.key, EVP_sha256()) != 0;
}

}  // namespace

Key make_key(KeyKind kind) {
  return Key(kind == KeyKind::kRsa ? EVP_RSA_gen(kRsaBits) : EVP_EC_gen("P-256"));
}

Certificate make_certificate(EVP_PKEY* key, const Wanted& wanted, Issuer issuer) {
  Certificate certificate(X509_new());
  if (key == nullptr || !certificate || wanted.names.empty() || !fill(certificate.get(), key, wanted, issuer))
    return nullptr;
  return certificate;
}

std::string to_pem(X509* certificate) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  return bio && PEM_write_bio_X509(bio.get(), certificate) == 1 ? text_of(bio.get()) : std::string();
}

std::string to_pem(EVP_PKEY* key) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  const bool written = bio && PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1;
  return written ? text_of(bio.get()) : std::string();
}

std::string to_traditional_pem(EVP_PKEY* key) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  const bool written =
      bio && PEM_write_bio_PrivateKey_traditional(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1;
  return written ? text_of(bio.get()) : std::string();
}

Certificate read_certificate(const std::string& pem) {
  Certificate out(PEM_read_bio_X509(reader(pem).get(), nullptr, nullptr, nullptr));
  if (!out) ERR_clear_error();
  return out;
}

Key read_key(const std::string& pem) {
  Key out(PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, nullptr, nullptr));
  if (!out) ERR_clear_error();
  return out;
}

}  // namespace metallb::io::x509
