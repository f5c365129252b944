#include "ipam/pool.hpp"

#include <algorithm>
#include <limits>

#include "base/contract.hpp"

namespace metallb::ipam {
namespace {

constexpr auto kSaturated = std::numeric_limits<std::int64_t>::max();

std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
  return a > kSaturated - b ? kSaturated : a + b;
}

bool is_buggy(Uint128 number) {
  const auto last_octet = static_cast<unsigned>(number & 0xFF);
  return last_octet == 0 || last_octet == 255;
}

}  // namespace

std::int64_t Counts::total() const {
  return saturating_add(v4, v6);
}

std::int64_t capacity(const IpPrefix& prefix, bool avoid_buggy_ips) {
  const int host_bits = address_bits(prefix.family()) - prefix.length();
  if (host_bits >= 62) return kSaturated;
  const auto all = std::int64_t{1} << host_bits;
  if (!avoid_buggy_ips || prefix.family() == IpFamily::kIpv6) return all;
  if (host_bits >= 8) return all - 2 * (std::int64_t{1} << (host_bits - 8));
  // A single address is first and last at once, and must not be subtracted twice (controller spec 8.1).
  if (host_bits == 0) return is_buggy(prefix.first().number()) ? 0 : 1;
  return all - (is_buggy(prefix.first().number()) ? 1 : 0) - (is_buggy(prefix.last().number()) ? 1 : 0);
}

Pool::Pool(PoolSpec spec) : spec_(std::move(spec)) {
  for (const auto& prefix : spec_.prefixes) {
    auto& count = prefix.family() == IpFamily::kIpv4 ? capacity_.v4 : capacity_.v6;
    count = saturating_add(count, ipam::capacity(prefix, spec_.avoid_buggy_ips));
    const auto first = prefix.first().number();
    // The blocks of one range follow each other: one span serves them all.
    if (!spans_.empty() && spans_.back().family == prefix.family() && first != 0 && spans_.back().last == first - 1) {
      spans_.back().last = prefix.last().number();
      continue;
    }
    spans_.push_back({prefix.family(), first, prefix.last().number(), {}});
  }
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    by_first_.emplace(IpAddress::from_number(spans_[i].family, spans_[i].first), i);
    update_open(i);
  }
}

bool Pool::excluded(IpFamily family, Number number) const {
  return spec_.avoid_buggy_ips && family == IpFamily::kIpv4 && is_buggy(number);
}

std::optional<std::size_t> Pool::find(const IpAddress& address) const {
  if (excluded(address.family(), address.number())) return std::nullopt;
  auto at = by_first_.upper_bound(address);
  if (at == by_first_.begin()) return std::nullopt;
  const auto& span = spans_[std::prev(at)->second];
  if (span.family != address.family() || address.number() > span.last) return std::nullopt;
  return std::prev(at)->second;
}

std::vector<IpRange> Pool::ranges() const {
  std::vector<IpRange> out;
  for (const auto& span : spans_) {
    out.push_back({IpAddress::from_number(span.family, span.first), IpAddress::from_number(span.family, span.last)});
  }
  return out;
}

std::optional<Pool::Number> Pool::first_free(const Span& span) const {
  // Taken intervals swallow the excluded addresses beside them, so this ends after a few steps.
  auto at = span.first;
  for (;;) {
    if (excluded(span.family, at)) {
      if (at == span.last) return std::nullopt;
      ++at;
      continue;
    }
    const auto after = span.taken.upper_bound(at);
    if (after == span.taken.begin()) return at;
    const auto interval = std::prev(after);
    if (interval->second < at) return at;
    if (interval->second == span.last) return std::nullopt;
    at = interval->second + 1;
  }
}

void Pool::update_open(std::size_t span) {
  auto& open = open_[index(spans_[span].family)];
  if (first_free(spans_[span])) {
    open.insert(span);
  } else {
    open.erase(span);
  }
}

std::optional<IpAddress> Pool::first_free(IpFamily family) const {
  const auto& open = open_[index(family)];
  if (open.empty()) return std::nullopt;
  return IpAddress::from_number(family, *first_free(spans_[*open.begin()]));
}

bool Pool::before(const IpAddress& a, const IpAddress& b) const {
  const auto span_a = find(a);
  const auto span_b = find(b);
  METALLB_CONTRACT(span_a && span_b, "only addresses of the pool have an order in it");
  return *span_a != *span_b ? *span_a < *span_b : a < b;
}

void Pool::take(const IpAddress& address) {
  const auto at = find(address);
  METALLB_CONTRACT(at, "only addresses of the pool can be taken");
  auto& span = spans_[*at];
  auto first = address.number();
  auto last = first;
  while (first > span.first && excluded(span.family, first - 1)) --first;
  while (last < span.last && excluded(span.family, last + 1)) ++last;
  // Join with the intervals that overlap (by excluded addresses both swallowed) or touch.
  auto next = span.taken.upper_bound(last);
  if (next != span.taken.end() && last != span.last && next->first == last + 1) {
    last = next->second;
    next = span.taken.erase(next);
  }
  while (next != span.taken.begin()) {
    const auto before = std::prev(next);
    if (first != 0 && before->second < first - 1) break;
    METALLB_CONTRACT(before->first > address.number() || before->second < address.number(), "the address is taken already");
    first = std::min(first, before->first);
    last = std::max(last, before->second);
    next = span.taken.erase(before);
  }
  span.taken.emplace(first, last);
  ++(span.family == IpFamily::kIpv4 ? in_use_.v4 : in_use_.v6);
  update_open(*at);
}

void Pool::give_back(const IpAddress& address) {
  const auto at = find(address);
  METALLB_CONTRACT(at, "only addresses of the pool can be given back");
  auto& span = spans_[*at];
  const auto number = address.number();
  const auto after = span.taken.upper_bound(number);
  METALLB_CONTRACT(after != span.taken.begin() && std::prev(after)->second >= number, "only taken addresses are given back");
  const auto interval = std::prev(after);
  const auto [first, last] = *interval;
  span.taken.erase(interval);
  if (first < number) span.taken.emplace(first, number - 1);
  if (number < last) span.taken.emplace(number + 1, last);
  --(span.family == IpFamily::kIpv4 ? in_use_.v4 : in_use_.v6);
  update_open(*at);
}

}  // namespace metallb::ipam
