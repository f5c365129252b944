#include "unit/io/kube_certificates.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/contract.hpp"

namespace metallb::io::test {
namespace {

std::string drained(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  std::string out(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return out;
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  auto* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  METALLB_CONTRACT(extension != nullptr, "the test's extension is well-formed");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Identity fresh(const std::string& name, long serial) {
  Identity out{{X509_new(), X509_free}, {EVP_EC_gen("P-256"), EVP_PKEY_free}};
  auto* const certificate = out.certificate.get();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_pubkey(certificate, out.key.get());
  return out;
}

}  // namespace

std::string Identity::certificate_pem() const {
  auto* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate.get());
  return drained(bio);
}

std::string Identity::key_pem() const {
  auto* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return drained(bio);
}

Identity make_authority(const std::string& name) {
  auto out = fresh(name, 1);
  X509_set_issuer_name(out.certificate.get(), X509_get_subject_name(out.certificate.get()));
  add_extension(out.certificate.get(), out.certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(out.certificate.get(), out.key.get(), EVP_sha256());
  return out;
}

Identity make_identity(const Identity& authority, const std::string& name, const std::string& alternative_names) {
  auto out = fresh(name, 2);
  X509_set_issuer_name(out.certificate.get(), X509_get_subject_name(authority.certificate.get()));
  add_extension(out.certificate.get(), authority.certificate.get(), NID_subject_alt_name, alternative_names);
  X509_sign(out.certificate.get(), authority.key.get(), EVP_sha256());
  return out;
}

}  // namespace metallb::io::test
