// The file that names interfaces to leave alone: /etc/metallb/excludel2.yaml (operations spec 2.2, layer2 spec 3.1).

#include <re2/re2.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <memory>
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

std::expected<std::string, SystemError> read_file(const std::string& path) {
  const auto failed = [&path](const char* operation) {
    return std::unexpected(SystemError{operation, path, std::error_code(errno, std::generic_category()), {}});
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (!file) return failed("open");
  std::string text;
  std::array<char, 4096> part;
  while (const auto size = std::fread(part.data(), 1, part.size(), file.get())) text.append(part.data(), size);
  if (std::ferror(file.get()) != 0) return failed("read");
  return text;
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
  const auto text = read_file(path);
  if (!text) {
    if (text.error().code == std::errc::no_such_file_or_directory) return std::string();
    return std::unexpected(text.error());
  }
  std::expected<std::string, SystemError> joined;
  try {
    joined = join(YAML::Load(*text), path);
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
