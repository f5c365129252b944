#include "app/private_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace metallb::app {
namespace {

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

std::expected<void, SystemError> write_private_file(const std::string& path, const std::string& content) {
  const auto failed = [&] {
    return std::unexpected(SystemError{
        .operation = "write", .object = path, .code = std::error_code(errno, std::generic_category()), .detail = {}});
  };
  const auto fresh = path + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return failed();
  const bool written = write_all(fd, content);
  if (::close(fd) != 0 || !written || std::rename(fresh.c_str(), path.c_str()) != 0) {
    const auto error = failed();
    ::unlink(fresh.c_str());
    return error;
  }
  return {};
}

}  // namespace metallb::app
