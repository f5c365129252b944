#include "io/kube/text_file.hpp"

#include <fstream>
#include <sstream>

namespace metallb::io {

std::optional<std::string> read_text_file(const std::string& path) {
  const std::ifstream in(path);
  if (!in.is_open()) return std::nullopt;
  std::ostringstream out;
  out << in.rdbuf();
  if (out.bad()) return std::nullopt;  // a folder, for example, can be opened but not read
  return std::move(out).str();
}

std::string trimmed(const std::string& text) {
  static constexpr auto kBlanks = " \t\r\n";
  const auto first = text.find_first_not_of(kBlanks);
  return first == std::string::npos ? std::string() : text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace metallb::io
