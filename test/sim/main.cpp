// The virtual cluster as a program: random scenarios, one of them with its trace, a long time in peace, or the measurement
// of a large cluster. docs/simulation.md
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "sim/measurement.hpp"
#include "sim/report.hpp"
#include "sim/scenario.hpp"
#include "sim/soak.hpp"

namespace {

using namespace metallb;
using namespace metallb::sim;

constexpr const char* kUsage = R"(sim: a cluster in virtual time

  sim --scenarios N [--seed S] [--threads T]         random scenarios of the seeds S, S+1, ...
  sim --one SEED [--trace FILE] [--packets]          one scenario, with a trace that a person can follow
  sim --hours H [--members N] [--loss P] [--seed S]  a cluster in peace for H virtual hours
  sim --members N [--loss P] [--deaths D] [--seed S] how long deaths take to be known in a cluster of N, and what it costs

P is the share of packets lost each way, such as 0.05. Ends with 0 when everything held, 1 when not.
)";

struct Arguments {
  std::optional<std::uint64_t> scenarios;
  std::optional<std::uint64_t> one;
  std::optional<double> hours;
  std::optional<std::size_t> members;
  std::uint64_t seed = 1;
  double loss = 0.05;
  std::size_t deaths = 20;
  std::string trace;
  bool packets = false;
  unsigned threads = 2;
};

template <class T>
bool read(const std::string& text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}
template <class T>
bool read(const std::string& text, std::optional<T>& value) {
  return read(text, value.emplace());
}

std::optional<Arguments> parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--packets") {
      arguments.packets = true;
      continue;
    }
    if (i + 1 == argc) return std::nullopt;
    const std::string value = argv[++i];
    bool good = false;
    if (flag == "--scenarios") good = read(value, arguments.scenarios);
    if (flag == "--one") good = read(value, arguments.one);
    if (flag == "--hours") good = read(value, arguments.hours);
    if (flag == "--members") good = read(value, arguments.members) && *arguments.members >= 2 && *arguments.members <= 10000;
    if (flag == "--seed") good = read(value, arguments.seed);
    if (flag == "--loss") good = read(value, arguments.loss) && arguments.loss >= 0 && arguments.loss < 1;
    if (flag == "--deaths") good = read(value, arguments.deaths);
    if (flag == "--threads") good = read(value, arguments.threads) && arguments.threads > 0;
    if (flag == "--trace") good = !(arguments.trace = value).empty();
    if (!good) return std::nullopt;
  }
  return arguments;
}

thread_local std::uint64_t running_seed = 0;

/// A contract that breaks takes the program with it: say at least which seed it was.
void on_abort(int /*signal*/) {
  char text[96];
  const int length = std::snprintf(text, sizeof text, "aborted; reproduce: sim --one %llu --trace trace.txt\n",
                                   static_cast<unsigned long long>(running_seed));
  if (length > 0) (void)!write(STDERR_FILENO, text, static_cast<std::size_t>(length));
  std::_Exit(3);
}

int run_many(const Arguments& arguments) {
  std::atomic<std::uint64_t> next = 0;
  std::mutex mutex;
  Summary summary;
  const auto work = [&] {
    for (auto i = next++; i < *arguments.scenarios; i = next++) {
      running_seed = arguments.seed + i;
      const auto scenario = draw(running_seed);
      const auto outcome = run(scenario, nullptr);
      const std::lock_guard lock(mutex);
      summary.add(scenario, outcome);
      report_violations(std::cout, scenario, outcome);
      if (summary.scenarios() % 100 == 0) {
        std::cout << "  " << summary.scenarios() << " of " << *arguments.scenarios << " scenarios" << std::endl;
      }
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < arguments.threads; ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  summary.print(std::cout);
  return summary.failed() == 0 ? 0 : 1;
}

int run_one(const Arguments& arguments) {
  running_seed = *arguments.one;
  const auto scenario = draw(running_seed);
  std::cout << describe(scenario);
  std::ofstream file;
  if (!arguments.trace.empty()) {
    file.open(arguments.trace);
    if (!file) {
      std::cerr << "sim: cannot write " << arguments.trace << "\n";
      return 2;
    }
    file << describe(scenario);
  }
  const auto outcome =
      run(scenario, file.is_open() ? &file : nullptr, arguments.packets ? Trace::Detail::kPackets : Trace::Detail::kEvents);
  report_violations(std::cout, scenario, outcome);
  std::cout << seconds(outcome.virtual_time) << " s of virtual time, " << outcome.events
            << " events; longest silence that the client met: " << short_seconds(outcome.longest_client_silence) << "\n";
  std::cout << (outcome.violations.empty() ? "passed" : "failed") << std::endl;
  return outcome.violations.empty() ? 0 : 1;
}

int run_soak(const Arguments& arguments) {
  const auto length =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::ratio<3600>>(*arguments.hours));
  const auto outcome =
      soak({.members = arguments.members.value_or(4), .length = length, .loss = arguments.loss, .seed = arguments.seed});
  for (const auto& violation : outcome.violations) {
    std::cout << "FAILED at " << seconds(violation.when) << " s, " << violation.rule << ": " << violation.text << "\n";
  }
  std::cout << outcome.virtual_time / std::chrono::minutes(1) << " virtual minutes at loss " << arguments.loss
            << " each way, " << outcome.events
            << " events: " << (outcome.violations.empty() ? "nobody was taken for dead" : "failed") << std::endl;
  return outcome.violations.empty() ? 0 : 1;
}

int run_measurement(const Arguments& arguments) {
  const auto result =
      measure({.members = *arguments.members, .loss = arguments.loss, .deaths = arguments.deaths, .seed = arguments.seed});
  print(std::cout, result);
  return result.problem.empty() && result.false_verdicts == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGABRT, on_abort);
  const auto arguments = parse(argc, argv);
  if (arguments && arguments->scenarios) return run_many(*arguments);
  if (arguments && arguments->one) return run_one(*arguments);
  if (arguments && arguments->hours) return run_soak(*arguments);
  if (arguments && arguments->members) return run_measurement(*arguments);
  std::cerr << kUsage;
  return 2;
}
