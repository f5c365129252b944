#include "io/kube/text_file.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace metallb::io {

std::optional<std::string> read_text_file(const std::string& path) {
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) return std::nullopt;  // it can be opened, but not read
  const std::ifstream in(path);
  if (!in.is_open()) return std::nullopt;
  std::ostringstream out;
  out << in.rdbuf();
  if (out.bad()) return std::nullopt;
  return std::move(out).str();
}

std::string trimmed(const std::string& text) {
  static constexpr auto kBlanks = " \t\r\n";
  const auto first = text.find_first_not_of(kBlanks);
  return first == std::string::npos ? std::string() : text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace metallb::io
