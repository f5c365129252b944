// The mapper behind kube/json.hpp (internal). Described structs become constant tables of types and members, and one
// interpreter (mapper.cpp) walks JSON along such a table. So a further kind costs a table of pointers and no code of its
// own, which is what keeps the release small: instantiating a decoder per struct costs several times as much.
#pragma once

#include <array>
#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <boost/json/value.hpp>
#include <boost/mp11/list.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "kube/json.hpp"
#include "kube/objects/meta.hpp"
#include "kube/resource.hpp"

namespace metallb::kube::codec {

enum class Shape : std::uint8_t { kBool, kInt32, kInt64, kString, kStringMap, kOptional, kList, kObject };

struct Type;

struct Member {
  std::string_view name;      ///< on the wire
  void* (*in)(void* object);  ///< address of the member within its object
  const Type* type = nullptr;
};

/// What the interpreter knows of a C++ type.
struct Type {
  Shape shape = Shape::kObject;
  std::span<const Member> members = {};  ///< of an object
  const Type* element = nullptr;         ///< of an optional or a list; the three below belong to these, too
  /// Adds an element and returns its address. `total` is how many will be added in all.
  void* (*grow)(void* container, std::size_t total) = nullptr;
  std::size_t (*size)(const void* container) = nullptr;
  const void* (*at)(const void* container, std::size_t index) = nullptr;
};

// Non-template halves of kube/json.hpp. `resource` is null for a shape that is no kind of its own.
[[nodiscard]] std::optional<DecodeError> read(const boost::json::value& json, const Type& type, void* object);
[[nodiscard]] std::optional<DecodeError> read_text(std::string_view text, const Type& type, void* object);
[[nodiscard]] boost::json::value write(const void* object, const Type& type, const Resource* resource);
[[nodiscard]] std::string write_text(const void* object, const Type& type, const Resource* resource);

template <class T>
struct Table;

template <class T>
inline constexpr Type kTypeOf = Table<T>::kType;

template <>
struct Table<bool> {
  static constexpr Type kType{.shape = Shape::kBool};
};
template <>
struct Table<std::int32_t> {
  static constexpr Type kType{.shape = Shape::kInt32};
};
template <>
struct Table<std::int64_t> {
  static constexpr Type kType{.shape = Shape::kInt64};
};
template <>
struct Table<std::string> {
  static constexpr Type kType{.shape = Shape::kString};
};
template <>
struct Table<StringMap> {
  static constexpr Type kType{.shape = Shape::kStringMap};
};

template <class E>
struct Table<std::optional<E>> {
  static void* grow(void* container, std::size_t) { return &static_cast<std::optional<E>*>(container)->emplace(); }
  static std::size_t size(const void* container) {
    return static_cast<const std::optional<E>*>(container)->has_value() ? 1 : 0;
  }
  static const void* at(const void* container, std::size_t) { return &**static_cast<const std::optional<E>*>(container); }
  static constexpr Type kType{.shape = Shape::kOptional, .element = &kTypeOf<E>, .grow = grow, .size = size, .at = at};
};

template <class E>
struct Table<std::vector<E>> {
  static void* grow(void* container, std::size_t total) {
    auto& list = *static_cast<std::vector<E>*>(container);
    if (list.empty()) list.reserve(total);
    return &list.emplace_back();
  }
  static std::size_t size(const void* container) { return static_cast<const std::vector<E>*>(container)->size(); }
  static const void* at(const void* container, std::size_t index) {
    return &(*static_cast<const std::vector<E>*>(container))[index];
  }
  static constexpr Type kType{.shape = Shape::kList, .element = &kTypeOf<E>, .grow = grow, .size = size, .at = at};
};

template <class T, auto kPointer>
void* member_in(void* object) {
  return &(static_cast<T*>(object)->*kPointer);
}
template <class T, auto kPointer>
using MemberType = std::remove_cvref_t<decltype(std::declval<T&>().*kPointer)>;

/// C++ keywords carry a trailing "_" that the wire does not have.
constexpr std::string_view wire_name(std::string_view name) {
  return name.ends_with('_') ? name.substr(0, name.size() - 1) : name;
}
template <class T, class... D>
constexpr std::array<Member, sizeof...(D)> members_of(boost::mp11::mp_list<D...>) {
  return {Member{wire_name(D::name), &member_in<T, D::pointer>, &kTypeOf<MemberType<T, D::pointer>>}...};
}

/// A described struct.
template <class T>
struct Table {
  using Described = boost::describe::describe_members<T, boost::describe::mod_public>;
  static constexpr auto kMembers = members_of<T>(boost::mp11::mp_rename<Described, boost::mp11::mp_list>{});
  static constexpr Type kType{.shape = Shape::kObject, .members = kMembers};
};

/// Kinds that are objects of their own have metadata, and a row in resource.cpp.
template <class T>
[[nodiscard]] const Resource* own_resource() {
  if constexpr (requires(const T& object) { object.metadata; }) {
    return &resource_of<T>();
  } else {
    return nullptr;
  }
}

}  // namespace metallb::kube::codec

namespace metallb::kube {

template <class T>
std::expected<T, DecodeError> decode(const boost::json::value& json) {
  std::expected<T, DecodeError> out;
  if (auto error = codec::read(json, codec::kTypeOf<T>, &*out)) out = std::unexpected(*std::move(error));
  return out;
}

template <class T>
std::expected<T, DecodeError> decode_text(std::string_view text) {
  std::expected<T, DecodeError> out;
  if (auto error = codec::read_text(text, codec::kTypeOf<T>, &*out)) out = std::unexpected(*std::move(error));
  return out;
}

template <class T>
boost::json::value encode(const T& object) {
  return codec::write(&object, codec::kTypeOf<T>, codec::own_resource<T>());
}

template <class T>
std::string encode_text(const T& object) {
  return codec::write_text(&object, codec::kTypeOf<T>, codec::own_resource<T>());
}

}  // namespace metallb::kube

// Instantiates kube/json.hpp for one type. A macro, because explicit instantiations cannot be produced otherwise.
#define METALLB_KUBE_CODEC(type)                                                     \
  template std::expected<type, DecodeError> decode<type>(const boost::json::value&); \
  template std::expected<type, DecodeError> decode_text<type>(std::string_view);     \
  template boost::json::value encode<type>(const type&);                             \
  template std::string encode_text<type>(const type&);
