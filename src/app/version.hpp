// Which build this is: for `metallb version` and the first log line (operations spec 2.11).
#pragma once

#include <string>
#include <string_view>

#include "base/log.hpp"

namespace metallb::app {

struct Version {
  std::string version;  ///< of a release, for example "0.1.0"; empty when unknown
  std::string commit;   ///< short hash; empty when built outside a repository
  std::string branch;
  std::string toolchain;  ///< "<compiler> / <version> / <architecture>"
};

/// As found when the build was configured.
[[nodiscard]] const Version& build_version();

/// "version V (commit C, branch B)", or what of it is known.
[[nodiscard]] std::string version_phrase(const Version& version);

/// Logs "MetalLB <program> starting <phrase>" with the fields version, commit, branch and goversion.
void log_banner(const Log& log, std::string_view program, const Version& version = build_version());

}  // namespace metallb::app
