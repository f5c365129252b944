// What the kernel says about TCP MD5 signatures (RFC 2385): it drops what does not fit without a word to the socket, and
// counts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace metallb::io {

/// Segments that came in to this network namespace and were dropped.
struct Md5Counters {
  std::uint64_t not_found = 0;   ///< no signature where a password is set
  std::uint64_t unexpected = 0;  ///< a signature where none is set
  std::uint64_t failure = 0;     ///< signed with another password
  friend bool operator==(const Md5Counters&, const Md5Counters&) = default;
};

/// From the text of /proc/net/netstat. Nothing where the kernel does not count them.
[[nodiscard]] std::optional<Md5Counters> parse_md5_counters(std::string_view netstat);
/// Of the calling thread's network namespace.
[[nodiscard]] std::optional<Md5Counters> read_md5_counters();
/// What the difference suggests about an attempt that got no answer; empty when it suggests nothing.
[[nodiscard]] std::string md5_hint(const Md5Counters& before, const Md5Counters& after, bool password_set);

}  // namespace metallb::io
