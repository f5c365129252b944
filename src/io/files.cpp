#include "io/files.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace metallb::io {
namespace {

std::unexpected<SystemError> failed(std::string operation, const std::string& path, int code) {
  return std::unexpected(SystemError{.operation = std::move(operation),
                                     .object = path,
                                     .code = std::error_code(code == 0 ? EIO : code, std::generic_category()),
                                     .detail = {}});
}

bool write_all(int fd, const std::string& content) {
  std::size_t written = 0;
  while (written < content.size()) {
    const auto count = ::write(fd, content.data() + written, content.size() - written);
    if (count < 0 && errno != EINTR) return false;
    if (count > 0) written += static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace

std::expected<std::string, SystemError> read_file(const std::string& path) {
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) return failed("read", path, EISDIR);  // it could be opened, but not read
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) return failed("read", path, errno);
  std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad()) return failed("read", path, errno);
  return content;
}

std::optional<std::string> read_text_file(const std::string& path) {
  auto content = read_file(path);
  return content ? std::optional(std::move(*content)) : std::nullopt;
}

bool file_exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

std::expected<void, SystemError> write_private_file(const std::string& path, const std::string& content) {
  // A name that nobody can have prepared, for instance as a link to somewhere else.
  auto fresh = path + ".XXXXXX";
  const int fd = ::mkostemp(fresh.data(), 0);
  if (fd < 0) return failed("write", path, errno);
  const bool written = write_all(fd, content);
  if (::close(fd) != 0 || !written || std::rename(fresh.c_str(), path.c_str()) != 0) {
    const auto error = failed("write", path, errno);
    ::unlink(fresh.c_str());
    return error;
  }
  return {};
}

std::string trimmed(const std::string& text) {
  static constexpr auto kBlanks = " \t\r\n";
  const auto first = text.find_first_not_of(kBlanks);
  return first == std::string::npos ? std::string() : text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace metallb::io
