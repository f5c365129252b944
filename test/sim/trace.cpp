#include "sim/trace.hpp"

#include <cstdio>
#include <iomanip>

namespace metallb::sim {
namespace {

std::string text_of(const LogValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* yes = std::get_if<bool>(&value)) return *yes ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* number = std::get_if<double>(&value)) return std::to_string(*number);
  std::string out;
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    for (const auto& item : *list) out += (out.empty() ? "" : " ") + item;
  }
  return out;
}

}  // namespace

std::string seconds(Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6f", static_cast<double>(duration.count()) / 1e9);
  return text;
}

std::string short_seconds(Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f s", static_cast<double>(duration.count()) / 1e9);
  return text;
}

void Trace::say(std::string_view who, std::string_view what) {
  if (out_ == nullptr) return;
  *out_ << std::setw(14) << seconds(timeline_.elapsed()) << "  " << std::left << std::setw(12) << who << std::right << "  "
        << what << '\n';
}

void TraceLog::write(const LogRecord& record) {
  std::string line = record.level == LogLevel::kError  ? "log error:"
                     : record.level == LogLevel::kWarn ? "log warning:"
                                                       : "log:";
  for (const auto& field : record.fields) line += " " + std::string(field.key) + "=" + text_of(field.value);
  trace_.say(who_, line);
}

}  // namespace metallb::sim
