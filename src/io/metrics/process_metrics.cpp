#include "io/metrics/process_metrics.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "io/files.hpp"

namespace metallb::io {
namespace {

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const auto first = text.find_first_not_of(" \n\t");
    if (first == std::string_view::npos) break;
    text.remove_prefix(first);
    const auto length = std::min(text.find_first_of(" \n\t"), text.size());
    words.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return words;
}

double number(std::string_view word) {
  double value = 0;
  std::from_chars(word.data(), word.data() + word.size(), value);
  return value;
}

/// The fields of /proc/self/stat from the third on (proc(5)); the second, the name, may have blanks in it.
std::vector<std::string_view> stat_fields(const std::string& stat) {
  const auto end_of_name = stat.rfind(')');
  return end_of_name == std::string::npos ? std::vector<std::string_view>{}
                                          : words_of(std::string_view(stat).substr(end_of_name + 1));
}

/// The start of the system in seconds since 1970.
std::optional<double> boot_time() {
  const auto text = read_text_file("/proc/stat").value_or("");
  const auto line = text.find("btime ");
  if (line == std::string::npos) return std::nullopt;
  return number(words_of(std::string_view(text).substr(line + 6)).front());
}

void add(MetricFamilies& out, const char* name, const char* help, double value, bool counter = false) {
  out.push_back(counter ? counter_family(name, help, {{.labels = {}, .value = value}})
                        : gauge_family(name, help, {{.labels = {}, .value = value}}));
}

void add_stat(MetricFamilies& out) {
  const auto stat = read_text_file("/proc/self/stat").value_or("");
  const auto fields = stat_fields(stat);
  constexpr std::size_t kUserTicks = 11;
  constexpr std::size_t kSystemTicks = 12;
  constexpr std::size_t kStartTicks = 19;
  constexpr std::size_t kVirtualBytes = 20;
  constexpr std::size_t kResidentPages = 21;
  if (fields.size() <= kResidentPages) return;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  add(out, "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
      (number(fields[kUserTicks]) + number(fields[kSystemTicks])) / ticks, true);
  add(out, "process_resident_memory_bytes", "Resident memory size in bytes.", number(fields[kResidentPages]) * page);
  add(out, "process_virtual_memory_bytes", "Virtual memory size in bytes.", number(fields[kVirtualBytes]));
  if (const auto boot = boot_time()) {
    add(out, "process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
        *boot + number(fields[kStartTicks]) / ticks);
  }
}

double limit_of(decltype(RLIMIT_NOFILE) resource) {
  rlimit limit{};
  getrlimit(resource, &limit);
  return limit.rlim_cur == RLIM_INFINITY ? 18446744073709551615.0 : static_cast<double>(limit.rlim_cur);
}

void add_descriptors(MetricFamilies& out) {
  std::error_code error;
  double open = 0;
  for (auto entry = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    ++open;
  }
  if (!error && open > 0)
    add(out, "process_open_fds", "Number of open file descriptors.", open - 1);  // one is the listing's own
  add(out, "process_max_fds", "Maximum number of open file descriptors.", limit_of(RLIMIT_NOFILE));
  add(out, "process_virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes.", limit_of(RLIMIT_AS));
}

/// The IpExt lines of /proc/self/net/netstat: names first, then values.
void add_network(MetricFamilies& out) {
  const auto text = read_text_file("/proc/self/net/netstat").value_or("");
  const auto names_at = text.find("IpExt:");
  const auto values_at = text.find("IpExt:", names_at + 1);
  if (names_at == std::string::npos || values_at == std::string::npos) return;
  const auto names = words_of(std::string_view(text).substr(names_at, text.find('\n', names_at) - names_at));
  const auto values = words_of(std::string_view(text).substr(values_at, text.find('\n', values_at) - values_at));
  for (std::size_t i = 0; i < names.size() && i < values.size(); ++i) {
    if (names[i] == "InOctets") {
      add(out, "process_network_receive_bytes_total", "Number of bytes received by the process over the network.",
          number(values[i]), true);
    } else if (names[i] == "OutOctets") {
      add(out, "process_network_transmit_bytes_total", "Number of bytes sent by the process over the network.",
          number(values[i]), true);
    }
  }
}

}  // namespace

MetricFamilies process_metrics() {
  MetricFamilies out;
  add_stat(out);
  add_descriptors(out);
  add_network(out);
  return out;
}

}  // namespace metallb::io
