#include "apiserver/tables/custom.hpp"

#include <cmath>

#include "apiserver/tables/json_path.hpp"
#include "kube/timestamp.hpp"

namespace metallb::apiserver {
namespace {

struct Cell {
  JsonPath path;
  std::string type;
};

/// Text as it is, lists and objects as JSON.
std::string printed(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : to_text(value);
}

/// As a real server fills the cell of a column of this type; null when there is nothing that fits.
json::value cell_of(const Cell& cell, const json::object& object, WallPoint now) {
  const auto* value = cell.path.first(object);
  if (value == nullptr || value->is_null()) return nullptr;
  if (cell.type == "string") return json::value(printed(*value));
  if (cell.type == "boolean") return value->is_bool() ? *value : json::value();
  if (cell.type == "number") return value->is_number() ? *value : json::value();
  if (cell.type == "integer") {
    const auto* real = value->if_double();
    if (real != nullptr && std::abs(*real) < 9e15) return json::value(static_cast<std::int64_t>(*real));
    return value->is_int64() ? *value : json::value();
  }
  if (cell.type == "date" && value->is_string()) {
    const std::string text(value->get_string());
    return json::value(kube::parse_time(text) ? age_of(text, now) : "<invalid>");
  }
  return nullptr;
}

}  // namespace

Printer make_custom_printer(const json::array& columns) {
  Printer out{.columns = {{"Name", "string", 0, {}}}, .cells = {}};
  std::vector<Cell> cells;
  const auto add = [&](Column column, std::string_view path) {
    auto parsed = JsonPath::parse(path);
    if (!parsed) return;
    cells.push_back({std::move(*parsed), column.type});
    out.columns.push_back(std::move(column));
  };
  for (const auto& value : columns) {
    const auto* column = value.if_object();
    if (column == nullptr) continue;
    add({.name = text_at(*column, "name"),
         .type = text_at(*column, "type"),
         .priority = static_cast<int>(number_at(*column, "priority").value_or(0)),
         .description = text_at(*column, "description")},
        text_at(*column, "jsonPath"));
  }
  if (columns.empty()) add({"Age", "date"}, ".metadata.creationTimestamp");
  out.cells = [cells = std::move(cells)](const json::object& object, WallPoint now) {
    json::array row{json::value(name_of(object))};
    for (const auto& cell : cells) row.push_back(cell_of(cell, object, now));
    return row;
  };
  return out;
}

}  // namespace metallb::apiserver
