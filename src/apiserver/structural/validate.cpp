#include "apiserver/structural/validate.hpp"

#include <algorithm>

#include "apiserver/structural/node.hpp"
#include "apiserver/structural/numbers.hpp"
#include "apiserver/structural/patterns.hpp"
#include "apiserver/structural/texts.hpp"

namespace metallb::apiserver::structural {
namespace {

/// "string", or "integer,string" for a field that may be either; empty: anything.
std::string wanted_type(const Node& node) {
  return node.int_or_string() ? "integer,string" : node.text("type");
}

bool fits_type(const Node& node, const json::value& value) {
  if (value.is_null() && node.nullable()) return true;
  const auto found = type_name(value);
  if (node.int_or_string()) return found == "integer" || found == "string" || is_whole(value);
  const auto wanted = node.text("type");
  if (wanted.empty() || wanted == found) return true;
  return (wanted == "number" && found == "integer") || (wanted == "integer" && is_whole(value));
}

void check_type(const Node& node, const json::value& value, const std::string& path, Causes& causes) {
  if (fits_type(node, value)) return;
  const auto found = json::serialize(json::value(type_name(value)));
  causes.push_back(
      {"FieldValueTypeInvalid", path,
       "Invalid value: " + found + ": " + path + " in body must be of type " + wanted_type(node) + ": " + found});
}

void check_allowed(const Node& node, const json::value& value, const std::string& path, Causes& causes) {
  const auto* allowed = node.list("enum");
  if (allowed == nullptr || std::ranges::find(*allowed, value) != allowed->end()) return;
  if (value.is_null() && node.nullable()) return;
  if (causes.full()) return causes.leave_out(1);  // the lists may be long
  std::vector<std::string> texts;
  for (const auto& one : *allowed) texts.push_back(one.is_string() ? std::string(one.get_string()) : to_text(one));
  auto cause = unsupported_value(path, value.is_string() ? std::string(value.get_string()) : "", texts);
  if (!value.is_string()) cause.message.replace(cause.message.find("\"\""), 2, to_text(value));
  causes.push_back(std::move(cause));
}

/// True when the number of elements is allowed; a real server says nothing else about a list or object that is not.
bool check_count(const Node& node, std::size_t count, std::string_view elements, const std::string& path, Causes& causes) {
  const auto name = std::string(elements == "items" ? "Items" : "Properties");
  const auto least = number_at(node.json(), "min" + name);
  if (least && std::cmp_less(count, *least)) {
    causes.push_back(
        invalid_value(path, json::value(count),
                      path + " in body should have at least " + std::to_string(*least) + " " + std::string(elements)));
    return false;
  }
  const auto most = number_at(node.json(), "max" + name);
  if (most && std::cmp_greater(count, *most)) {
    causes.push_back({"FieldValueTooMany", path,
                      "Too many: " + std::to_string(count) + ": must have at most " + std::to_string(*most) +
                          (*most == 1 ? " item" : " items")});
    return false;
  }
  return true;
}

/// A resource within a resource says what it is.
void check_embedded(const json::object& members, const std::string& path, Causes& causes) {
  for (const std::string_view name : {"apiVersion", "kind"}) {
    if (unset(members, name)) causes.push_back(required_value(below(path, name)));
  }
}

class Validator {
 public:
  void check(const json::object& schema, const json::value& value, const std::string& path, Causes& causes) {
    const Node node(schema);
    check_type(node, value, path, causes);
    if (value.is_null()) return;
    check_combinations(node, value, path, causes);
    if (const auto* text = value.if_string()) check_text(node, *text, path, patterns_, causes);
    if (value.is_number()) check_number(node, value, path, causes);
    if (const auto* items = value.if_array()) check_items(node, *items, path, causes);
    check_allowed(node, value, path, causes);
    if (const auto* members = value.if_object()) {
      check_members(node, *members, path, causes);
      if (node.embedded_resource() && !path.empty()) check_embedded(*members, path, causes);
    }
  }

 private:
  bool fits(const json::value& schema, const json::value& value, const std::string& path, Causes* causes = nullptr) {
    const auto* one = schema.if_object();
    Causes own;
    if (one != nullptr) check(*one, value, path, own);
    const bool fine = own.empty();
    if (causes != nullptr) causes->add(own);
    return fine;
  }

  /// How many of the schemas fit. `first`: what the first one has against the value.
  std::ptrdiff_t count_fitting(const json::array& schemas, const json::value& value, const std::string& path,
                               Causes& first) {
    std::ptrdiff_t count = 0;
    for (std::size_t i = 0; i < schemas.size(); ++i)
      count += fits(schemas[i], value, path, i == 0 ? &first : nullptr) ? 1 : 0;
    return count;
  }

  void check_combinations(const Node& node, const json::value& value, const std::string& path, Causes& causes) {
    const auto must = [&](std::string_view what) {
      causes.push_back(general_cause(json::serialize(json::value(path)) + " must " + std::string(what)));
    };
    if (const auto* any_of = node.list("anyOf"); any_of != nullptr && !any_of->empty()) {
      Causes first;
      if (count_fitting(*any_of, value, path, first) == 0) {
        must("validate at least one schema (anyOf)");
        causes.add(first);
      }
    }
    if (const auto* one_of = node.list("oneOf"); one_of != nullptr && !one_of->empty()) {
      Causes first;
      const auto count = count_fitting(*one_of, value, path, first);
      if (count == 0) {
        must("validate one and only one schema (oneOf). Found none valid");
        causes.add(first);
      } else if (count > 1) {
        must("validate one and only one schema (oneOf). Found " + std::to_string(count) + " valid alternatives");
      }
    }
    if (const auto* all_of = node.list("allOf"); all_of != nullptr && !all_of->empty()) {
      std::ptrdiff_t fitting = 0;
      for (const auto& schema : *all_of) fitting += fits(schema, value, path, &causes) ? 1 : 0;
      if (fitting == 0) must("validate all the schemas (allOf). None validated");
      if (fitting > 0 && fitting < std::ssize(*all_of)) must("validate all the schemas (allOf)");
    }
    if (const auto* excluded = node.member("not"); excluded != nullptr && fits(*excluded, value, path)) {
      must("not validate the schema (not)");
    }
  }

  void check_items(const Node& node, const json::array& items, const std::string& path, Causes& causes) {
    if (const auto* of_items = node.schema("items")) {
      for (std::size_t i = 0; i < items.size(); ++i) check(*of_items, items[i], below(path, i), causes);
    }
    (void)check_count(node, items.size(), "items", path, causes);
  }

  void check_members(const Node& node, const json::object& members, const std::string& path, Causes& causes) {
    if (!check_count(node, members.size(), "properties", path, causes)) return;
    for (const auto& [name, member] : members) {
      const auto* schema = node.property(name);
      if (schema == nullptr) schema = node.schema("additionalProperties");
      if (schema != nullptr) check(*schema, member, below(path, name), causes);
    }
    for (const auto& name : texts_at(node.json(), "required")) {
      if (!members.contains(name)) causes.push_back(required_value(below(path, name)));
    }
  }

  Patterns patterns_;
};

}  // namespace

void validate(const json::object& schema, const json::value& value, const std::string& path, Causes& causes) {
  Validator().check(schema, value, path, causes);
}

}  // namespace metallb::apiserver::structural
