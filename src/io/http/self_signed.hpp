// A self-signed server certificate made in memory (operations spec 2.8: valid for a year).
#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace metallb::io {

struct CertificateAndKey {
  std::string certificate_pem;
  std::string key_pem;
};

enum class KeyKind {
  kEcdsa,  ///< P-256, made in no time
  kRsa,    ///< 2048 bits, takes some tenths of a second: for clients that may only use cipher suites that want RSA
};

/// `names`: DNS names and addresses that clients use; the first is the common name too. Valid from an hour
/// before `now` (clocks differ) for `lifetime`. The certificate is its own authority: clients can trust it directly.
[[nodiscard]] std::expected<CertificateAndKey, SystemError> make_self_signed(const std::vector<std::string>& names,
                                                                             std::chrono::system_clock::time_point now,
                                                                             std::chrono::hours lifetime,
                                                                             KeyKind kind = KeyKind::kEcdsa);

}  // namespace metallb::io
