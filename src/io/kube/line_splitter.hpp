// Cuts a stream of bytes into lines of bounded length.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace metallb::io {

class LineSplitter {
 public:
  /// `limit` of one line in bytes.
  explicit LineSplitter(std::size_t limit) : limit_(limit) {}

  /// Calls `on_line` for each line that `data` completes, without its newline; empty lines are skipped. `on_line` returns
  /// false to stop. False when it did, or when a line is longer than the limit (see too_long()).
  template <class OnLine>
  bool feed(std::string_view data, OnLine on_line) {
    for (;;) {
      const auto newline = data.find('\n');
      if (begun_.size() + (newline == std::string_view::npos ? data.size() : newline) > limit_) {
        too_long_ = true;
        return false;
      }
      if (newline == std::string_view::npos) break;
      const auto head = data.substr(0, newline);
      data.remove_prefix(newline + 1);
      // The usual line came in one piece and needs no copy. A begun one is moved out, so that its memory goes with it.
      auto joined = std::exchange(begun_, {});
      if (!joined.empty()) joined += head;
      const auto line = joined.empty() ? head : std::string_view(joined);
      if (!line.empty() && !on_line(line)) return false;
    }
    begun_ += data;
    return true;
  }
  /// What came after the last newline.
  [[nodiscard]] std::string_view rest() const { return begun_; }
  [[nodiscard]] bool too_long() const { return too_long_; }

 private:
  std::size_t limit_;
  std::string begun_;
  bool too_long_ = false;
};

}  // namespace metallb::io
