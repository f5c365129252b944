// Contract checks: our own bugs end the process with their reason, in release builds too (design section 5).
#pragma once

#include <source_location>
#include <string_view>

namespace metallb {

/// Writes the reason and the place to standard error and aborts.
[[noreturn]] void contract_violated(std::string_view condition, std::string_view reason, std::source_location where);

}  // namespace metallb

// A macro, because the failed condition's text belongs into the message.
#define METALLB_CONTRACT(condition, reason)                                                  \
  do {                                                                                       \
    if (!(condition)) [[unlikely]] {                                                         \
      ::metallb::contract_violated(#condition, (reason), ::std::source_location::current()); \
    }                                                                                        \
  } while (false)
