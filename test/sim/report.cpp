#include "sim/report.hpp"

#include <algorithm>
#include <chrono>

namespace metallb::sim {

std::string distribution(std::vector<Duration> values) {
  if (values.empty()) return "never";
  std::ranges::sort(values);
  return std::to_string(values.size()) + " times, median " + short_seconds(values[values.size() / 2]) + ", 99 % " +
         short_seconds(values[values.size() * 99 / 100]) + ", worst " + short_seconds(values.back());
}

void report_violations(std::ostream& out, const Scenario& scenario, const Outcome& outcome) {
  if (outcome.violations.empty()) return;
  const auto& violation = outcome.violations.front();
  out << "FAILED " << describe(scenario) << "  at " << seconds(violation.when) << " s, " << violation.rule << ": "
      << violation.text << "\n  reproduce: sim --one " << scenario.seed << " --trace trace.txt" << std::endl;
}

void Summary::add(const Scenario& scenario, const Outcome& outcome) {
  ++scenarios_;
  if (!outcome.violations.empty()) {
    ++failed_;
    ++broken_[outcome.violations.front().rule];
  }
  const auto& statistics = outcome.statistics;
  const std::string who = scenario.plan.all_ours() ? "all ours" : "mixed";
  const auto join = [&](const std::string& what, const std::vector<Duration>& values) {
    auto& all = times_[what];
    all.insert(all.end(), values.begin(), values.end());
  };
  join(scenario.plan.quality.loss <= 0.05 ? "silence after a single death, up to 5 % loss"
                                          : "silence after a single death, up to 20 % loss",
       statistics.deaths);
  join("silence after orderly changes, " + who, statistics.changes);
  join("silence after other faults, " + who, statistics.severe);
  join("until all was in order, " + who, statistics.settling);
  false_verdicts_ += statistics.false_verdicts;
  bystanders_ += statistics.bystanders;
  newcomers_ += statistics.newcomers;
  doubts_ += statistics.doubts;
  busiest_second_ = std::max(busiest_second_, statistics.busiest_second);
  virtual_time_ += outcome.virtual_time;
  events_ += outcome.events;
}

void Summary::print(std::ostream& out) {
  out << virtual_time_ / std::chrono::minutes(1) << " virtual minutes, " << events_ << " events\n";
  for (const auto& [what, values] : times_) {
    if (!values.empty()) out << "  " << what << ": " << distribution(values) << "\n";
  }
  out << "  verdicts about live members, at more than 5 % loss: " << false_verdicts_ << "\n";
  out << "  verdicts about bystanders, within ten seconds of somebody else's fault: " << bystanders_ << "\n";
  out << "  claims seen of members that had not been heard of yet: " << newcomers_ << "\n";
  out << "  claims seen by members that had just taken over: " << doubts_ << "\n";
  out << "  most packets of one node within a second: " << busiest_second_ << "\n";
  for (const auto& [rule, count] : broken_) out << "  " << rule << ": broken in " << count << " scenarios\n";
  out << scenarios_ << " scenarios, " << failed_ << " failed" << std::endl;
}

void print(std::ostream& out, const MeasurementResult& result) {
  out << "all know all " << short_seconds(result.formed) << " after the last start\n"
      << "  first verdict on a death: " << distribution(result.first_verdict) << "\n"
      << "  known to all: " << distribution(result.all_know) << "\n"
      << "  in peace each node sends " << result.packets_per_second << " packets and " << result.bytes_per_second
      << " bytes a second; at most " << result.busiest_second << " packets within a second, deaths included\n"
      << "  verdicts about live members: " << result.false_verdicts << "\n"
      << "  heap of one node's membership core: " << result.bytes_per_node << " bytes\n"
      << "  " << seconds(result.virtual_time) << " s of virtual time, " << result.events << " events\n";
  if (!result.problem.empty()) out << "FAILED " << result.problem << "\n";
  out.flush();
}

}  // namespace metallb::sim
