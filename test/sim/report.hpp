// What a run says about itself.
#pragma once

#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "sim/measurement.hpp"
#include "sim/scenario.hpp"

namespace metallb::sim {

/// Nothing when there are none.
void report_violations(std::ostream& out, const Scenario& scenario, const Outcome& outcome);

/// Of many scenarios.
class Summary {
 public:
  void add(const Scenario& scenario, const Outcome& outcome);
  void print(std::ostream& out);
  [[nodiscard]] std::uint64_t scenarios() const { return scenarios_; }
  [[nodiscard]] std::uint64_t failed() const { return failed_; }

 private:
  std::uint64_t scenarios_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t false_verdicts_ = 0;
  std::uint64_t bystanders_ = 0;
  std::uint64_t newcomers_ = 0;
  std::uint64_t doubts_ = 0;
  std::uint64_t busiest_second_ = 0;
  Duration virtual_time_{0};
  std::map<std::string, std::vector<Duration>> times_;
  std::map<std::string, std::uint64_t> broken_;
};

void print(std::ostream& out, const MeasurementResult& result);

/// "20 times, median 0.212 s, 99 % 0.288 s, worst 0.301 s"
[[nodiscard]] std::string distribution(std::vector<Duration> values);

}  // namespace metallb::sim
