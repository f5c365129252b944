// Strong types: a value with a name, constructed explicitly, so that an ASN never passes for an interface index.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace metallb {

template <class T, class Tag>
class Strong {
 public:
  using value_type = T;
  constexpr Strong() = default;
  constexpr explicit Strong(T value) : value_(std::move(value)) {}
  [[nodiscard]] constexpr const T& value() const { return value_; }
  friend constexpr auto operator<=>(const Strong&, const Strong&) = default;
  friend constexpr bool operator==(const Strong&, const Strong&) = default;

 private:
  T value_{};
};

}  // namespace metallb

template <class T, class Tag>
struct std::hash<metallb::Strong<T, Tag>> {
  std::size_t operator()(const metallb::Strong<T, Tag>& s) const noexcept { return std::hash<T>{}(s.value()); }
};
