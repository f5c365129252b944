// The certificate a TLS listener serves with (operations spec 2.8): tls.crt and tls.key of a directory, looked at again
// every ten seconds; without them one that signs itself, replaced before it expires.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/time.hpp"
#include "io/http/http_server.hpp"
#include "io/http/self_signed.hpp"
#include "io/http/tls_profile.hpp"

namespace metallb::io {

/// The decision alone, without timers: which certificate to serve with at a given time.
class CertificateSource {
 public:
  /// `own_key`: of the certificate that signs itself.
  explicit CertificateSource(std::string directory, KeyKind own_key = KeyKind::kEcdsa)
      : directory_(std::move(directory)), own_key_(own_key) {}
  /// The certificate when it is another one than at the last call; nothing when it is the same. Error: cannot make one.
  std::expected<std::optional<CertificateAndKey>, SystemError> look(WallPoint at);
  [[nodiscard]] bool self_signed() const { return self_signed_; }

 private:
  std::string directory_;
  KeyKind own_key_;
  std::string served_certificate_;
  std::string served_key_;
  bool self_signed_ = false;
  WallPoint renew_at_{};
};

/// Keeps an HttpServer's certificate fresh. Main thread.
class ServingCertificate {
 public:
  ServingCertificate(boost::asio::io_context& loop, std::string directory, TlsProfile profile);
  ServingCertificate(const ServingCertificate&) = delete;
  ServingCertificate& operator=(const ServingCertificate&) = delete;

  /// What to start the server with.
  std::expected<std::shared_ptr<const TlsServerOptions>, SystemError> first();
  /// From now on hands every new certificate to `use`.
  void watch(std::function<void(std::shared_ptr<const TlsServerOptions>)> use);
  [[nodiscard]] bool self_signed() const { return source_.self_signed(); }
  void stop() { timer_.cancel(); }

 private:
  [[nodiscard]] std::shared_ptr<const TlsServerOptions> options(CertificateAndKey certificate) const;
  void wait();

  CertificateSource source_;
  TlsProfile profile_;
  boost::asio::steady_timer timer_;
  std::function<void(std::shared_ptr<const TlsServerOptions>)> use_;
};

/// `configured`, or <TMPDIR or /tmp>/k8s-metrics-server/serving-certs when that is empty.
[[nodiscard]] std::string metrics_certificate_directory(const std::string& configured);

}  // namespace metallb::io
