// What must be done about the webhooks' certificates, from what the Secret holds and the time (controller spec 6.6).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace metallb::admission {

/// What a certificate says, as far as it matters here. Reading it takes a library, so io/webhooks does.
struct CertificateFacts {
  WallPoint not_before;
  WallPoint not_after;
  bool authority = false;          ///< may sign others
  bool for_servers = false;        ///< its extended key usage, if it has one, includes serverAuth
  std::vector<std::string> names;  ///< DNS names
};

/// What is in the Secret. Absent: missing, or not readable.
struct SecretFacts {
  std::optional<CertificateFacts> authority;
  bool authority_key_fits = false;
  std::optional<CertificateFacts> server;
  bool server_key_fits = false;
  bool server_signed_by_authority = false;
};

enum class Renewal : std::uint8_t {
  kNothing,
  kServer,      ///< another server certificate, signed by the authority that there is
  kEverything,  ///< another authority, and a server certificate signed by it
};

struct CertificatePlan {
  Renewal renewal = Renewal::kNothing;
  std::string reason;  ///< for the log; empty for kNothing
};

/// A certificate is replaced when less than this is left of it.
inline constexpr std::chrono::hours kRenewBefore{24 * 90};
inline constexpr std::chrono::hours kAuthorityLifetime{24 * 3650};
inline constexpr std::chrono::hours kServerLifetime{24 * 365};

/// `server_name`: <service>.<namespace>.svc.
[[nodiscard]] CertificatePlan plan_certificates(const SecretFacts& facts, const std::string& server_name, WallPoint now);
/// Good enough to serve with, also while it is being replaced.
[[nodiscard]] bool can_serve(const SecretFacts& facts, WallPoint now);

}  // namespace metallb::admission
