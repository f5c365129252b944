#include "gossip/json_fields.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/go_duration.hpp"

namespace metallb::gossip {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_key(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view kind_of(const boost::json::value& value) {
  switch (value.kind()) {
    case boost::json::kind::bool_:
      return "true or false";
    case boost::json::kind::string:
      return "a string";
    case boost::json::kind::array:
      return "an array";
    case boost::json::kind::object:
      return "an object";
    default:
      return "a number";
  }
}

}  // namespace

void JsonFields::problem(std::string_view key, const std::string& what) {
  problems_.push_back(path_ + std::string(key) + ": " + what);
}

template <class Take>
bool JsonFields::each(std::string_view key, Take take) {
  asked_.emplace_back(key);
  bool found = false;
  for (const auto& member : object_) {
    if (!same_key(member.key(), key) || member.value().is_null()) continue;
    found = true;
    if (const auto wrong = take(member.value()); !wrong.empty()) problem(key, wrong);
  }
  return found;
}

bool JsonFields::duration(std::string_view key, Duration& out, Duration minimum, Duration maximum) {
  return each(key, [&](const boost::json::value& value) -> std::string {
    if (!value.is_string()) {
      return "expected a duration, found " + std::string(kind_of(value)) +
             ": write it in quotes with its unit, as in \"200ms\"";
    }
    const auto read = parse_go_duration(value.get_string());
    if (!read) return read.error();
    if (*read < minimum || *read > maximum) {
      return go_duration(*read) + " is out of range: write a duration from " + go_duration(minimum) + " to " +
             go_duration(maximum);
    }
    out = *read;
    return {};
  });
}

bool JsonFields::integer(std::string_view key, std::int64_t& out, std::int64_t minimum, std::int64_t maximum) {
  return each(key, [&](const boost::json::value& value) -> std::string {
    const auto range = "a whole number from " + std::to_string(minimum) + " to " + std::to_string(maximum);
    if (!value.is_number()) return "expected a number, found " + std::string(kind_of(value)) + ": write " + range;
    if (!value.is_int64()) return "not a whole number of that size: write " + range + ", without fraction and exponent";
    const auto number = value.get_int64();
    if (number < minimum || number > maximum) return std::to_string(number) + " is out of range: write " + range;
    out = number;
    return {};
  });
}

bool JsonFields::boolean(std::string_view key, bool& out) {
  return each(key, [&](const boost::json::value& value) -> std::string {
    if (!value.is_bool()) return "expected true or false, found " + std::string(kind_of(value)) + ": write true or false";
    out = value.get_bool();
    return {};
  });
}

bool JsonFields::share(std::string_view key, double& out) {
  return each(key, [&](const boost::json::value& value) -> std::string {
    constexpr std::string_view kRemedy = "write a number between 0 and 1, as in 0.01 or 1e-9";
    if (!value.is_number()) return "expected a number, found " + std::string(kind_of(value)) + ": " + std::string(kRemedy);
    const auto number = value.to_number<double>();
    if (!(number > 0 && number < 1)) return "out of range: " + std::string(kRemedy);
    out = number;
    return {};
  });
}

const boost::json::object* JsonFields::object(std::string_view key) {
  const boost::json::object* found = nullptr;
  each(key, [&](const boost::json::value& value) -> std::string {
    if (!value.is_object())
      return "expected an object, found " + std::string(kind_of(value)) + ": write { } around its keys";
    found = &value.get_object();
    return {};
  });
  return found;
}

void JsonFields::refuse_others() {
  std::string known;
  for (const auto& key : asked_) known += (known.empty() ? "" : ", ") + key;
  for (const auto& member : object_) {
    const auto is_it = [&](const std::string& key) { return same_key(key, member.key()); };
    if (std::none_of(asked_.begin(), asked_.end(), is_it)) {
      problem(member.key(), "no such key: remove it, or write one of " + known);
    }
  }
}

}  // namespace metallb::gossip
