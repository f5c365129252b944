#include "admission/certificate_plan.hpp"

#include <algorithm>

namespace metallb::admission {
namespace {

/// Empty when the certificate is valid now and for a while to come.
std::string trouble_with_dates(const CertificateFacts& certificate, WallPoint now) {
  if (certificate.not_before > now) return "is not valid yet";
  if (certificate.not_after <= now) return "has expired";
  if (certificate.not_after <= now + kRenewBefore) return "expires within 90 days";
  return {};
}

std::string trouble_with_authority(const SecretFacts& facts, WallPoint now) {
  if (!facts.authority) return "is missing or unreadable";
  if (!facts.authority->authority) return "is none: it must not sign others";
  if (!facts.authority_key_fits) return "has no key that fits";
  return trouble_with_dates(*facts.authority, now);
}

std::string trouble_with_server(const SecretFacts& facts, const std::string& server_name, WallPoint now) {
  if (!facts.server) return "is missing or unreadable";
  if (!facts.server_key_fits) return "has no key that fits";
  if (!facts.server_signed_by_authority) return "is not signed by the authority";
  if (!facts.server->for_servers) return "is not for servers";
  const auto& names = facts.server->names;
  if (std::find(names.begin(), names.end(), server_name) == names.end()) return "is not for " + server_name;
  return trouble_with_dates(*facts.server, now);
}

}  // namespace

CertificatePlan plan_certificates(const SecretFacts& facts, const std::string& server_name, WallPoint now) {
  if (const auto trouble = trouble_with_authority(facts, now); !trouble.empty()) {
    return {.renewal = Renewal::kEverything, .reason = "the authority's certificate " + trouble};
  }
  if (const auto trouble = trouble_with_server(facts, server_name, now); !trouble.empty()) {
    return {.renewal = Renewal::kServer, .reason = "the server's certificate " + trouble};
  }
  return {};
}

bool can_serve(const SecretFacts& facts, WallPoint now) {
  return facts.server && facts.server_key_fits && facts.server->not_before <= now && now < facts.server->not_after;
}

}  // namespace metallb::admission
