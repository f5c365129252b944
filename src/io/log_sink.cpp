#include "io/log_sink.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cmath>
#include <ctime>
#include <map>
#include <memory>

#include "io/clock.hpp"
#include "io/json_text.hpp"

namespace metallb::io {
namespace {

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    default:
      return "error";
  }
}

std::string timestamp(WallPoint at) {
  const auto seconds = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(at));
  std::tm parts{};
  localtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  auto length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (parts.tm_gmtoff == 0) return std::string(text.data(), length) + "Z";
  length += std::strftime(text.data() + length, text.size() - length, "%z", &parts);
  std::string with_zone(text.data(), length);
  return with_zone.insert(with_zone.size() - 2, ":");  // +0100 becomes +01:00
}

std::string caller(const std::source_location& where) {
  std::string_view file = where.file_name();
  if (const auto slash = file.rfind('/'); slash != std::string_view::npos) file.remove_prefix(slash + 1);
  return std::string(file) + ":" + std::to_string(where.line());
}

template <class Number>
void append_number(std::string& out, Number number) {
  std::array<char, 40> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

void append_value(std::string& out, const LogValue& value) {
  struct Writer {
    std::string& out;
    void operator()(std::nullptr_t) const { out += "null"; }
    void operator()(bool v) const { out += v ? "true" : "false"; }
    void operator()(std::int64_t v) const { append_number(out, v); }
    void operator()(double v) const {
      if (std::isfinite(v)) {
        append_number(out, v);
      } else {
        out += "null";  // JSON knows no infinities
      }
    }
    void operator()(const std::string& v) const { append_json_string(out, v); }
    void operator()(const std::vector<std::string>& list) const {
      out += '[';
      for (std::size_t i = 0; i < list.size(); ++i) {
        if (i > 0) out += ',';
        append_json_string(out, list[i]);
      }
      out += ']';
    }
  };
  std::visit(Writer{out}, value);
}

}  // namespace

std::expected<LogLevel, std::string> parse_log_level(std::string_view text) {
  if (text == "all" || text == "debug") return LogLevel::kDebug;
  if (text == "info") return LogLevel::kInfo;
  if (text == "warn") return LogLevel::kWarn;
  if (text == "error") return LogLevel::kError;
  if (text == "none") return LogLevel::kNone;
  return std::unexpected("unknown log level \"" + std::string(text) +
                         "\": it is one of all, debug, info, warn, error, none");
}

std::string format_log_line(const LogRecord& record, WallPoint at) {
  const std::array<LogField, 3> own = {LogField("caller", caller(record.where)), LogField("level", name_of(record.level)),
                                       LogField("ts", timestamp(at))};
  std::map<std::string_view, const LogValue*> sorted;
  for (const auto& field : record.fields) sorted[field.key] = &field.value;
  for (const auto& field : own) sorted[field.key] = &field.value;
  std::string line = "{";
  for (const auto& [key, value] : sorted) {
    if (line.size() > 1) line += ',';
    append_json_string(line, key);
    line += ':';
    append_value(line, *value);
  }
  return line += '}';
}

namespace {

/// Standard output behind a queue and a thread of its own: whoever reads it may stand still, and then a thread that waited
/// would answer no ping, and its node be taken for dead.
class QueuedOutput {
 public:
  QueuedOutput() {
    logger_ = std::make_shared<spdlog::async_logger>("", std::make_shared<spdlog::sinks::stdout_sink_mt>(), pool_,
                                                     spdlog::async_overflow_policy::overrun_oldest);
    logger_->set_pattern("%v");
  }

  void write(std::string_view line) {
    tell_of_lost_lines();
    logger_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  /// About half a megabyte of memory, and some seconds of the busiest log.
  static constexpr std::size_t kLines = 1024;

  void tell_of_lost_lines() {
    const auto lost = pool_->overrun_counter();
    if (lost == told_ || pool_->queue_size() > kLines / 2) return;
    const auto before = told_.exchange(lost);
    if (lost <= before) return;
    const auto where = std::source_location::current();
    logger_->log(spdlog::level::info, format_log_line({.level = LogLevel::kWarn,
                                                       .where = where,
                                                       .fields = {{"op", "log"},
                                                                  {"lines", lost - before},
                                                                  {"msg",
                                                                   "lines of this log were lost: whoever reads "
                                                                   "standard output was too slow"}}},
                                                      now().wall));
  }

  std::shared_ptr<spdlog::async_logger> logger_;
  /// Ends first: its thread writes what is left and is joined, and only then is the logger of the queued lines let go.
  std::shared_ptr<spdlog::details::thread_pool> pool_ = std::make_shared<spdlog::details::thread_pool>(kLines, 1);
  std::atomic<std::size_t> told_ = 0;
};

}  // namespace

JsonLogSink::JsonLogSink(LogLevel level) : level_(level) {
  writer_ = [output = std::make_shared<QueuedOutput>()](std::string_view line) { output->write(line); };
}

void JsonLogSink::write(const LogRecord& record) {
  writer_(format_log_line(record, now().wall));
}

}  // namespace metallb::io
