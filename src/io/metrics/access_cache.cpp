#include "io/metrics/access_cache.hpp"

#include <openssl/sha.h>

#include <chrono>

namespace metallb::io {
namespace {

constexpr std::chrono::minutes kTokenLifetime{1};
constexpr std::chrono::minutes kAllowedLifetime{5};
constexpr std::chrono::seconds kDeniedLifetime{30};
constexpr std::size_t kMostEntries = 1024;

/// Room for one more: what has expired goes, and everything if that is not enough (asking again is all it costs).
template <class Map>
void make_room(Map& map, SteadyPoint now) {
  if (map.size() < kMostEntries) return;
  std::erase_if(map, [now](const auto& item) { return item.second.until <= now; });
  if (map.size() >= kMostEntries) map.clear();
}

template <class Map, class Key>
auto find_fresh(const Map& map, const Key& key, SteadyPoint now) -> std::optional<decltype(map.begin()->second.value)> {
  const auto found = map.find(key);
  if (found == map.end() || found->second.until <= now) return std::nullopt;
  return found->second.value;
}

}  // namespace

AccessCache::Fingerprint AccessCache::fingerprint(const std::string& token) {
  Fingerprint digest{};
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data());
  return digest;
}

std::optional<TokenVerdict> AccessCache::token(SteadyPoint now, const std::string& token) const {
  return find_fresh(tokens_, fingerprint(token), now);
}

void AccessCache::remember_token(SteadyPoint now, const std::string& token, TokenVerdict verdict) {
  make_room(tokens_, now);
  tokens_.insert_or_assign(fingerprint(token), Entry<TokenVerdict>{std::move(verdict), now + kTokenLifetime});
}

std::optional<bool> AccessCache::access(SteadyPoint now, const ReviewedUser& user, const std::string& verb,
                                        const std::string& path) const {
  return find_fresh(accesses_, std::tuple(user.spec, verb, path), now);
}

void AccessCache::remember_access(SteadyPoint now, const ReviewedUser& user, const std::string& verb,
                                  const std::string& path, bool allowed) {
  make_room(accesses_, now);
  const auto until = now + (allowed ? Duration(kAllowedLifetime) : Duration(kDeniedLifetime));
  accesses_.insert_or_assign(std::tuple(user.spec, verb, path), Entry<bool>{allowed, until});
}

}  // namespace metallb::io
