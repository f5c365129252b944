#include "base/contract.hpp"

#include <cstdio>
#include <cstdlib>

namespace metallb {

void contract_violated(std::string_view condition, std::string_view reason, std::source_location where) {
  std::fprintf(stderr, "contract violated at %s:%u: %.*s (%.*s)\n", where.file_name(), where.line(),
               static_cast<int>(reason.size()), reason.data(), static_cast<int>(condition.size()), condition.data());
  std::abort();
}

}  // namespace metallb
