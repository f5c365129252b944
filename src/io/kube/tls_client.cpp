#include "io/kube/tls_client.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <boost/asio/ip/address.hpp>

#include "base/contract.hpp"
#include "io/tls_socket.hpp"

namespace metallb::io {
namespace {

using BioHandle = std::unique_ptr<BIO, decltype([](BIO* b) { BIO_free(b); })>;
using CertificateHandle = std::unique_ptr<X509, decltype([](X509* c) { X509_free(c); })>;
using KeyHandle = std::unique_ptr<EVP_PKEY, decltype([](EVP_PKEY* k) { EVP_PKEY_free(k); })>;

SystemError bad(std::string object) {
  return {.operation = "load", .object = std::move(object), .code = {}, .detail = tls_failure(nullptr)};
}

BioHandle reader(const std::string& pem) {
  return BioHandle(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

CertificateHandle next_certificate(BIO* bio) {
  return CertificateHandle(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
}

/// A bundle may name a certificate twice, which is no error.
bool trust(SSL_CTX* context, const std::string& pem) {
  const auto bio = reader(pem);
  auto* const store = SSL_CTX_get_cert_store(context);
  int count = 0;
  while (const auto certificate = next_certificate(bio.get())) {
    if (X509_STORE_add_cert(store, certificate.get()) != 1) return false;
    ++count;
  }
  if (count == 0) return false;
  ERR_clear_error();  // the end of the text is reported as an error
  return true;
}

/// The first certificate is our own, those after it its chain.
bool present(SSL_CTX* context, const std::string& pem) {
  const auto bio = reader(pem);
  const auto own = next_certificate(bio.get());
  if (!own || SSL_CTX_use_certificate(context, own.get()) != 1) return false;
  while (const auto issuer = next_certificate(bio.get())) {
    if (SSL_CTX_add1_chain_cert(context, issuer.get()) != 1) return false;
  }
  ERR_clear_error();
  return true;
}

bool use_key(SSL_CTX* context, const std::string& pem) {
  const auto bio = reader(pem);
  // No prompt for the password of an encrypted key: this is no interactive program.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  const KeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  return key && SSL_CTX_use_PrivateKey(context, key.get()) == 1 && SSL_CTX_check_private_key(context) == 1;
}

}  // namespace

std::expected<TlsClientContext, SystemError> make_tls_client_context(const KubeEndpoint& endpoint) {
  if (!endpoint.tls) return nullptr;
  ERR_clear_error();
  const TlsClientContext context(SSL_CTX_new(TLS_client_method()), [](SSL_CTX* c) { SSL_CTX_free(c); });
  METALLB_CONTRACT(context != nullptr, "OpenSSL cannot make a client context");
  auto* const raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  // Idle connections keep no record buffers; a write that is repeated may come from another place in memory.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  static constexpr std::array<unsigned char, 9> kHttp11 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  SSL_CTX_set_alpn_protos(raw, kHttp11.data(), kHttp11.size());

  if (endpoint.insecure_skip_verify) {
    SSL_CTX_set_verify(raw, SSL_VERIFY_NONE, nullptr);
  } else {
    SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
    if (endpoint.ca_pem.empty()) {
      SSL_CTX_set_default_verify_paths(raw);
    } else if (!trust(raw, endpoint.ca_pem)) {
      return std::unexpected(bad("certificate authority"));
    }
  }
  if (!endpoint.client_certificate_pem.empty()) {
    if (!present(raw, endpoint.client_certificate_pem)) return std::unexpected(bad("client certificate"));
    if (!use_key(raw, endpoint.client_key_pem)) return std::unexpected(bad("client key"));
  }
  return context;
}

TlsSession make_tls_session(const TlsClientContext& context, const KubeEndpoint& endpoint, int socket) {
  TlsSession session(SSL_new(context.get()), [](SSL* s) { SSL_free(s); });
  METALLB_CONTRACT(session != nullptr, "OpenSSL cannot make a session");
  attach_socket(session.get(), socket);
  SSL_set_connect_state(session.get());

  const auto& name = endpoint.server_name.empty() ? endpoint.host : endpoint.server_name;
  auto* const verification = SSL_get0_param(session.get());
  boost::system::error_code not_an_address;
  const auto address = boost::asio::ip::make_address(name, not_an_address);
  if (not_an_address) {
    SSL_set_tlsext_host_name(session.get(), name.c_str());
    X509_VERIFY_PARAM_set_hostflags(verification,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    X509_VERIFY_PARAM_set1_host(verification, name.c_str(), name.size());
  } else if (address.is_v6()) {
    const auto bytes = address.to_v6().to_bytes();
    X509_VERIFY_PARAM_set1_ip(verification, bytes.data(), bytes.size());
  } else {
    const auto bytes = address.to_v4().to_bytes();
    X509_VERIFY_PARAM_set1_ip(verification, bytes.data(), bytes.size());
  }
  return session;
}

std::string tls_failure(const SSL* session) {
  std::string text;
  if (session != nullptr) {
    if (const auto verdict = SSL_get_verify_result(session); verdict != X509_V_OK) {
      text = X509_verify_cert_error_string(verdict);
    }
  }
  while (const auto code = ERR_get_error()) {
    const char* const reason = ERR_reason_error_string(code);
    if (!text.empty()) text += "; ";
    text += reason != nullptr ? std::string(reason) : "error " + std::to_string(code);
  }
  return text;
}

}  // namespace metallb::io
