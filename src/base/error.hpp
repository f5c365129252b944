// Failures of the environment. (Bad input has its own error type per protocol; see design section 5.)
#pragma once

#include <string>
#include <system_error>

namespace metallb {

/// An operation on the outside world that failed. The driver decides whether to retry, degrade or count.
struct SystemError {
  std::string operation;  ///< what was tried, for example "connect"
  std::string object;     ///< on what, for example "10.0.0.1:6443"
  std::error_code code;
  std::string detail;  ///< more than the code says; may be empty

  [[nodiscard]] std::string to_string() const {
    auto text = operation + " " + object + ": " + (code ? code.message() : std::string("failed"));
    return detail.empty() ? text : text + " (" + detail + ")";
  }
};

}  // namespace metallb
