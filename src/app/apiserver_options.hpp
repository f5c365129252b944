// The command line of `metallb apiserver`.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "app/outcome.hpp"
#include "base/log.hpp"

namespace metallb::app {

struct ApiserverOptions {
  std::string address = "127.0.0.1";  ///< empty: every address
  std::uint16_t port = 0;             ///< 0: chosen by the kernel
  bool self_signed = false;
  std::string tls_certificate_file;
  std::string tls_key_file;
  std::string tls_ca_file;        ///< where to write the self-signed certificate; empty: nowhere
  std::string token_file;         ///< empty: nobody has to prove who they are
  std::int64_t watch_window = 0;  ///< how many changes a watch can go back
  std::string data_file;          ///< objects are read from it at start and written to it at the end; empty: in memory only
  std::string kubeconfig_file;    ///< where to write a kubeconfig; empty: nowhere
  LogLevel log_level = LogLevel::kInfo;

  [[nodiscard]] bool tls() const { return self_signed || !tls_certificate_file.empty(); }
};

[[nodiscard]] std::expected<ApiserverOptions, EarlyExit> parse_apiserver_options(int argc, const char* const* argv);

}  // namespace metallb::app
