#include "io/entropy.hpp"

#include <sys/random.h>

#include <cerrno>

#include "base/contract.hpp"

namespace metallb::io {

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  ssize_t count = 0;
  // A signal may interrupt the wait at early boot; a request this small is never answered in part afterwards.
  do {
    count = ::getrandom(&seed, sizeof seed, 0);
  } while (count < 0 && errno == EINTR);
  METALLB_CONTRACT(count == sizeof seed, "the kernel refuses getrandom(2), which exists since Linux 3.17");
  return seed;
}

}  // namespace metallb::io
