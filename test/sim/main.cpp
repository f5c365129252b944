// The virtual cluster as a program: random scenarios, one of them with its trace, or a measurement of large clusters.
#include <unistd.h>
#include <csignal>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "sim/scenario.hpp"

namespace {

using namespace metallb;
using namespace metallb::sim;

constexpr const char* kUsage = R"(sim: a cluster in virtual time

  sim --scenarios N [--seed S] [--threads T]   N random scenarios, seeds S, S+1, ...
  sim --one SEED [--trace FILE] [--packets]    one scenario; with a trace that a person can follow
)";

struct Arguments {
  std::uint64_t scenarios = 0;
  std::uint64_t seed = 1;
  std::optional<std::uint64_t> one;
  std::string trace;
  bool packets = false;
  unsigned threads = 2;
};

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
    if (flag == "--scenarios") {
      arguments.scenarios = std::stoull(value);
    } else if (flag == "--seed") {
      arguments.seed = std::stoull(value);
    } else if (flag == "--one") {
      arguments.one = std::stoull(value);
    } else if (flag == "--trace") {
      arguments.trace = value;
    } else if (flag == "--threads") {
      arguments.threads = static_cast<unsigned>(std::stoul(value));
    } else {
      return std::nullopt;
    }
  }
  return arguments;
}

thread_local std::uint64_t running_seed = 0;

/// A core that aborts takes the program with it: say at least which seed it was.
void on_abort(int /*signal*/) {
  char text[96];
  const int length = std::snprintf(text, sizeof text, "aborted; reproduce: sim --one %llu --trace trace.txt\n",
                                   static_cast<unsigned long long>(running_seed));
  if (length > 0) (void)!write(STDERR_FILENO, text, static_cast<std::size_t>(length));
  std::_Exit(3);
}

void print(const Outcome& outcome, const Scenario& scenario) {
  for (const auto& violation : outcome.violations) {
    std::cout << "FAILED " << describe(scenario) << "  at " << seconds(violation.when) << " s, " << violation.rule << ": "
              << violation.text << "\n  reproduce: sim --one " << scenario.seed << " --trace trace.txt\n";
  }
}

struct Distribution {
  std::vector<Duration> values;
  void add(const std::vector<Duration>& more) { values.insert(values.end(), more.begin(), more.end()); }
  void print(const char* name) {
    if (values.empty()) return;
    std::sort(values.begin(), values.end());
    std::cout << "  " << name << ": " << values.size() << " times, median " << short_seconds(values[values.size() / 2])
              << ", 99 % " << short_seconds(values[values.size() * 99 / 100]) << ", worst " << short_seconds(values.back())
              << "\n";
  }
};

int run_many(const Arguments& arguments) {
  std::atomic<std::uint64_t> next = 0;
  std::mutex mutex;
  std::uint64_t failed = 0;
  std::uint64_t done = 0;
  std::uint64_t events = 0;
  std::uint64_t false_verdicts = 0;
  std::uint64_t busiest = 0;
  Duration virtual_time{0};
  Distribution deaths, changes, severe, settling;
  const auto begun = std::chrono::steady_clock::now();
  std::map<std::string, std::uint64_t> rules;
  const auto work = [&] {
    for (auto i = next++; i < arguments.scenarios; i = next++) {
      running_seed = arguments.seed + i;
      const auto scenario = draw(running_seed);
      const auto outcome = run(scenario, nullptr);
      const std::lock_guard lock(mutex);
      ++done;
      if (!outcome.violations.empty()) {
        ++failed;
        ++rules[outcome.violations.front().rule];
        print(outcome, scenario);
      }
      deaths.add(outcome.statistics.deaths);
      changes.add(outcome.statistics.changes);
      severe.add(outcome.statistics.severe);
      settling.add(outcome.statistics.settling);
      false_verdicts += outcome.statistics.false_verdicts;
      busiest = std::max(busiest, outcome.statistics.busiest_second);
      virtual_time += outcome.virtual_time;
      events += outcome.events;
      if (done % 100 == 0) std::cout << "  " << done << " of " << arguments.scenarios << std::endl;
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < arguments.threads; ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  std::cout << "virtual time " << std::chrono::duration_cast<std::chrono::minutes>(virtual_time).count() << " min, "
            << events << " events, " << took << " s\n";
  deaths.print("silence after a single death");
  changes.print("silence after an orderly change");
  severe.print("silence after other faults");
  settling.print("until all was in order");
  std::cout << "  verdicts about live members at more than 5 % loss: " << false_verdicts
            << "; most packets of a node in a second: " << busiest << "\n";
  for (const auto& [rule, count] : rules) std::cout << "  " << rule << " broken: " << count << "\n";
  std::cout << arguments.scenarios << " scenarios, " << failed << " failed" << std::endl;
  return failed == 0 ? 0 : 1;
}

int run_one(const Arguments& arguments) {
  running_seed = *arguments.one;
  const auto scenario = draw(running_seed);
  std::cout << describe(scenario);
  std::ofstream file;
  if (!arguments.trace.empty()) {
    file.open(arguments.trace);
    if (!file) {
      std::cerr << "cannot write " << arguments.trace << "\n";
      return 2;
    }
    file << describe(scenario);
  }
  const auto outcome =
      run(scenario, file.is_open() ? &file : nullptr, arguments.packets ? Trace::Detail::kPackets : Trace::Detail::kEvents);
  print(outcome, scenario);
  std::cout << seconds(outcome.virtual_time) << " s of virtual time, " << outcome.events
            << " events, longest silence seen by the client " << short_seconds(outcome.longest_client_silence) << "\n"
            << (outcome.violations.empty() ? "passed" : "failed") << "\n";
  return outcome.violations.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGABRT, on_abort);
  const auto arguments = parse(argc, argv);
  if (!arguments || (!arguments->one && arguments->scenarios == 0)) {
    std::cerr << kUsage;
    return 2;
  }
  return arguments->one ? run_one(*arguments) : run_many(*arguments);
}
