// 10,000 prefixes to 32 established peers whose sockets take everything: what the engine itself costs, without a kernel.
// Budget: no more CPU than BIRD 2 needs for the same (80 ms), 13 UPDATEs per peer, 4 MiB.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <memory>
#include <variant>

#include "bgp/instance.hpp"
#include "bgp/message_codec.hpp"

namespace {

using namespace metallb;
using namespace metallb::bgp;

constexpr std::uint32_t kPrefixes = 10000;
constexpr std::uint32_t kPeers = 32;

PeerSettings settings(std::uint32_t peer) {
  PeerSettings out;
  out.transport.address = IpAddress::v4(0xC0000210U + peer);
  out.my_as = out.local_as = Asn(64512);
  out.peer_as.number = Asn(64513);
  out.router_id = RouterId(1);
  out.families = {kIpv4Unicast};
  return out;
}

Bytes peer_open() {
  Open out;
  out.my_as = 64513;
  out.hold_time = 90;
  out.identifier = RouterId(77);
  out.capabilities.families = {kIpv4Unicast};
  out.capabilities.four_octet_as = Asn(64513);
  return encode(out);
}

class Speaking {
 public:
  Speaking() {
    input(ServicesKnown{});
    for (std::uint32_t i = 0; i < kPeers; ++i) input(SetPeer{PeerId(i), settings(i)});
  }
  void publish(bool wanted) {
    // In slices, as a publisher does it.
    for (std::uint32_t first = 0; first < kPrefixes; first += 1000) {
      Publish publish{{}, first + 1000 < kPrefixes};
      for (std::uint32_t i = first; i < first + 1000; ++i) {
        publish.changes.push_back(
            {IpPrefix(IpAddress::v4(0x0A000000U + i), 32), wanted ? std::vector{Offer{}} : std::vector<Offer>()});
      }
      input(publish);
    }
  }
  [[nodiscard]] const Instance& core() const { return core_; }

 private:
  void input(const Input& in) {
    Output out;
    core_.on_input(now_, in, out);
    act(out);
    while (core_.next_deadline() <= now_.steady) {
      out.clear();
      core_.on_time(now_, out);
      act(out);
    }
  }
  void act(const Output& out) {
    for (const auto& action : out) {
      Output more;
      if (const auto* send = std::get_if<Send>(&action)) {
        core_.on_input(now_, BytesTaken{send->connection, send->bytes.size()}, more);
      } else if (const auto* dial = std::get_if<Dial>(&action)) {
        LocalAddresses addresses;
        addresses.session = IpAddress::v4(192, 0, 2, 1);
        core_.on_input(now_, Connected{dial->connection, addresses}, more);
        core_.on_input(now_, Received{dial->connection, peer_open()}, more);
        core_.on_input(now_, Received{dial->connection, encode(Keepalive{})}, more);
      }
      if (!more.empty()) act(more);
    }
  }

  Now now_{SteadyPoint(std::chrono::hours(1)), {}};
  Instance core_{1};
};

double heap() {
  const auto info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

void tell_and_withdraw(benchmark::State& state) {
  const auto before = heap();
  Speaking speaking;
  double held = 0;
  for (auto _ : state) {
    speaking.publish(true);
    state.PauseTiming();
    held = heap() - before;
    state.ResumeTiming();
    speaking.publish(false);
  }
  const auto& counters = speaking.core().session(PeerId(0))->counters();
  const auto rounds = 2.0 * static_cast<double>(state.iterations());
  state.counters["updates_per_peer"] = static_cast<double>(counters.sent.updates) / rounds;
  state.counters["bytes_per_peer"] = static_cast<double>(counters.bytes_sent) / rounds;
  state.counters["heap_KiB"] = held / 1024;
}
BENCHMARK(tell_and_withdraw)->Unit(benchmark::kMillisecond);

}  // namespace
