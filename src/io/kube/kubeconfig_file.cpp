#include "io/kube/kubeconfig_file.hpp"

#include <yaml-cpp/binary.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "io/files.hpp"
#include "io/kube/bearer_token.hpp"
#include "io/kube/tls_client.hpp"

namespace metallb::io {
namespace {

/// What is wrong, on its way to the one place that makes a SystemError of it. Does not leave this file.
struct Problem {
  std::string file;
  std::string text;
};

struct File {
  std::string path;
  YAML::Node root;
};

/// A section of a named entry ("cluster" of clusters[], ...) and where it stands.
struct Section {
  const File* file = nullptr;
  std::string where;  ///< for example "users[name=admin].user"
  YAML::Node node;

  [[noreturn]] void fail(std::string_view field, const std::string& text) const {
    throw Problem{file->path, where + "." + std::string(field) + ": " + text};
  }
  [[nodiscard]] bool has(const char* field) const {
    const auto value = node[field];
    return value && !value.IsNull() && !(value.IsScalar() && value.Scalar().empty());
  }
  /// Empty when absent.
  [[nodiscard]] std::string text(const char* field) const {
    if (!has(field)) return {};
    const auto value = node[field];
    if (!value.IsScalar()) fail(field, "must be a string");
    return value.Scalar();
  }
  [[nodiscard]] bool flag(const char* field) const {
    const auto value = text(field);
    if (value.empty() || value == "false") return false;
    if (value != "true") fail(field, "must be true or false");
    return true;
  }
  [[nodiscard]] std::string path(const char* field) const {
    const auto value = text(field);
    return value.empty() ? value : (std::filesystem::path(file->path).parent_path() / value).string();
  }
  /// The content of "<field>-data" (base64) or of the file that "<field>" names; empty when neither is given.
  [[nodiscard]] std::string content(const char* field) const;
};

std::string Section::content(const char* field) const {
  const auto data_field = std::string(field) + "-data";
  if (const auto data = text(data_field.c_str()); !data.empty()) {
    const auto bytes = YAML::DecodeBase64(data);
    if (bytes.empty()) fail(data_field, "is not base64; encode the PEM file with: base64 -w0");
    return {bytes.begin(), bytes.end()};
  }
  const auto name = path(field);
  if (name.empty()) return {};
  auto content = read_text_file(name);
  if (!content) fail(field, "cannot read " + name + "; check path and permissions");
  if (content->empty()) fail(field, name + " is empty");
  return *std::move(content);
}

File load(const std::string& path) {
  const auto content = read_text_file(path);
  if (!content) throw Problem{path, "cannot be read; check path and permissions"};
  try {
    File file{path, YAML::Load(*content)};
    if (!file.root.IsMap() && !file.root.IsNull())
      throw Problem{path, "is no kubeconfig: expected a YAML mapping at the top"};
    return file;
  } catch (const YAML::Exception& bad) {
    throw Problem{path, "is not YAML: line " + std::to_string(bad.mark.line + 1) + ": " + bad.msg};
  }
}

/// The entry called `name` in the list `list`, in the first file that has it.
Section find(const std::vector<File>& files, const std::string& list, const std::string& section, const std::string& name,
             const std::string& wanted_by) {
  for (const auto& file : files) {
    if (!file.root.IsMap()) continue;
    const auto entries = file.root[list];
    if (!entries || entries.IsNull()) continue;
    if (!entries.IsSequence()) throw Problem{file.path, list + ": must be a list"};
    for (const auto& entry : entries) {
      if (!entry.IsMap() || !entry["name"] || !entry["name"].IsScalar() || entry["name"].Scalar() != name) continue;
      auto where = list + "[name=" + name + "]." + section;
      const auto body = entry[section];
      if (!body || !body.IsMap()) throw Problem{file.path, where + ": is missing or no mapping"};
      return {.file = &file, .where = std::move(where), .node = body};
    }
  }
  throw Problem{files.front().path,
                wanted_by + " \"" + name + "\", but there is no such entry in " + list + "; add it or correct the name"};
}

std::string current_context(const std::vector<File>& files) {
  for (const auto& file : files) {
    if (!file.root.IsMap()) continue;
    const auto name = file.root["current-context"];
    if (name && name.IsScalar() && !name.Scalar().empty()) return name.Scalar();
  }
  throw Problem{files.front().path, "current-context: is not set; choose one with: kubectl config use-context <name>"};
}

void apply_cluster(const Section& cluster, KubeEndpoint& out) {
  const auto server = cluster.text("server");
  if (server.empty()) cluster.fail("server", "is missing; give the API server's URL, for example https://10.0.0.1:6443");
  if (const auto good = set_server_url(out, server); !good) cluster.fail("server", good.error());
  if (cluster.has("proxy-url")) {
    cluster.fail("proxy-url", "proxies are not supported; remove it and let the server be reached directly");
  }
  out.insecure_skip_verify = cluster.flag("insecure-skip-tls-verify");
  out.server_name = cluster.text("tls-server-name");
  out.ca_pem = cluster.content("certificate-authority");
  if (out.insecure_skip_verify && !out.ca_pem.empty()) {
    cluster.fail("insecure-skip-tls-verify", "contradicts certificate-authority; remove one of them");
  }
}

/// What this program cannot do as a user, and what to do instead.
void refuse_unsupported(const Section& user) {
  static constexpr auto kInstead =
      "use a token, tokenFile or a client certificate instead (for example of a service account)";
  static constexpr std::array kUnsupported = {std::pair{"exec", "credential plugins are not supported"},
                                              std::pair{"auth-provider", "auth providers are not supported"},
                                              std::pair{"username", "basic authentication is not supported"},
                                              std::pair{"password", "basic authentication is not supported"},
                                              std::pair{"as", "impersonation is not supported"},
                                              std::pair{"as-uid", "impersonation is not supported"},
                                              std::pair{"as-groups", "impersonation is not supported"},
                                              std::pair{"as-user-extra", "impersonation is not supported"}};
  for (const auto& [field, why] : kUnsupported) {
    if (user.has(field)) user.fail(field, std::string(why) + "; " + kInstead);
  }
}

void apply_user(const Section& user, KubeEndpoint& out) {
  refuse_unsupported(user);
  out.client_certificate_pem = user.content("client-certificate");
  out.client_key_pem = user.content("client-key");
  if (out.client_certificate_pem.empty() != out.client_key_pem.empty()) {
    user.fail(out.client_key_pem.empty() ? "client-key" : "client-certificate",
              "is missing; client-certificate and client-key belong together");
  }
  out.token = user.text("token");
  if (!fits_a_header(trimmed(out.token))) {
    user.fail("token", "holds blanks or characters other than printable ASCII; give the token alone, in one line");
  }
  out.token_file = user.path("tokenFile");
  if (!out.token_file.empty() && out.token.empty() && !read_text_file(out.token_file)) {
    user.fail("tokenFile", "cannot read " + out.token_file + "; check path and permissions");
  }
}

/// Certificates and keys that OpenSSL cannot use are found here, where they can be named.
void check_tls(const Section& cluster, const std::optional<Section>& user, const KubeEndpoint& endpoint) {
  const auto context = make_tls_client_context(endpoint);
  if (context) return;
  const auto& [operation, object, code, detail] = context.error();
  if (object == "certificate authority")
    cluster.fail("certificate-authority", "holds no usable PEM certificate (" + detail + ")");
  const auto field = object == "client key" ? "client-key" : "client-certificate";
  user.value_or(cluster).fail(
      field, "is not usable (" + detail + "); it must be PEM, unencrypted, and the key must fit the certificate");
}

KubeEndpoint build(const std::vector<File>& files) {
  const auto context = find(files, "contexts", "context", current_context(files), "current-context names the context");
  const auto cluster_name = context.text("cluster");
  if (cluster_name.empty()) context.fail("cluster", "is missing; name an entry of clusters");
  const auto cluster = find(files, "clusters", "cluster", cluster_name, context.where + ".cluster names");
  KubeEndpoint out;
  apply_cluster(cluster, out);
  std::optional<Section> user;
  if (const auto name = context.text("user"); !name.empty()) {
    user = find(files, "users", "user", name, context.where + ".user names");
    apply_user(*user, out);
  }
  out.namespace_ = context.text("namespace");
  check_tls(cluster, user, out);
  return out;
}

}  // namespace

std::expected<KubeEndpoint, SystemError> endpoint_from_kubeconfig(const std::vector<std::string>& paths) {
  try {
    std::vector<File> files;
    for (const auto& path : paths) {
      std::error_code ignored;
      if (paths.size() == 1 || std::filesystem::exists(path, ignored)) files.push_back(load(path));
    }
    if (files.empty()) throw Problem{paths.empty() ? "" : paths.front(), "none of the files exists"};
    return build(files);
  } catch (const Problem& problem) {
    return std::unexpected(
        SystemError{.operation = "read kubeconfig", .object = problem.file, .code = {}, .detail = problem.text});
  } catch (const YAML::Exception& bad) {
    return std::unexpected(SystemError{.operation = "read kubeconfig",
                                       .object = paths.front(),
                                       .code = {},
                                       .detail = std::string("unexpected shape: ") + bad.msg});
  }
}

std::expected<void, std::string> set_server_url(KubeEndpoint& endpoint, const std::string& url) {
  const auto bad = [&](const std::string& why) {
    return std::unexpected("\"" + url + "\" " + why + "; write it like https://10.0.0.1:6443 or https://[fd00::1]:6443");
  };
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string::npos) return bad("has no scheme");
  auto scheme = url.substr(0, scheme_end);
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  if (scheme != "https" && scheme != "http") return bad("has neither the scheme https nor http");
  endpoint.tls = scheme == "https";

  const auto rest = url.substr(scheme_end + 3);
  const auto path_start = std::min(rest.find('/'), rest.size());
  auto authority = rest.substr(0, path_start);
  auto path = rest.substr(path_start);
  if (rest.find_first_of("?#@ \t\r\n") != std::string::npos) return bad("has a user, query, fragment or blank");
  while (path.ends_with('/')) path.pop_back();
  endpoint.base_path = std::move(path);

  std::string port;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string::npos) return bad("has an unclosed bracket");
    const auto tail = authority.substr(close + 1);
    if (!tail.empty() && !tail.starts_with(':')) return bad("has something other than a port behind the bracket");
    endpoint.host = authority.substr(1, close - 1);
    port = tail.empty() ? tail : tail.substr(1);
    if (!endpoint.host.contains(':')) return bad("has something other than an IPv6 address in brackets");
  } else {
    const auto colon = authority.find(':');
    if (colon != authority.rfind(':')) return bad("has an IPv6 address without brackets");
    endpoint.host = authority.substr(0, colon);
    port = colon == std::string::npos ? std::string() : authority.substr(colon + 1);
  }
  if (endpoint.host.empty()) return bad("has no host");
  if (port.empty()) port = endpoint.tls ? "443" : "80";
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size() || number == 0) return bad("has a bad port");
  endpoint.port = port;
  return {};
}

}  // namespace metallb::io
