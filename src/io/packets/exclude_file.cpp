// The file that names interfaces to leave alone: /etc/metallb/excludel2.yaml (operations spec 2.2, layer2 spec 3.1).

#include <re2/re2.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>

#include "io/packets/packets_thread.hpp"

namespace metallb::io {
namespace {

constexpr std::string_view kKey = "announcedinterfacestoexclude";

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::unexpected<SystemError> refuse(const std::string& path, std::string why) {
  return std::unexpected(SystemError{"read", path, std::make_error_code(std::errc::invalid_argument), std::move(why)});
}

/// Throws what yaml-cpp throws.
std::expected<std::string, SystemError> join(const YAML::Node& document, const std::string& path) {
  if (document.IsNull()) return std::string();
  if (!document.IsMap()) return refuse(path, "the file must hold one mapping with the key announcedInterfacesToExclude");
  std::string joined;
  for (const auto& entry : document) {
    if (lower(entry.first.as<std::string>()) != kKey || entry.second.IsNull()) continue;
    if (!entry.second.IsSequence()) return refuse(path, "announcedInterfacesToExclude must be a list of expressions");
    for (const auto& item : entry.second) {
      // An item without a value is an empty expression, which matches every name: as the original reads it.
      const auto expression = item.IsNull() ? std::string() : item.as<std::string>();
      joined += (joined.empty() ? "(" : "|(") + expression + ")";
    }
  }
  return joined;
}

}  // namespace

std::expected<std::string, SystemError> read_exclude_expression(const std::string& path) {
  errno = 0;
  std::ifstream file(path);
  if (!file) {
    if (errno == ENOENT) return std::string();
    return std::unexpected(SystemError{"open", path, std::error_code(errno, std::generic_category()), {}});
  }
  errno = 0;
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad() || errno == EISDIR) {
    return std::unexpected(SystemError{"read", path, std::error_code(errno, std::generic_category()), {}});
  }
  std::expected<std::string, SystemError> joined;
  try {
    joined = join(YAML::Load(text), path);
  } catch (const YAML::Exception& error) {
    return refuse(path, error.what());
  }
  if (!joined) return joined;
  RE2::Options options;
  options.set_log_errors(false);
  if (const RE2 expression(*joined, options); !expression.ok()) {
    return refuse(path, "announcedInterfacesToExclude: " + expression.error());
  }
  return joined;
}

}  // namespace metallb::io
