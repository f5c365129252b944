#include "io/http/tls_profile.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace metallb::io {
namespace {

constexpr int kTls13 = 0x0304;

struct Named {
  std::string_view name;
  std::string_view openssl;  ///< empty: known, but not in OpenSSL's TLS 1.2 list (TLS 1.3 suites) or not in it at all
};

// IANA's names as the original's command line takes them.
constexpr std::array<Named, 27> kSuites = {{
    {"TLS_AES_128_GCM_SHA256", ""},
    {"TLS_AES_256_GCM_SHA384", ""},
    {"TLS_CHACHA20_POLY1305_SHA256", ""},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "ECDHE-ECDSA-AES128-SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "ECDHE-RSA-AES128-SHA256"},
    {"TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256"},
    {"TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384"},
    {"TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"},
    {"TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA"},
    {"TLS_RSA_WITH_AES_128_CBC_SHA256", "AES128-SHA256"},
    {"TLS_RSA_WITH_3DES_EDE_CBC_SHA", ""},
    {"TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", ""},
    {"TLS_RSA_WITH_RC4_128_SHA", ""},
    {"TLS_ECDHE_ECDSA_WITH_RC4_128_SHA", ""},
    {"TLS_ECDHE_RSA_WITH_RC4_128_SHA", ""},
}};

struct Group {
  std::uint16_t id;  ///< IANA, TLS Supported Groups
  std::string_view openssl;
};
constexpr std::array<Group, 5> kGroups = {{
    {23, "P-256"}, {24, "P-384"}, {25, "P-521"}, {29, "X25519"}, {4588, ""},  // X25519MLKEM768 came with OpenSSL 3.5
}};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view{} : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// The items between commas; none at all for a blank text.
std::vector<std::string_view> items_of(std::string_view text) {
  std::vector<std::string_view> items;
  if (trimmed(text).empty()) return items;
  for (;;) {
    const auto comma = text.find(',');
    items.push_back(trimmed(text.substr(0, comma)));
    if (comma == std::string_view::npos) return items;
    text.remove_prefix(comma + 1);
  }
}

void append_item(std::string& list, std::string_view item) {
  list.append(list.empty() ? "" : ":").append(item);
}

std::string in_quotes(std::string_view text) {
  return '"' + std::string(text) + '"';
}

std::expected<void, std::string> read_suites(std::string_view text, TlsProfile& profile) {
  for (const auto name : items_of(text)) {
    const auto* const suite = std::ranges::find(kSuites, name, &Named::name);
    if (suite == kSuites.end())
      return std::unexpected("parsing tls-cipher-suites: " + in_quotes(name) + " is not a known cipher suite");
    if (suite->openssl.empty()) {
      profile.unavailable.emplace_back(name);
    } else {
      append_item(profile.cipher_list, suite->openssl);
    }
  }
  return {};
}

std::expected<void, std::string> read_curves(std::string_view text, TlsProfile& profile) {
  std::vector<std::uint16_t> seen;
  const auto wrong = [](const std::string& what, std::string_view item) {
    return std::unexpected("parsing tls-curve-preferences: " + what + " " + in_quotes(item));
  };
  for (const auto item : items_of(text)) {
    std::uint16_t id = 0;
    const auto [stop, error] = std::from_chars(item.data(), item.data() + item.size(), id);
    if (error != std::errc{} || stop != item.data() + item.size()) return wrong("invalid curve preference", item);
    if (id == 0) return wrong("curve preference out of range", item);
    if (std::ranges::find(seen, id) != seen.end()) return wrong("duplicate curve preference", item);
    seen.push_back(id);
    const auto* const group = std::ranges::find(kGroups, id, &Group::id);
    if (group == kGroups.end()) return wrong("curve preference is not supported:", item);
    if (group->openssl.empty()) {
      profile.unavailable.emplace_back(item);
    } else {
      append_item(profile.groups, group->openssl);
    }
  }
  return {};
}

std::expected<int, std::string> read_version(std::string_view text) {
  if (text.empty() || text == "VersionTLS13") return kTls13;
  if (text == "VersionTLS12") return 0x0303;
  if (text == "VersionTLS11") return 0x0302;
  if (text == "VersionTLS10") return 0x0301;
  return std::unexpected("parsing tls-min-version: unknown version " + in_quotes(text) +
                         ", it is one of VersionTLS10, VersionTLS11, VersionTLS12, VersionTLS13");
}

}  // namespace

bool TlsProfile::suits_ecdsa() const {
  return cipher_list.empty() || cipher_list.find("ECDSA") != std::string::npos;
}

std::expected<TlsProfile, std::string> parse_tls_profile(std::string_view minimum_version, std::string_view cipher_suites,
                                                         std::string_view curve_preferences) {
  TlsProfile profile;
  if (const auto read = read_suites(cipher_suites, profile); !read) return std::unexpected(read.error());
  if (const auto read = read_curves(curve_preferences, profile); !read) return std::unexpected(read.error());
  const auto version = read_version(minimum_version);
  if (!version) return std::unexpected(version.error());
  const bool suites_given = !items_of(cipher_suites).empty();
  if (suites_given && *version == kTls13) return std::unexpected("cipher suites cannot be configured with TLS 1.3");
  // Of the suites asked for none is left for TLS 1.2, so nothing below TLS 1.3 can be spoken.
  profile.minimum_version = suites_given && profile.cipher_list.empty() ? kTls13 : *version;
  return profile;
}

}  // namespace metallb::io
