// The bearer token of requests: fixed, or from a file that somebody rotates (in-cluster tokens live for an hour).
#pragma once

#include <optional>
#include <string>

#include "base/log.hpp"
#include "base/time.hpp"

namespace metallb::io {

/// A token goes into a header field as it is: visible ASCII, no blanks.
[[nodiscard]] bool fits_a_header(const std::string& token);

class BearerToken {
 public:
  /// `file` may be empty; otherwise its content takes precedence over `fixed` whenever it is readable.
  BearerToken(std::string fixed, std::string file, Log log);

  /// The newest token; empty when there is none. Looks at the file's times on every call and reads it when they changed, or
  /// when the last reading is a minute old. While the file cannot be read, the last good token stays.
  const std::string& current(Now now);
  /// The same after a 401: reads the file whatever its times say.
  const std::string& reread(Now now);

 private:
  struct Stamp {
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    std::uint64_t inode = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  void read(Now now);
  void unreadable(std::string reason);
  [[nodiscard]] std::optional<Stamp> stamp() const;

  std::string token_;
  std::string file_;
  Log log_;
  std::optional<Stamp> read_stamp_;
  std::optional<SteadyPoint> read_at_;
  bool complained_ = false;
};

}  // namespace metallb::io
