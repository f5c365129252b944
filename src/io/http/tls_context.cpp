#include "io/http/tls_context.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>

namespace metallb::io {
namespace {

using BioHandle = std::unique_ptr<BIO, decltype([](BIO* b) { BIO_free(b); })>;
using CertificateHandle = std::unique_ptr<X509, decltype([](X509* c) { X509_free(c); })>;
using KeyHandle = std::unique_ptr<EVP_PKEY, decltype([](EVP_PKEY* k) { EVP_PKEY_free(k); })>;

SystemError failure(std::string object) {
  return {.operation = "tls", .object = std::move(object), .code = {}, .detail = take_openssl_errors()};
}

BioHandle reader(const std::string& pem) {
  return BioHandle(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

/// The first certificate is the server's own, those after it its chain.
bool use_certificates(SSL_CTX* context, const std::string& pem) {
  const auto bio = reader(pem);
  const CertificateHandle leaf(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1) return false;
  while (auto* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    if (SSL_CTX_add0_chain_cert(context, next) != 1) {
      X509_free(next);
      return false;
    }
  }
  ERR_clear_error();  // the end of the file is reported as an error
  return true;
}

bool use_key(SSL_CTX* context, const std::string& pem) {
  const auto bio = reader(pem);
  const KeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  return key && SSL_CTX_use_PrivateKey(context, key.get()) == 1 && SSL_CTX_check_private_key(context) == 1;
}

int select_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_length, const unsigned char* offered,
                    unsigned int offered_length, void*) {
  static constexpr std::array<unsigned char, 9> kHttp11 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* match = nullptr;
  const auto result = SSL_select_next_proto(&match, chosen_length, kHttp11.data(), kHttp11.size(), offered, offered_length);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
  *chosen = match;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

std::string take_openssl_errors() {
  std::string text;
  while (const auto code = ERR_get_error()) {
    std::array<char, 256> line{};
    ERR_error_string_n(code, line.data(), line.size());
    if (!text.empty()) text += "; ";
    text += line.data();
  }
  return text;
}

std::expected<TlsContext, SystemError> make_tls_context(const TlsServerOptions& options) {
  ERR_clear_error();
  const TlsContext context(SSL_CTX_new(TLS_server_method()), [](SSL_CTX* c) { SSL_CTX_free(c); });
  if (!context) return std::unexpected(failure("context"));
  auto* const raw = context.get();
  // Idle connections keep no record buffers; writes may be partial and repeated from another address.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(raw,
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_num_tickets(raw, 0);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  if (options.minimum_version < TLS1_2_VERSION)
    SSL_CTX_set_security_level(raw, 0);  // OpenSSL 3 allows TLS 1.0 and 1.1 only there
  if (SSL_CTX_set_min_proto_version(raw, options.minimum_version) != 1) return std::unexpected(failure("minimum version"));
  if (!options.cipher_list.empty() && SSL_CTX_set_cipher_list(raw, options.cipher_list.c_str()) != 1) {
    return std::unexpected(failure("cipher list " + options.cipher_list));
  }
  if (!options.groups.empty() && SSL_CTX_set1_groups_list(raw, options.groups.c_str()) != 1) {
    return std::unexpected(failure("groups " + options.groups));
  }
  if (!use_certificates(raw, options.certificate_pem)) return std::unexpected(failure("certificate"));
  if (!use_key(raw, options.key_pem)) return std::unexpected(failure("key"));
  SSL_CTX_set_alpn_select_cb(raw, select_protocol, nullptr);
  return context;
}

}  // namespace metallb::io
