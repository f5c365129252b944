#include "apiserver/tables/table.hpp"

#include "apiserver/definitions/definition.hpp"
#include "kube/timestamp.hpp"

namespace metallb::apiserver {
namespace {

json::array plain_cells(const json::object& object, WallPoint now) {
  return {json::value(name_of(object)), json::value(age_of(object, now))};
}

json::object partial_metadata(const json::object& object) {
  json::object out{{"kind", "PartialObjectMetadata"}, {"apiVersion", "meta.k8s.io/v1"}};
  if (const auto* metadata = object_at(object, "metadata")) out["metadata"] = *metadata;
  return out;
}

}  // namespace

std::string name_of(const json::object& object) {
  return text_at(object, "metadata.name");
}

std::string or_none(std::string text) {
  return text.empty() ? "<none>" : std::move(text);
}

std::string join(const std::vector<std::string>& texts, std::string_view separator) {
  std::string out;
  for (const auto& text : texts) out += (out.empty() ? "" : std::string(separator)) + text;
  return out;
}

std::string labels_text(const kube::StringMap& labels) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : labels) parts.push_back(key + "=" + value);
  return or_none(join(parts));
}

// The steps of k8s.io/apimachinery's duration.HumanDuration: two units while they say something, then one.
std::string human_duration(Duration duration) {
  using std::chrono::duration_cast;
  const auto seconds = duration_cast<std::chrono::seconds>(duration).count();
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  const auto text = [](std::int64_t count, char unit) { return std::to_string(count) + unit; };
  const auto two = [&text](std::int64_t first, char unit, std::int64_t second, char second_unit) {
    return second == 0 ? text(first, unit) : text(first, unit) + text(second, second_unit);
  };
  const auto minutes = seconds / 60;
  const auto hours = minutes / 60;
  const auto days = hours / 24;
  const auto years = days / 365;
  if (seconds < 120) return text(seconds, 's');
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return text(minutes, 'm');
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return text(hours, 'h');
  if (days < 8) return two(days, 'd', hours % 24, 'h');
  if (days < 365 * 2) return text(days, 'd');
  if (days < 365 * 8) return two(years, 'y', days % 365, 'd');
  return text(years, 'y');
}

std::string age_of(const std::string& timestamp, WallPoint now) {
  const auto time = kube::parse_time(timestamp);
  return time ? human_duration(now - *time) : "<unknown>";
}

std::string age_of(const json::object& object, WallPoint now) {
  return age_of(text_at(object, "metadata.creationTimestamp"), now);
}

const Printer& printer_of(const Kind& kind, std::string_view version) {
  static const Printer kPlain{{{"Name", "string"}, {"Age", "string"}}, &plain_cells};
  if (kind.custom) {
    const auto* found = kind.definition->find_version(version);
    return found == nullptr ? kPlain : found->printer;
  }
  for (const auto* printer : {core_printer(kind.kind), workload_printer(kind.kind)}) {
    if (printer != nullptr) return *printer;
  }
  return kPlain;
}

json::object make_table(const Kind& kind, std::string_view version, const std::vector<json::object>& objects,
                        RowObject row_object, json::object list_metadata, WallPoint now) {
  const auto& printer = printer_of(kind, version);
  json::array columns;
  for (const auto& column : printer.columns) {
    columns.emplace_back(json::object{{"name", column.name},
                                      {"type", column.type},
                                      {"format", column.name == "Name" ? "name" : ""},
                                      {"description", column.description},
                                      {"priority", column.priority}});
  }
  json::array rows;
  for (const auto& object : objects) {
    json::object row{{"cells", printer.cells(object, now)}};
    if (row_object == RowObject::kMetadata) row["object"] = partial_metadata(object);
    if (row_object == RowObject::kObject) row["object"] = object;
    rows.emplace_back(std::move(row));
  }
  return {{"kind", "Table"},
          {"apiVersion", "meta.k8s.io/v1"},
          {"metadata", std::move(list_metadata)},
          {"columnDefinitions", std::move(columns)},
          {"rows", std::move(rows)}};
}

}  // namespace metallb::apiserver
