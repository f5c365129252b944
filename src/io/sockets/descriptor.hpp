// A descriptor that is closed with its owner.
#pragma once

#include <utility>

namespace metallb::io {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  explicit operator bool() const { return value_ >= 0; }
  [[nodiscard]] int get() const { return value_; }
  /// The caller's to close from now on; -1: there is none.
  int release() { return std::exchange(value_, -1); }

 private:
  int value_ = -1;
};

}  // namespace metallb::io
