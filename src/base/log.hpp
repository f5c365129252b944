// Logging as the cores see it: records handed to a sink. The sink (io/log_sink) prints one JSON object per line in the
// original's shape (operations spec 2.11); tests collect records instead.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <source_location>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace metallb {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError, kNone };

using LogValue = std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, std::vector<std::string>>;

/// One key and its value. Usual keys: msg, op, event, error, reason, service, ip, ips, pool, protocol, interface.
struct LogField {
  LogField(std::string_view k, const char* v) : key(k), value(std::string(v)) {}
  LogField(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  LogField(std::string_view k, std::string_view v) : key(k), value(std::string(v)) {}
  LogField(std::string_view k, std::vector<std::string> v) : key(k), value(std::move(v)) {}
  LogField(std::string_view k, bool v) : key(k), value(v) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  template <std::integral I>
  LogField(std::string_view k, I v) : key(k), value(static_cast<std::int64_t>(v)) {}

  std::string_view key;  ///< a literal: must outlive the call
  LogValue value;
};

struct LogRecord {
  LogLevel level;
  std::source_location where;
  std::initializer_list<LogField> fields;
};

class LogSink {
 public:
  virtual ~LogSink() = default;
  [[nodiscard]] virtual bool enabled(LogLevel level) const = 0;
  virtual void write(const LogRecord& record) = 0;
};

/// A cheap handle to a sink that outlives it; copied freely. Without a sink it is silent.
class Log {
 public:
  Log() = default;
  explicit Log(LogSink& sink) : sink_(&sink) {}

  using Fields = std::initializer_list<LogField>;
  using Where = std::source_location;
  void debug(Fields f, Where w = Where::current()) const { write(LogLevel::kDebug, f, w); }
  void info(Fields f, Where w = Where::current()) const { write(LogLevel::kInfo, f, w); }
  void warn(Fields f, Where w = Where::current()) const { write(LogLevel::kWarn, f, w); }
  void error(Fields f, Where w = Where::current()) const { write(LogLevel::kError, f, w); }
  /// Ask before computing costly fields of a debug line.
  [[nodiscard]] bool debug_enabled() const { return sink_ != nullptr && sink_->enabled(LogLevel::kDebug); }

 private:
  void write(LogLevel level, Fields fields, const Where& where) const {
    if (sink_ != nullptr && sink_->enabled(level)) sink_->write({level, where, fields});
  }
  LogSink* sink_ = nullptr;
};

}  // namespace metallb
