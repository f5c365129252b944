#include "io/entropy.hpp"

#include <sys/random.h>

#include <array>
#include <bit>
#include <cerrno>

#include "base/contract.hpp"

namespace metallb::io {
namespace {

/// getrandom(2): up to so many bytes come whole.
constexpr std::size_t kInOnePiece = 256;

}  // namespace

std::uint64_t random_seed() {
  std::array<std::uint8_t, sizeof(std::uint64_t)> bytes{};
  fill_random(bytes);
  return std::bit_cast<std::uint64_t>(bytes);
}

void fill_random(std::span<std::uint8_t> bytes) {
  METALLB_CONTRACT(bytes.size() <= kInOnePiece, "more random bytes than the kernel gives in one piece");
  ssize_t count = 0;
  // A signal may interrupt the wait at early boot; a request this small is never answered in part afterwards.
  do {
    count = ::getrandom(bytes.data(), bytes.size(), 0);
  } while (count < 0 && errno == EINTR);
  METALLB_CONTRACT(count == static_cast<ssize_t>(bytes.size()),
                   "the kernel refuses getrandom(2), which exists since Linux 3.17");
}

}  // namespace metallb::io
