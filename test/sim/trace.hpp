// What happened, as text that a person can follow: one line per event with the time since the start, who, and what.
#pragma once

#include <ostream>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "sim/timeline.hpp"

namespace metallb::sim {

class Trace {
 public:
  enum class Detail : std::uint8_t {
    kNothing,
    kEvents,   ///< faults, verdicts, owners, what the cores log
    kPackets,  ///< and every packet
  };

  explicit Trace(const Timeline& timeline) : timeline_(timeline) {}
  void write_to(std::ostream& out, Detail detail) {
    out_ = &out;
    detail_ = detail;
  }
  /// Ask before composing a line.
  [[nodiscard]] bool events() const { return detail_ >= Detail::kEvents; }
  [[nodiscard]] bool packets() const { return detail_ >= Detail::kPackets; }

  /// "    12.345678  node-3  declares node-5 dead"
  void say(std::string_view who, std::string_view what);

 private:
  const Timeline& timeline_;
  std::ostream* out_ = nullptr;
  Detail detail_ = Detail::kNothing;
};

/// The log of one process, as lines of the trace.
class TraceLog final : public LogSink {
 public:
  TraceLog(Trace& trace, std::string who) : trace_(trace), who_(std::move(who)) {}
  [[nodiscard]] bool enabled(LogLevel level) const override {
    return trace_.packets() || (trace_.events() && level != LogLevel::kDebug);
  }
  void write(const LogRecord& record) override;

 private:
  Trace& trace_;
  std::string who_;
};

/// "1.234567": seconds since the start of the simulation, or a length of time.
[[nodiscard]] std::string seconds(Duration duration);
/// "0.235 s"
[[nodiscard]] std::string short_seconds(Duration duration);

}  // namespace metallb::sim
