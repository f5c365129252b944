#include "apiserver/filter.hpp"

#include <algorithm>
#include <array>

namespace metallb::apiserver {
namespace {

struct Selectable {
  std::string_view kind;
  std::vector<std::string_view> fields;
};

/// The fields that a real server offers, per kind; metadata.name and metadata.namespace go for all.
const std::vector<Selectable>& selectable() {
  static const std::vector<Selectable> table{
      {"Pod",
       {"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
        "status.phase", "status.podIP", "status.nominatedNodeName"}},
      {"Event",
       {"involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
        "reportingComponent", "source", "type"}},
      {"Node", {"spec.unschedulable"}},
      {"Namespace", {"status.phase"}},
      {"Secret", {"type"}},
      {"Service", {"spec.clusterIP", "spec.type"}},
  };
  return table;
}

bool supported(const Kind& kind, std::string_view path) {
  if (path == "metadata.name") return true;
  if (path == "metadata.namespace") return kind.namespaced;
  return !kind.custom && std::ranges::any_of(selectable(), [&](const Selectable& row) {
    return row.kind == kind.kind && std::ranges::find(row.fields, path) != row.fields.end();
  });
}

std::string field_value(const json::object& object, std::string_view path) {
  if (path == "source") return text_at(object, "source.component");
  if (path == "spec.unschedulable" || path == "spec.hostNetwork")
    return flag_at(object, path).value_or(false) ? "true" : "false";
  if (path == "reportingComponent") {
    const auto component = text_at(object, path);
    return component.empty() ? text_at(object, "source.component") : component;
  }
  return text_at(object, path);
}

/// A backslash makes the next character an ordinary one.
std::vector<std::string_view> split_terms(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '\\') {
      ++i;
    } else if (i == text.size() || text[i] == ',') {
      if (i > start) out.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  if (start < text.size() && text.back() == '\\') out.push_back(text.substr(start));
  return out;
}

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out.push_back(text[i]);
  }
  return out;
}

}  // namespace

Result<Filter> Filter::from(const Kind& kind, const Query& query) {
  Filter out;
  if (const auto text = query.text("labelSelector"); !text.empty()) {
    auto labels = kube::Selector::parse(text);
    if (!labels) return std::unexpected(bad_request("unable to parse requirement: " + labels.error()));
    out.labels_ = std::move(*labels);
  }
  const auto fields = query.text("fieldSelector");
  for (const auto term : split_terms(fields)) {
    const auto equals = term.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return std::unexpected(
          bad_request("invalid selector: '" + std::string(fields) + "'; can't understand '" + std::string(term) + "'"));
    }
    Field field;
    field.equal = term[equals - 1] != '!';
    auto path = term.substr(0, field.equal ? equals : equals - 1);
    auto value = term.substr(equals + 1);
    if (field.equal && value.starts_with('=')) value.remove_prefix(1);
    if (!supported(kind, path)) return std::unexpected(bad_request("field label not supported: " + std::string(path)));
    field.path = std::string(path);
    field.value = unescape(value);
    out.fields_.push_back(std::move(field));
  }
  return out;
}

bool Filter::matches(const json::object& object) const {
  for (const auto& field : fields_) {
    if ((field_value(object, field.path) == field.value) != field.equal) return false;
  }
  return labels_.empty() || labels_.matches(map_at(object, "metadata.labels"));
}

}  // namespace metallb::apiserver
