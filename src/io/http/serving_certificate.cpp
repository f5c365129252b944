#include "io/http/serving_certificate.hpp"

#include <cstdlib>
#include <optional>

#include "io/clock.hpp"
#include "io/files.hpp"

namespace metallb::io {
namespace {

constexpr std::chrono::seconds kLookAgain{10};
constexpr std::chrono::hours kLifetime{24 * 365};
constexpr std::chrono::hours kRenewBefore{24 * 30};

}  // namespace

std::expected<std::optional<CertificateAndKey>, SystemError> CertificateSource::look(WallPoint at) {
  CertificateAndKey found{.certificate_pem = read_text_file(directory_ + "/tls.crt").value_or(""),
                          .key_pem = read_text_file(directory_ + "/tls.key").value_or("")};
  const bool from_files = !found.certificate_pem.empty() && !found.key_pem.empty();
  if (from_files) {
    if (found.certificate_pem == served_certificate_ && found.key_pem == served_key_) return std::nullopt;
  } else {
    // Files that are gone for a moment (while they are replaced) change nothing either.
    const bool serves_files = !self_signed_ && !served_certificate_.empty();
    if (serves_files || (self_signed_ && at < renew_at_)) return std::nullopt;
    const auto seconds = std::chrono::floor<std::chrono::system_clock::duration>(at);
    auto made = make_self_signed({"localhost", "127.0.0.1"}, seconds, kLifetime, own_key_);
    if (!made) return std::unexpected(made.error());
    found = std::move(*made);
    renew_at_ = at + kLifetime - kRenewBefore;
  }
  self_signed_ = !from_files;
  served_certificate_ = found.certificate_pem;
  served_key_ = found.key_pem;
  return found;
}

ServingCertificate::ServingCertificate(boost::asio::io_context& loop, std::string directory, TlsProfile profile)
    : source_(std::move(directory), profile.suits_ecdsa() ? KeyKind::kEcdsa : KeyKind::kRsa),
      profile_(std::move(profile)),
      timer_(loop) {}

std::shared_ptr<const TlsServerOptions> ServingCertificate::options(CertificateAndKey certificate) const {
  return std::make_shared<TlsServerOptions>(TlsServerOptions{.certificate_pem = std::move(certificate.certificate_pem),
                                                             .key_pem = std::move(certificate.key_pem),
                                                             .minimum_version = profile_.minimum_version,
                                                             .cipher_list = profile_.cipher_list,
                                                             .groups = profile_.groups});
}

std::expected<std::shared_ptr<const TlsServerOptions>, SystemError> ServingCertificate::first() {
  auto found = source_.look(now().wall);
  if (!found) return std::unexpected(found.error());
  return options(std::move(found->value()));
}

void ServingCertificate::watch(std::function<void(std::shared_ptr<const TlsServerOptions>)> use) {
  use_ = std::move(use);
  wait();
}

void ServingCertificate::wait() {
  timer_.expires_after(kLookAgain);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    if (auto found = source_.look(now().wall); found && *found) use_(options(std::move(**found)));
    wait();
  });
}

std::string metrics_certificate_directory(const std::string& configured) {
  if (!configured.empty()) return configured;
  const char* temporary = std::getenv("TMPDIR");
  const bool set = temporary != nullptr && *temporary != '\0';
  return std::string(set ? temporary : "/tmp") + "/k8s-metrics-server/serving-certs";
}

}  // namespace metallb::io
