#include "apiserver/schema.hpp"
#include "apiserver/schemas/texts.hpp"
#include "base/contract.hpp"

namespace metallb::apiserver {
namespace {

json::object load(std::string_view text) {
  std::string error;
  auto value = parse(text, error);
  METALLB_CONTRACT(value && value->is_object(), "an embedded schema does not parse: " + error);
  return std::move(value->get_object());
}

}  // namespace

const json::object& shared_schemas() {
  static const json::object table = load(schemas::shared());
  return table;
}

const json::object* builtin_schema(const Kind& kind) {
  static const json::object table = load(schemas::builtin());
  const auto* found = table.if_contains(kind.kind);
  return found == nullptr ? nullptr : found->if_object();
}

}  // namespace metallb::apiserver
