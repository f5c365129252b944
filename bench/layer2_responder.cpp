// What the layer 2 core costs: from a request's frame to the reply's, for 1 to 10,000 addresses; and building the capture
// filter. Budget: a reply in the core within 2 microseconds, of the 50-80 that half of the original's ARP reply leaves.
#include <benchmark/benchmark.h>

#include <chrono>
#include <vector>

#include "layer2/arp_packet.hpp"
#include "layer2/capture_filter.hpp"
#include "layer2/instance.hpp"

namespace {

using namespace metallb;
using namespace metallb::layer2;

constexpr MacAddress kOurMac({2, 0, 0, 0, 0, 1});
constexpr MacAddress kClientMac({2, 0, 0, 0, 0, 0x99});
constexpr std::uint32_t kFirst = 0x0A000000;
const Now kNow{SteadyPoint(std::chrono::hours(1)), {}};

Instance announcing(std::size_t addresses) {
  Instance core;
  std::vector<Action> out;
  core.on_input(kNow, InterfaceState{InterfaceIndex(2), "eth0", kOurMac, true, std::nullopt}, out);
  for (std::size_t i = 0; i < addresses; ++i) {
    const ServiceKey service{"default", "service-" + std::to_string(i)};
    const auto address = IpAddress::v4(kFirst + static_cast<std::uint32_t>(i));
    core.on_input(kNow, Command(Announce{service, address, {.all = true, .names = {}}}), out);
    out.clear();
  }
  return core;
}

Bytes request_for(std::uint32_t target) {
  ArpPacket packet;
  packet.ethernet_destination = MacAddress::broadcast();
  packet.ethernet_source = kClientMac;
  packet.sender_mac = kClientMac;
  packet.sender_ip = IpAddress::v4(192, 168, 1, 35);
  packet.target_ip = IpAddress::v4(target);
  return encode_arp(packet);
}

void arp_reply(benchmark::State& state) {
  const auto count = static_cast<std::uint32_t>(state.range(0));
  auto core = announcing(count);
  std::vector<Bytes> requests;
  for (std::uint32_t i = 0; i < 256; ++i) requests.push_back(request_for(kFirst + i * 7919 % count));
  std::vector<Action> out;
  std::size_t next = 0;
  for (auto _ : state) {
    core.on_input(kNow, FrameReceived{InterfaceIndex(2), requests[next++ % requests.size()]}, out);
    benchmark::DoNotOptimize(out.data());
    if (out.size() != 1) state.SkipWithError("not answered");
    out.clear();
  }
}
BENCHMARK(arp_reply)->Arg(1)->Arg(1000)->Arg(10000);

void foreign_request(benchmark::State& state) {
  auto core = announcing(1000);
  const auto request = request_for(0xC0A80001);
  std::vector<Action> out;
  for (auto _ : state) {
    core.on_input(kNow, FrameReceived{InterfaceIndex(2), request}, out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(foreign_request);

void announce_addresses(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(announcing(static_cast<std::size_t>(state.range(0))));
}
BENCHMARK(announce_addresses)->Arg(1000)->Arg(10000)->Unit(benchmark::kMillisecond);

void build_filter(benchmark::State& state) {
  std::vector<IpAddress> addresses;
  // Every second address: the worst case, as nothing can be merged for free.
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(state.range(0)); ++i)
    addresses.push_back(IpAddress::v4(kFirst + 2 * i));
  std::size_t size = 0;
  for (auto _ : state) size = arp_capture_filter(addresses).size();
  state.counters["instructions"] = static_cast<double>(size);
}
BENCHMARK(build_filter)->Arg(1)->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);

}  // namespace
