#include "app/version.hpp"

namespace metallb::app {

std::string version_phrase(const Version& version) {
  const auto build = "commit " + version.commit + ", branch " + version.branch;
  if (version.version.empty()) return version.commit.empty() ? "(no version or build info)" : "(" + build + ")";
  return "version " + version.version + (version.commit.empty() ? " (no build information)" : " (" + build + ")");
}

void log_banner(const Log& log, std::string_view program, const Version& version) {
  log.info({{"version", version.version},
            {"commit", version.commit},
            {"branch", version.branch},
            {"goversion", version.toolchain},  // the key that log searches of the original know
            {"msg", "MetalLB " + std::string(program) + " starting " + version_phrase(version)}});
}

}  // namespace metallb::app
