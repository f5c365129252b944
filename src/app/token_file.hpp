// The file of bearer tokens that `metallb apiserver --token-file` reads, in kube-apiserver's format: CSV lines of
// token,user,uid and optionally "group,group,...".
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace metallb::app {

struct TokenEntry {
  std::string token;
  std::string user;
  std::string uid;
  std::vector<std::string> groups;

  friend bool operator==(const TokenEntry&, const TokenEntry&) = default;
};

/// Empty lines and lines that start with '#' are skipped. Error: a sentence that names the line.
[[nodiscard]] std::expected<std::vector<TokenEntry>, std::string> parse_token_file(std::string_view text);

}  // namespace metallb::app
