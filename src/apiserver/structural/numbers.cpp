#include "apiserver/structural/numbers.hpp"

#include <cmath>
#include <compare>
#include <utility>

namespace metallb::apiserver::structural {
namespace {

double as_real(const json::value& value) {
  if (const auto* number = value.if_int64()) return static_cast<double>(*number);
  if (const auto* number = value.if_uint64()) return static_cast<double>(*number);
  const auto* number = value.if_double();
  return number == nullptr ? 0 : *number;
}

/// Integers are compared as such: a double cannot tell 2^53 from its neighbours.
std::partial_ordering compare(const json::value& a, const json::value& b) {
  const auto* x = a.if_int64();
  const auto* y = b.if_int64();
  return x != nullptr && y != nullptr ? std::partial_ordering(*x <=> *y) : as_real(a) <=> as_real(b);
}

/// `of` is positive: the smallest integer divided by -1 is none.
bool is_multiple(const json::value& value, const json::value& of) {
  if (const auto *x = value.if_int64(), *y = of.if_int64(); x != nullptr && y != nullptr) return *x % *y == 0;
  const auto quotient = as_real(value) / as_real(of);
  return std::trunc(quotient) == quotient;
}

/// Definitions that say it wrongly are refused (definitions/check_schema), but an earlier build may have kept one: then, as
/// on a real server, no value fits.
void check_multiple(const json::value& of, const json::value& value, const std::string& path, Causes& causes) {
  if (!is_positive(of)) {
    causes.push_back(general_cause("factor MultipleOf declared for " + path + " must be positive: " + to_text(of)));
  } else if (!is_multiple(value, of)) {
    causes.push_back(invalid_value(path, value, path + " in body should be a multiple of " + to_text(of)));
  }
}

/// A real server tells this apart from any field.
void check_representable(const Node& node, const json::value& value, const std::string& path, Causes& causes) {
  const bool narrow = node.text("format") == "int32";
  const auto number = as_real(value);
  if (is_whole(value) && (!narrow || (number >= -2147483648.0 && number <= 2147483647.0))) return;
  causes.push_back(general_cause("Checked value must be of type integer " +
                                 std::string(narrow ? "with format int32" : "(default format)") + " in " + path));
}

}  // namespace

bool is_positive(const json::value& number) {
  return as_real(number) > 0;
}

bool is_whole(const json::value& value) {
  if (value.is_int64() || value.is_uint64()) return true;
  const auto* real = value.if_double();
  return real != nullptr && std::trunc(*real) == *real && std::abs(*real) < 9007199254740992.0;
}

void check_number(const Node& node, const json::value& value, const std::string& path, Causes& causes) {
  const auto should = [&](const std::string& what) {
    causes.push_back(invalid_value(path, value, path + " in body should be " + what));
  };
  if (node.text("type") == "integer") check_representable(node, value, path, causes);
  if (const auto* of = node.member("multipleOf"); of != nullptr && of->is_number()) check_multiple(*of, value, path, causes);
  if (const auto* limit = node.member("maximum"); limit != nullptr && limit->is_number()) {
    const bool exclusive = node.flag("exclusiveMaximum");
    const auto order = compare(value, *limit);
    if (order > 0 || (exclusive && order == 0)) {
      should((exclusive ? "less than " : "less than or equal to ") + to_text(*limit));
    }
  }
  if (const auto* limit = node.member("minimum"); limit != nullptr && limit->is_number()) {
    const bool exclusive = node.flag("exclusiveMinimum");
    const auto order = compare(value, *limit);
    if (order < 0 || (exclusive && order == 0)) {
      should((exclusive ? "greater than " : "greater than or equal to ") + to_text(*limit));
    }
  }
}

}  // namespace metallb::apiserver::structural
