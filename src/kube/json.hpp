// JSON to described structs and back. Missing members keep their default, null counts as missing, unknown members are
// ignored; a member of the wrong type is an error that names its path ("spec.ports[0].port").
#pragma once

#include <boost/json/fwd.hpp>
#include <expected>
#include <string>
#include <string_view>

namespace metallb::kube {

struct DecodeError {
  std::string path;     ///< for example "spec.ports[0].port"; empty when the text itself is not JSON
  std::string message;  ///< for example "expected a number, found a string"
  [[nodiscard]] std::string to_string() const { return path.empty() ? message : path + ": " + message; }
};

/// Instantiated for every kind of objects/ (one .cpp per kind in kube/codec/, since each costs seconds to compile).
template <class T>
[[nodiscard]] std::expected<T, DecodeError> decode(const boost::json::value& json);
/// From text; for tests and small inputs.
template <class T>
[[nodiscard]] std::expected<T, DecodeError> decode_text(std::string_view text);
/// Empty strings, maps, lists and absent optionals are omitted, numbers and booleans are always written, as are the
/// counters of IPAddressPool status. apiVersion and kind are added for kinds that are objects of their own.
template <class T>
[[nodiscard]] boost::json::value encode(const T& object);
template <class T>
[[nodiscard]] std::string encode_text(const T& object);

}  // namespace metallb::kube
