// The kubeconfig that `metallb apiserver --write-kubeconfig` leaves for kubectl, controller and speakers.
#pragma once

#include <cstdint>
#include <string>

namespace metallb::app {

struct KubeconfigContent {
  std::string server;  ///< URL
  std::string ca_pem;  ///< empty: plain HTTP, or an authority that clients trust already
  std::string token;   ///< empty: nobody has to prove who they are
};
[[nodiscard]] std::string kubeconfig_text(const KubeconfigContent& content);

/// "http://127.0.0.1:8080"; an empty or wildcard address stands for this host, IPv6 goes in brackets.
[[nodiscard]] std::string server_url(bool tls, const std::string& address, std::uint16_t port);

}  // namespace metallb::app
