#include "io/kube/bearer_token.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "io/files.hpp"

namespace metallb::io {
namespace {

constexpr auto kReadAtLeastEach = std::chrono::minutes(1);

}  // namespace

bool fits_a_header(const std::string& token) {
  return std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
}

BearerToken::BearerToken(std::string fixed, std::string file, Log log)
    : token_(trimmed(fixed)), file_(std::move(file)), log_(log) {}

const std::string& BearerToken::current(Now now) {
  if (!file_.empty()) {
    const bool old = !read_at_ || now.steady - *read_at_ >= kReadAtLeastEach;
    if (old || stamp() != read_stamp_) read(now);
  }
  return token_;
}

const std::string& BearerToken::reread(Now now) {
  if (!file_.empty()) read(now);
  return token_;
}

void BearerToken::read(Now now) {
  read_at_ = now.steady;
  read_stamp_ = stamp();  // before the content: a change in between is seen the next time
  const auto whole = read_text_file(file_);
  if (!whole) return unreadable("cannot be read");
  auto content = trimmed(*whole);
  if (content.empty()) return unreadable("is empty");
  if (!fits_a_header(content)) return unreadable("holds more than one word of printable ASCII");
  complained_ = false;
  token_ = std::move(content);
}

void BearerToken::unreadable(std::string reason) {
  if (std::exchange(complained_, true)) return;
  log_.warn(
      {{"op", "readToken"},
       {"file", file_},
       {"error", std::move(reason)},
       {"msg", "the API server's token cannot be renewed, using the last good one; check the file and its permissions"}});
}

std::optional<BearerToken::Stamp> BearerToken::stamp() const {
  struct stat found{};
  if (::stat(file_.c_str(), &found) != 0) return std::nullopt;
  return Stamp{found.st_mtim.tv_sec, found.st_mtim.tv_nsec, found.st_ino};
}

}  // namespace metallb::io
