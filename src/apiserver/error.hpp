// What a request can be refused for, as Kubernetes words it: a metav1.Status whose code, reason and message kubectl and
// client libraries match on.
#pragma once

#include <cstddef>
#include <expected>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/json_access.hpp"
#include "apiserver/kinds.hpp"

namespace metallb::apiserver {

/// One wrong field of an object.
struct Cause {
  std::string reason;   ///< "FieldValueInvalid" and the like
  std::string field;    ///< "spec.ports[0].port"
  std::string message;  ///< "Invalid value: 0: must be between 1 and 65535, inclusive"
};

/// What is wrong with an object. A client can make an object with a million wrong fields: the first are kept, the others
/// counted.
class Causes {
 public:
  static constexpr std::size_t kMostKept = 100;
  static constexpr std::size_t kMostText = 1U << 20U;  ///< bytes; the one that exceeds it is the last

  Causes() = default;
  Causes(std::initializer_list<Cause> causes) {
    for (const auto& cause : causes) push_back(cause);
  }
  void push_back(Cause cause);
  void add(const Causes& more);
  /// Counts some that are not worded, as the list is full.
  void leave_out(std::size_t more) { left_out_ += more; }

  [[nodiscard]] bool empty() const { return kept_.empty(); }
  [[nodiscard]] bool full() const { return kept_.size() >= kMostKept || text_ >= kMostText; }
  [[nodiscard]] std::size_t left_out() const { return left_out_; }
  [[nodiscard]] const Cause& front() const { return kept_.front(); }
  [[nodiscard]] auto begin() const { return kept_.begin(); }
  [[nodiscard]] auto end() const { return kept_.end(); }

 private:
  std::vector<Cause> kept_;
  std::size_t text_ = 0;
  std::size_t left_out_ = 0;
};

[[nodiscard]] Cause invalid_value(std::string field, const json::value& value, std::string_view detail);
[[nodiscard]] Cause required_value(std::string field, std::string_view detail = {});
[[nodiscard]] Cause unsupported_value(std::string field, std::string_view value, const std::vector<std::string>& supported);
[[nodiscard]] Cause forbidden_value(std::string field, std::string_view detail);
/// One that a real server lays to no field; its text names the place.
[[nodiscard]] Cause general_cause(std::string_view detail);
[[nodiscard]] Cause duplicate_value(std::string field, const json::value& value);

struct Error {
  int code = 500;
  std::string reason;  ///< "NotFound"
  std::string message;
  std::string group;  ///< of what it is about; may be empty, as the three below
  std::string kind;   ///< by Kubernetes' habit the plural, but the kind's name for 422
  std::string name;
  Causes causes;

  /// The metav1.Status object.
  [[nodiscard]] json::object to_status() const;
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] Error not_found(const Kind& kind, std::string_view name);
/// A path that leads nowhere.
[[nodiscard]] Error no_such_resource();
[[nodiscard]] Error already_exists(const Kind& kind, std::string_view name);
[[nodiscard]] Error conflict(const Kind& kind, std::string_view name, std::string_view detail);
/// The conflict of a write that carries an old resourceVersion.
[[nodiscard]] Error stale(const Kind& kind, std::string_view name);
/// Ends with how many causes were left out, if any.
[[nodiscard]] Error invalid(const Kind& kind, std::string_view name, Causes causes);
[[nodiscard]] Error bad_request(std::string message);
[[nodiscard]] Error forbidden(const Kind& kind, std::string_view name, std::string_view detail);
[[nodiscard]] Error unauthorized();
[[nodiscard]] Error method_not_allowed();
[[nodiscard]] Error unsupported_media_type(std::string message);
[[nodiscard]] Error too_large(std::string message);
/// 410: the resourceVersion or continue token lies before the watch window.
[[nodiscard]] Error expired(std::string message);
/// 422 without an object's name: a patch that cannot be carried out.
[[nodiscard]] Error unprocessable(std::string message);

}  // namespace metallb::apiserver
