// Field numbers of the messages that kubectl sends as protobuf (k8s.io/api's generated.proto files give the numbers).
#pragma once

#include <cstdint>
#include <string_view>

namespace metallb::apiserver::protobuf {

enum class Type : std::uint8_t {
  kText,
  kNumber,
  kFlag,
  kMessage,
  kTextMap,
  kBytesMap,     ///< values become base64, as in JSON
  kTime,         ///< seconds since 1970; zero is no time
  kIntOrString,  ///< 1: which, 2: the number, 3: the text
};

struct Field {
  std::string_view message;  ///< that it belongs to; a root message is named as its kind
  std::uint32_t number;
  std::string_view name;  ///< in JSON
  Type type;
  std::string_view submessage{};  ///< for kMessage
  bool repeated = false;
  bool pointer = false;  ///< zero is a value of its own, not "unset"
};

/// Null when this server does not know the field.
[[nodiscard]] const Field* find_field(std::string_view message, std::uint32_t number);
[[nodiscard]] bool is_message(std::string_view name);

}  // namespace metallb::apiserver::protobuf
