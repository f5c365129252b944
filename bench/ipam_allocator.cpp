// What the allocator costs with 10 to 1,000,000 addresses in use, in a /8 and in an IPv6 /64, where the addresses in use are
// consecutive and where every second one is free again: finding the next address, the way of a new Service (find, assign,
// settle, release), and asking for one address. None may depend on the size of the pool, nor
// more than by a logarithm and the caches' size on the addresses in use.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "ipam/allocator.hpp"

namespace {

using namespace metallb;
using namespace metallb::ipam;

const ServiceKey kNew{"default", "new"};

struct Shape {
  const char* prefix;
  IpFamily family;
  bool scattered;  ///< every second address is free
};
constexpr Shape kDense4{"10.0.0.0/8", IpFamily::kIpv4, false};
constexpr Shape kDense6{"2001:db8::/64", IpFamily::kIpv6, false};
constexpr Shape kScattered4{"10.0.0.0/8", IpFamily::kIpv4, true};
constexpr Shape kScattered6{"2001:db8::/64", IpFamily::kIpv6, true};

IpAddress nth(const Shape& shape, std::size_t n) {
  const auto first = IpPrefix::parse(shape.prefix)->first();
  return IpAddress::from_number(shape.family, first.number() + n);
}

/// `count` Services with an address each. The last one is kept for the rounds of one benchmark, which leave it as it was.
Allocator& filled(const Shape& shape, std::size_t count) {
  static Allocator last;
  static const Shape* last_shape = nullptr;
  static std::size_t last_count = 0;
  if (&shape == last_shape && count == last_count) return last;
  last = {};
  last.set_pools({{"p", {*IpPrefix::parse(shape.prefix)}, false}});
  for (std::size_t i = 0; i < count; ++i) {
    const ServiceKey key{"default", "service-" + std::to_string(i)};
    if (!last.assign(key, {nth(shape, shape.scattered ? 2 * i : i)}, {})) std::abort();
  }
  (void)last.take_touched();
  last_shape = &shape;
  last_count = count;
  return last;
}

void first_available(benchmark::State& state, const Shape& shape) {
  const auto& allocator = filled(shape, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(allocator.first_available("p", shape.family, kNew, {}));
}

/// A Service comes, is served, and goes.
void come_and_go(benchmark::State& state, const Shape& shape) {
  auto& allocator = filled(shape, static_cast<std::size_t>(state.range(0)));
  const Claim claim{"", "", {Port{"TCP", 80}}};
  for (auto _ : state) {
    const auto address = allocator.first_available("p", shape.family, kNew, claim);
    if (!address || !allocator.assign(kNew, {*address}, claim)) state.SkipWithError("not served");
    allocator.settle(kNew);
    allocator.release(kNew);
    benchmark::DoNotOptimize(allocator.take_touched());
  }
}

/// A Service asks for an address in the middle of those in use, is refused, and takes the one that it may have.
void ask_for_one(benchmark::State& state, const Shape& shape) {
  const auto count = static_cast<std::size_t>(state.range(0));
  auto& allocator = filled(shape, count);
  const auto taken = nth(shape, shape.scattered ? count / 2 * 2 : count / 2);
  const auto free = nth(shape, 2 * count + 1);
  for (auto _ : state) {
    if (allocator.assign(kNew, {taken}, {})) state.SkipWithError("given twice");
    if (!allocator.assign(kNew, {free}, {})) state.SkipWithError("not served");
    allocator.release(kNew);
    benchmark::DoNotOptimize(allocator.take_touched());
  }
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Arg(10)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);
}
BENCHMARK_CAPTURE(first_available, ipv4_slash8, kDense4)->Apply(sizes);
BENCHMARK_CAPTURE(first_available, ipv6_slash64, kDense6)->Apply(sizes);
BENCHMARK_CAPTURE(first_available, ipv4_slash8_scattered, kScattered4)->Apply(sizes);
BENCHMARK_CAPTURE(come_and_go, ipv4_slash8, kDense4)->Apply(sizes);
BENCHMARK_CAPTURE(come_and_go, ipv6_slash64, kDense6)->Apply(sizes);
BENCHMARK_CAPTURE(come_and_go, ipv4_slash8_scattered, kScattered4)->Apply(sizes);
BENCHMARK_CAPTURE(come_and_go, ipv6_slash64_scattered, kScattered6)->Apply(sizes);
BENCHMARK_CAPTURE(ask_for_one, ipv4_slash8, kDense4)->Apply(sizes);
BENCHMARK_CAPTURE(ask_for_one, ipv6_slash64_scattered, kScattered6)->Apply(sizes);

}  // namespace
