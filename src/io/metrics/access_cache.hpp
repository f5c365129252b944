// Remembers the API server's answers about tokens and users for a while (operations spec 2.9): whose a token is for a
// minute, that access is granted for five, that it is denied for half a minute. Told the time; bounded in size.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "base/time.hpp"
#include "io/metrics/access_review.hpp"

namespace metallb::io {

class AccessCache {
 public:
  [[nodiscard]] std::optional<TokenVerdict> token(SteadyPoint now, const std::string& token) const;
  void remember_token(SteadyPoint now, const std::string& token, TokenVerdict verdict);

  [[nodiscard]] std::optional<bool> access(SteadyPoint now, const ReviewedUser& user, const std::string& verb,
                                           const std::string& path) const;
  void remember_access(SteadyPoint now, const ReviewedUser& user, const std::string& verb, const std::string& path,
                       bool allowed);

 private:
  template <class Value>
  struct Entry {
    Value value;
    SteadyPoint until;
  };
  /// Of a token only its SHA-256 is kept: a stranger's token can be of any length, and ours is a secret.
  using Fingerprint = std::array<std::uint8_t, 32>;
  static Fingerprint fingerprint(const std::string& token);

  std::map<Fingerprint, Entry<TokenVerdict>> tokens_;
  std::map<std::tuple<std::string, std::string, std::string>, Entry<bool>> accesses_;
};

}  // namespace metallb::io
