// The process's log: one JSON object per line on standard output, in the original's shape (operations spec 2.11).
//
// Keys are sorted; "ts" (RFC 3339, whole seconds, local zone), "level" and "caller" (<file>:<line>) are always there. All
// threads may write at once, and none waits for who reads: a thread of the sink writes and flushes the lines. When it falls
// behind by a thousand lines the oldest are lost, and a line says how many. The end of the sink waits until all is written.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "base/time.hpp"

namespace metallb::io {

/// all, debug, info, warn, error, none. Error: a sentence that names the level and the choices.
[[nodiscard]] std::expected<LogLevel, std::string> parse_log_level(std::string_view text);

/// The line without its newline. Of several fields with one key the last one counts.
[[nodiscard]] std::string format_log_line(const LogRecord& record, WallPoint at);

class JsonLogSink : public LogSink {
 public:
  /// Gets one line without newline; called by whichever thread logs.
  using Writer = std::function<void(std::string_view line)>;
  /// To standard output.
  explicit JsonLogSink(LogLevel level);
  JsonLogSink(LogLevel level, Writer writer) : level_(level), writer_(std::move(writer)) {}

  [[nodiscard]] bool enabled(LogLevel level) const override { return level >= level_ && level_ != LogLevel::kNone; }
  void write(const LogRecord& record) override;

 private:
  LogLevel level_;
  Writer writer_;
};

}  // namespace metallb::io
