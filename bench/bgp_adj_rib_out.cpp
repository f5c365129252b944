// 10,000 prefixes to 32 peers, as UPDATEs in memory: what the engine itself costs without sockets.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "bgp/adj_rib_out.hpp"

namespace {

using namespace metallb;
using namespace metallb::bgp;

constexpr std::uint32_t kPrefixes = 10000;
constexpr std::uint32_t kPeers = 32;

SessionTerms terms() {
  SessionTerms out;
  out.families = {kIpv4Unicast};
  out.next_hops.ipv4 = IpAddress::v4(192, 0, 2, 1).bytes();
  out.local_as = Asn(64512);
  return out;
}

void fill(RouteTable& table) {
  for (std::uint32_t i = 0; i < kPrefixes; ++i) {
    benchmark::DoNotOptimize(table.set({IpPrefix(IpAddress::v4(0x0A000000U + i), 32), {Offer{}}}));
  }
}

void first_dump(benchmark::State& state) {
  RouteTable table;
  fill(table);
  std::vector<std::unique_ptr<AdjRibOut>> ribs;
  for (std::uint32_t i = 0; i < kPeers; ++i) ribs.push_back(std::make_unique<AdjRibOut>(table, PeerId(i)));
  std::size_t bytes = 0;
  Bytes out;
  for (auto _ : state) {
    for (auto& rib : ribs) {
      rib->begin(terms());
      while (rib->has_work()) {
        out.clear();
        rib->write(16384, out);
        bytes += out.size();
      }
    }
  }
  const auto dumps = static_cast<double>(state.iterations()) * kPeers;
  state.counters["bytes_per_peer"] = static_cast<double>(bytes) / dumps;
  state.counters["updates_per_peer"] =
      static_cast<double>(ribs[0]->counters().updates) / static_cast<double>(state.iterations());
}
BENCHMARK(first_dump)->Unit(benchmark::kMillisecond);

void publish(benchmark::State& state) {
  for (auto _ : state) {
    RouteTable table;
    fill(table);
    benchmark::DoNotOptimize(table.size());
  }
}
BENCHMARK(publish)->Unit(benchmark::kMillisecond);

}  // namespace
