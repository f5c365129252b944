#include "io/bgp/md5_counters.hpp"

#include <charconv>
#include <map>

#include "io/files.hpp"

namespace metallb::io {
namespace {

constexpr std::string_view kGroup = "TcpExt:";

std::string_view next_word(std::string_view& line) {
  const auto begin = line.find_first_not_of(' ');
  if (begin == std::string_view::npos) return line = {};
  line.remove_prefix(begin);
  const auto word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

std::string_view next_line(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

std::string count_of(std::uint64_t segments) {
  return std::to_string(segments) + (segments == 1 ? " segment" : " segments");
}

}  // namespace

/// Two lines for each group of counters: the names, then the numbers in the same order.
std::optional<Md5Counters> parse_md5_counters(std::string_view netstat) {
  while (!netstat.empty()) {
    auto names = next_line(netstat);
    auto numbers = next_line(netstat);
    if (!names.starts_with(kGroup) || !numbers.starts_with(kGroup)) continue;
    std::map<std::string_view, std::uint64_t> counters;
    for (auto name = next_word(names); !name.empty(); name = next_word(names)) {
      const auto digits = next_word(numbers);
      std::uint64_t number = 0;
      if (std::from_chars(digits.data(), digits.data() + digits.size(), number).ec == std::errc()) counters[name] = number;
    }
    if (!counters.contains("TCPMD5NotFound")) return std::nullopt;
    return Md5Counters{counters["TCPMD5NotFound"], counters["TCPMD5Unexpected"], counters["TCPMD5Failure"]};
  }
  return std::nullopt;
}

std::optional<Md5Counters> read_md5_counters() {
  const auto text = read_text_file("/proc/thread-self/net/netstat");
  return text ? parse_md5_counters(*text) : std::nullopt;
}

std::string md5_hint(const Md5Counters& before, const Md5Counters& after, bool password_set) {
  if (!password_set) {
    if (after.unexpected == before.unexpected) return {};
    return count_of(after.unexpected - before.unexpected) +
           " with an MD5 signature came meanwhile: the peer has a password set, and here is none";
  }
  if (after.failure != before.failure) {
    return count_of(after.failure - before.failure) + " signed with another password came meanwhile";
  }
  if (after.not_found != before.not_found) {
    // The RST of a port where nobody listens is not signed either. (Linux sends none in answer to a signed SYN.)
    return count_of(after.not_found - before.not_found) +
           " without an MD5 signature came meanwhile: the peer has no password set, or does not listen";
  }
  // A peer that has another password, or none, or does not listen, is as silent.
  return "check that the peer listens and has the same password";
}

}  // namespace metallb::io
