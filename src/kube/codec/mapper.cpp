#include "kube/codec/mapper.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <limits>
#include <utility>

#include "kube/json_text.hpp"

namespace metallb::kube::codec {
namespace {

namespace json = boost::json;

/// Where the interpreter stands: a chain on the stack, turned into text only for an error.
struct Place {
  const Place* parent = nullptr;
  std::string_view name;  ///< of a member or map key; empty for a list index
  std::optional<std::size_t> index;

  [[nodiscard]] std::string to_string() const {
    if (parent == nullptr) return {};
    auto out = parent->to_string();
    if (index) return out + "[" + std::to_string(*index) + "]";
    if (!out.empty()) out += '.';
    return out.append(name);
  }
};

using Failure = std::optional<DecodeError>;

std::string_view kind_name(json::kind kind) {
  switch (kind) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "a number";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return "an object";
  }
  return "something else";
}

Failure mismatch(const Place& place, std::string_view expected, const json::value& found) {
  return DecodeError{place.to_string(),
                     std::string("expected ").append(expected).append(", found ").append(kind_name(found.kind()))};
}

Failure read_integer(const json::value& in, const Place& place, std::int64_t low, std::int64_t high, std::int64_t& out) {
  if (!in.is_number()) return mismatch(place, "a number", in);
  // Also takes 5.0, which some tools write for 5, but nothing that an integer cannot hold exactly.
  json::error_code failed;
  const auto number = in.to_number<std::int64_t>(failed);
  if (failed) {
    const bool fraction = in.is_double() && in.get_double() > -9.2e18 && in.get_double() < 9.2e18;
    return DecodeError{place.to_string(), fraction ? "expected an integer, found a fraction" : "number out of range"};
  }
  if (number < low || number > high) return DecodeError{place.to_string(), "number out of range"};
  out = number;
  return {};
}

Failure read_string(const json::value& in, const Place& place, std::string& out) {
  if (!in.is_string()) return mismatch(place, "a string", in);
  const auto& text = in.get_string();
  out.assign(text.data(), text.size());
  return {};
}

Failure read_string_map(const json::value& in, const Place& place, StringMap& out) {
  if (!in.is_object()) return mismatch(place, "an object", in);
  const auto& items = in.get_object();
  StringMap::sequence_type entries;
  entries.reserve(items.size());
  for (const auto& item : items) {
    auto& [key, value] = entries.emplace_back(std::string(item.key()), std::string());
    if (item.value().is_null()) continue;
    if (auto failure = read_string(item.value(), {&place, item.key(), {}}, value)) return failure;
  }
  // Sorted once: a sender who orders the keys backwards would make each insertion move all others.
  out.adopt_sequence(std::move(entries));
  return {};
}

Failure read_value(const json::value& in, const Type& type, void* out, const Place& place);

Failure read_list(const json::value& in, const Type& type, void* out, const Place& place) {
  if (!in.is_array()) return mismatch(place, "a list", in);
  const auto& items = in.get_array();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (auto failure = read_value(items[i], *type.element, type.grow(out, items.size()), {&place, {}, i})) return failure;
  }
  return {};
}

Failure read_object(const json::value& in, const Type& type, void* out, const Place& place) {
  if (!in.is_object()) return mismatch(place, "an object", in);
  const auto& object = in.get_object();
  for (const auto& member : type.members) {
    const auto* found = object.if_contains(json::string_view(member.name.data(), member.name.size()));
    if (found == nullptr) continue;
    if (auto failure = read_value(*found, *member.type, member.in(out), {&place, member.name, {}})) return failure;
  }
  return {};
}

/// null leaves the default, as if the member were missing.
Failure read_value(const json::value& in, const Type& type, void* out, const Place& place) {
  if (in.is_null()) return {};
  std::int64_t number = 0;
  switch (type.shape) {
    case Shape::kBool:
      if (!in.is_bool()) return mismatch(place, "a boolean", in);
      *static_cast<bool*>(out) = in.get_bool();
      return {};
    case Shape::kInt32: {
      using Limits = std::numeric_limits<std::int32_t>;
      if (auto failure = read_integer(in, place, Limits::min(), Limits::max(), number)) return failure;
      *static_cast<std::int32_t*>(out) = static_cast<std::int32_t>(number);
      return {};
    }
    case Shape::kInt64: {
      using Limits = std::numeric_limits<std::int64_t>;
      if (auto failure = read_integer(in, place, Limits::min(), Limits::max(), number)) return failure;
      *static_cast<std::int64_t*>(out) = number;
      return {};
    }
    case Shape::kString:
      return read_string(in, place, *static_cast<std::string*>(out));
    case Shape::kStringMap:
      return read_string_map(in, place, *static_cast<StringMap*>(out));
    case Shape::kOptional:
      return read_value(in, *type.element, type.grow(out, 1), place);
    case Shape::kList:
      return read_list(in, type, out, place);
    case Shape::kObject:
      return read_object(in, type, out, place);
  }
  return {};
}

/// Whether a member is left out when its object is written.
bool omitted(const void* value, const Type& type) {
  switch (type.shape) {
    case Shape::kString:
      return static_cast<const std::string*>(value)->empty();
    case Shape::kStringMap:
      return static_cast<const StringMap*>(value)->empty();
    case Shape::kOptional:
    case Shape::kList:
      return type.size(value) == 0;
    default:
      return false;
  }
}

void write_value(const void* value, const Type& type, json::value& out);

void write_members(const void* value, const Type& type, json::object& out) {
  for (const auto& member : type.members) {
    // The table's accessor serves both directions, hence the cast; nothing is written through it here.
    const void* at = member.in(const_cast<void*>(value));
    if (!omitted(at, *member.type)) {
      write_value(at, *member.type, out[json::string_view(member.name.data(), member.name.size())]);
    }
  }
}

void write_value(const void* value, const Type& type, json::value& out) {
  switch (type.shape) {
    case Shape::kBool:
      out = *static_cast<const bool*>(value);
      return;
    case Shape::kInt32:
      out = *static_cast<const std::int32_t*>(value);
      return;
    case Shape::kInt64:
      out = *static_cast<const std::int64_t*>(value);
      return;
    case Shape::kString:
      out.emplace_string() = *static_cast<const std::string*>(value);
      return;
    case Shape::kStringMap: {
      auto& object = out.emplace_object();
      for (const auto& [key, text] : *static_cast<const StringMap*>(value)) object[key] = text;
      return;
    }
    case Shape::kOptional:
      write_value(type.at(value, 0), *type.element, out);
      return;
    case Shape::kList: {
      auto& array = out.emplace_array();
      const auto count = type.size(value);
      array.resize(count);
      for (std::size_t i = 0; i < count; ++i) write_value(type.at(value, i), *type.element, array[i]);
      return;
    }
    case Shape::kObject:
      write_members(value, type, out.emplace_object());
      return;
  }
}

}  // namespace

Failure read(const json::value& json, const Type& type, void* object) {
  if (json.is_null()) return mismatch({}, "an object", json);
  return read_value(json, type, object, {});
}

Failure read_text(std::string_view text, const Type& type, void* object) {
  json::error_code error;
  const auto parsed = json::parse(json::string_view(text.data(), text.size()), error, {}, kParseOptions);
  if (error) return DecodeError{{}, "not JSON: " + error.message()};
  return read(parsed, type, object);
}

json::value write(const void* object, const Type& type, const Resource* resource) {
  json::value out;
  auto& members = out.emplace_object();
  if (resource != nullptr) {
    members["apiVersion"] = resource->api_version();
    members["kind"] = json::string_view(resource->kind.data(), resource->kind.size());
  }
  write_members(object, type, members);
  return out;
}

std::string write_text(const void* object, const Type& type, const Resource* resource) {
  return json::serialize(write(object, type, resource));
}

}  // namespace metallb::kube::codec
