#include "config/bgp_passwords.hpp"

#include <string_view>

#include "base/base64.hpp"

namespace metallb::config {
namespace {

constexpr std::string_view kSecretType = "kubernetes.io/basic-auth";
constexpr const char* kPasswordKey = "password";
/// TCP_MD5SIG_MAXKEYLEN. The original accepts longer ones, and then fails at every connection.
constexpr std::size_t kLongestPassword = 80;

Checked<std::string> of_fit_length(std::string password, const std::string& field) {
  if (password.size() <= kLongestPassword) return password;
  return std::unexpected(Problem{field, "password of " + std::to_string(password.size()) + " bytes",
                                 "choose one of at most 80 bytes: TCP MD5 takes no longer one"});
}

Checked<std::string> from_secret(const kube::Secret& secret, const std::string& field) {
  const auto name = quoted(secret.metadata.name);
  if (secret.type != kSecretType) {
    return std::unexpected(Problem{field,
                                   "secret type mismatch on " + name + ": " + quoted(secret.type) + " where type " +
                                       quoted(std::string(kSecretType)) + " is expected",
                                   "create the Secret anew with that type and the key \"password\""});
  }
  const auto entry = secret.data.find(kPasswordKey);
  if (entry == secret.data.end()) {
    return std::unexpected(Problem{field, "password not specified in the secret " + name,
                                   "put it into the Secret's data under the key \"password\""});
  }
  auto password = decode_base64(entry->second);
  if (!password) {
    return std::unexpected(Problem{field, "the password in the secret " + name + " is not base64",
                                   "encode the value in data, or write it as plain text to stringData"});
  }
  // The original takes this for "no password", and the session comes up unprotected.
  if (password->empty()) {
    return std::unexpected(Problem{field, "the password in the secret " + name + " is empty",
                                   "write one of 1 to 80 bytes, or remove passwordSecret for a session without"});
  }
  return of_fit_length(*std::move(password), field);
}

}  // namespace

Checked<std::string> password_of(const kube::BGPPeerSpec& peer, const Objects<kube::Secret>& secrets) {
  const auto& name = peer.passwordSecret.name;
  if (name.empty()) return of_fit_length(peer.password, "spec.password");
  const std::string field = "spec.passwordSecret";
  if (!peer.password.empty()) {
    return std::unexpected(
        Problem{field, "can not have both password and secret ref set", "keep passwordSecret, and remove password"});
  }
  const auto found = std::find_if(secrets.begin(), secrets.end(), [&](const auto& s) { return s->metadata.name == name; });
  if (found == secrets.end()) {
    return std::unexpected(Problem{.field = field + ".name",
                                   .problem = "secret ref not found: " + quoted(name),
                                   .remedy = "create a Secret of that name and of type " + std::string(kSecretType) +
                                             " with the key \"password\", in MetalLB's own namespace",
                                   .transient = true,
                                   .other = std::pair("Secret", name)});
  }
  auto password = from_secret(**found, field);
  if (!password) password.error().other.emplace("Secret", name);
  return password;
}

}  // namespace metallb::config
