// The TLS options of controller and speaker (operations spec 2.8) in OpenSSL's terms. They hold for the metrics listener and
// the webhook listener.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace metallb::io {

struct TlsProfile {
  int minimum_version = 0x0304;  ///< as in TlsServerOptions
  std::string cipher_list;
  std::string groups;
  /// Names and numbers that were accepted but that this build's OpenSSL does not have; for one log line.
  std::vector<std::string> unavailable;
  /// Whether an ECDSA certificate can be used with every version allowed: without a list of suites, or with one such in it.
  [[nodiscard]] bool suits_ecdsa() const;
};

/// The three flags' values. Errors begin with "parsing <flag>: "; checked in the order suites, curves, version, and then
/// whether they fit together.
[[nodiscard]] std::expected<TlsProfile, std::string> parse_tls_profile(std::string_view minimum_version,
                                                                       std::string_view cipher_suites,
                                                                       std::string_view curve_preferences);

}  // namespace metallb::io
