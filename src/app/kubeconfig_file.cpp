#include "app/kubeconfig_file.hpp"

#include <openssl/evp.h>

#include "io/json_text.hpp"

namespace metallb::app {
namespace {

std::string base64(const std::string& data) {
  std::string out((data.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends with a zero
  const auto length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                      reinterpret_cast<const unsigned char*>(data.data()), static_cast<int>(data.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

/// A JSON string is a YAML string too, whatever is in it.
std::string quoted(const std::string& text) {
  std::string out;
  io::append_json_string(out, text);
  return out;
}

}  // namespace

std::string kubeconfig_text(const KubeconfigContent& content) {
  std::string text =
      "apiVersion: v1\nkind: Config\nclusters:\n- name: metallb\n  cluster:\n    server: " + quoted(content.server) + "\n";
  if (!content.ca_pem.empty()) text += "    certificate-authority-data: " + base64(content.ca_pem) + "\n";
  text += "users:\n- name: metallb\n  user:";
  text += content.token.empty() ? " {}\n" : "\n    token: " + quoted(content.token) + "\n";
  return text +
         "contexts:\n- name: metallb\n  context:\n    cluster: metallb\n    user: metallb\ncurrent-context: metallb\n";
}

std::string server_url(bool tls, const std::string& address, std::uint16_t port) {
  const std::string scheme = tls ? "https://" : "http://";
  auto host = address;
  if (host.empty() || host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return scheme + host + ":" + std::to_string(port);
}

}  // namespace metallb::app
