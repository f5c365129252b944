// The webhooks' certificates as OpenSSL sees them: read from the Secret, and made when admission/ wants other ones.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "admission/certificate_keeper.hpp"
#include "kube/objects/core.hpp"

namespace metallb::io {

/// What the Secret holds; entries that are missing or no base64 are empty.
[[nodiscard]] admission::SecretSeen read_secret(const kube::Secret& secret);

/// RSA keys of 2048 bits, as the original makes them and can go on using: takes some tenths of a second. Any thread.
[[nodiscard]] std::expected<admission::Certificates, std::string> make_certificates(
    const admission::Make& wanted, std::chrono::system_clock::time_point now);

/// Makes certificates beside the loop, which must not wait for prime numbers.
class CertificateMaker {
 public:
  explicit CertificateMaker(boost::asio::io_context& loop) : loop_(loop) {}
  ~CertificateMaker();
  CertificateMaker(const CertificateMaker&) = delete;
  CertificateMaker& operator=(const CertificateMaker&) = delete;

  /// One at a time. `done` runs on the loop, unless this has ended by then.
  void make(admission::Make wanted, std::function<void(admission::Made)> done);

 private:
  boost::asio::io_context& loop_;
  std::thread worker_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace metallb::io
