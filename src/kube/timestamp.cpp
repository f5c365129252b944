#include "kube/timestamp.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace metallb::kube {
namespace {

using namespace std::chrono;

/// Reads a text from left to right; like a ByteReader it stays failed.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const char c = take();
      ok_ = ok_ && c >= '0' && c <= '9';
      value = value * 10 + (c - '0');
    }
    return ok_ ? value : 0;
  }
  void expect(std::string_view any_of) { ok_ = any_of.find(take()) != std::string_view::npos && ok_; }
  [[nodiscard]] char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  char take() {
    const char c = peek();
    if (rest_.empty()) {
      ok_ = false;
    } else {
      rest_.remove_prefix(1);
    }
    return c;
  }
  void fail() { ok_ = false; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

/// ".25" as nanoseconds; digits beyond the ninth are cut off.
nanoseconds scan_fraction(Scanner& in) {
  if (in.peek() != '.') return nanoseconds::zero();
  in.take();
  std::int64_t value = 0;
  int count = 0;
  for (; in.peek() >= '0' && in.peek() <= '9'; ++count) {
    const int digit = in.take() - '0';
    if (count < 9) value = value * 10 + digit;
  }
  if (count == 0) in.fail();
  for (; count < 9; ++count) value *= 10;
  return nanoseconds(value);
}

minutes scan_offset(Scanner& in) {
  const char sign = in.take();
  if (sign == 'Z' || sign == 'z') return minutes::zero();
  if (sign != '+' && sign != '-') in.fail();
  const int hour = in.digits(2);
  in.expect(":");
  const int minute = in.digits(2);
  if (hour > 23 || minute > 59) in.fail();
  const auto offset = hours(hour) + minutes(minute);
  return sign == '-' ? -offset : offset;
}

}  // namespace

std::string format_time(WallPoint time) {
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(time - day));
  std::array<char, 32> text{};
  const auto length = std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ",
                                    static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                                    static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                                    static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string format_micro_time(WallPoint time) {
  const auto fraction = floor<microseconds>(time) - floor<seconds>(time);
  std::array<char, 16> text{};
  const auto length = std::snprintf(text.data(), text.size(), ".%06dZ", static_cast<int>(fraction.count()));
  auto out = format_time(time);
  out.replace(out.size() - 1, 1, text.data(), static_cast<std::size_t>(length));
  return out;
}

std::optional<WallPoint> parse_time(std::string_view text) {
  Scanner in(text);
  const int year_number = in.digits(4);
  in.expect("-");
  const auto month_number = static_cast<unsigned>(in.digits(2));
  in.expect("-");
  const auto day_number = static_cast<unsigned>(in.digits(2));
  in.expect("Tt");
  const int hour = in.digits(2);
  in.expect(":");
  const int minute = in.digits(2);
  in.expect(":");
  const int second = in.digits(2);
  const auto fraction = scan_fraction(in);
  const auto offset = scan_offset(in);
  const year_month_day date{year(year_number), month(month_number), day(day_number)};
  const bool in_range =
      date.ok() && hour <= 23 && minute <= 59 && second <= 59 && year_number >= 1678 && year_number <= 2261;
  if (!in.ok() || !in.at_end() || !in_range) return std::nullopt;
  return WallPoint(sys_days(date).time_since_epoch()) + hours(hour) + minutes(minute) + seconds(second) + fraction - offset;
}

}  // namespace metallb::kube
