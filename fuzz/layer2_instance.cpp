// The whole layer 2 core: the bytes are a sequence of commands, interface changes, frames and steps of time. Whatever comes,
// groups are joined and left in pairs, frames to send are whole, and the work of a call is bounded.
#include <algorithm>
#include <chrono>
#include <set>
#include <utility>
#include <vector>

#include "base/contract.hpp"
#include "layer2/instance.hpp"

namespace {

using namespace metallb;
using namespace metallb::layer2;

IpAddress pick_address(std::uint8_t choice) {
  if (choice < 128) return IpAddress::v4(0xC0A801F0U + choice % 8);
  return IpAddress::from_number(IpFamily::kIpv6,
                                (static_cast<Uint128>(0x20010DB8U + choice % 2) << 96) | (0x240U + choice % 4));
}

InterfaceSet pick_set(std::uint8_t choice) {
  InterfaceSet set;
  set.all = (choice & 1U) != 0;
  if ((choice & 2U) != 0) set.names.insert("eth0");
  if ((choice & 4U) != 0) set.names.insert("eth1");
  return set;
}

class Session {
 public:
  explicit Session(ByteView data) : in_(data) {}

  void run() {
    while (in_.remaining() > 0) {
      step(in_.u8());
      check();
    }
  }

 private:
  void step(std::uint8_t kind) {
    const ServiceKey service{"default", (kind & 0x80U) != 0 ? "foo" : "bar"};
    switch (kind % 8) {
      case 0:
        return input(Command(Announce{service, pick_address(in_.u8()), pick_set(in_.u8())}));
      case 1:
        if ((kind & 0x40U) != 0) return input(Command(Reannounce{pick_address(in_.u8())}));
        return input(Command(Withdraw{service, pick_address(in_.u8())}));
      case 2: {
        const auto choice = in_.u8();
        InterfaceState state{InterfaceIndex(choice % 3),
                             (choice & 4U) != 0 ? "eth0" : "eth1",
                             MacAddress({2, 0, 0, 0, 0, static_cast<std::uint8_t>(choice >> 6)}),
                             (choice & 8U) != 0,
                             {}};
        state.running = (choice & 32U) == 0;
        if ((choice & 16U) != 0)
          state.link_local = IpAddress::from_number(IpFamily::kIpv6, static_cast<Uint128>(0xFE80) << 112 | choice);
        return input(state);
      }
      case 3:
        return input(InterfaceGone{InterfaceIndex(in_.u8() % 3)});
      case 4: {
        const auto interface = InterfaceIndex(in_.u8() % 3);
        const auto size = in_.u8();
        return input(FrameReceived{interface, in_.take(std::min<std::size_t>(size, in_.remaining()))});
      }
      case 5: {
        const auto choice = in_.u8();
        return input(SendersReady{InterfaceIndex(choice % 3), (choice & 4U) != 0 ? IpFamily::kIpv4 : IpFamily::kIpv6});
      }
      case 6: {
        const auto choice = in_.u8();
        if ((kind & 0x40U) != 0) return learn(choice);
        return lose({pick_address(choice), static_cast<Purpose>(choice % 3)});
      }
      default:
        if ((kind & 0x40U) != 0) return run(std::chrono::milliseconds(in_.u8() * 10));
        now_ += std::chrono::milliseconds(in_.u8() * 10);
        return core_.on_time({now_, {}}, out_);
    }
  }

  /// Only a frame that was to be sent can be lost.
  void lose(const FrameLost& lost) {
    const auto sent = sent_.find({lost.address, lost.purpose});
    if (sent == sent_.end()) return;
    sent_.erase(sent);
    input(lost);
  }

  /// One or two members, whose MACs the frames may bear.
  void learn(std::uint8_t choice) {
    NeighboursKnown known;
    known.nodes[MacAddress({2, 0, 0, 0, 0, static_cast<std::uint8_t>(choice & 0x0FU)})] = "a";
    if ((choice & 0x10U) != 0) known.nodes[MacAddress({2, 0, 0, 0, 0, 0x99})] = "b";
    input(known);
  }

  /// As a driver does: the core is called whenever it wants to be.
  void run(Duration duration) {
    const auto end = now_ + duration;
    for (int calls = 0; core_.next_deadline() <= end && calls < 1000; ++calls) {
      now_ = std::max(now_, core_.next_deadline());
      core_.on_time({now_, {}}, out_);
      check();
    }
    now_ = end;
  }

  void input(const Input& in) { core_.on_input({now_, {}}, in, out_); }

  void check() {
    std::size_t frames = 0;
    for (const auto& action : out_) {
      if (const auto* send = std::get_if<SendFrame>(&action)) {
        METALLB_CONTRACT(send->frame.size() >= 60, "frames are padded to the minimum");
        sent_.emplace(send->address, send->purpose);
        ++frames;
      } else if (const auto* join = std::get_if<JoinGroup>(&action)) {
        METALLB_CONTRACT(groups_.emplace(join->interface, join->group).second, "a group is joined once");
      } else if (const auto* leave = std::get_if<LeaveGroup>(&action)) {
        METALLB_CONTRACT(groups_.erase({leave->interface, leave->group}) == 1, "only joined groups are left");
      } else if (const auto* seen = std::get_if<ConflictSeen>(&action)) {
        METALLB_CONTRACT(core_.table().find(seen->interface, seen->address).has_value(), "only ours are contested");
        METALLB_CONTRACT(seen->mac.is_station(), "a claim is a station's");
      }
    }
    METALLB_CONTRACT(frames <= kFramesPerSlice, "a call sends a bounded number of frames");
    out_.clear();
  }

  ByteReader in_;
  Instance core_;
  SteadyPoint now_{std::chrono::hours(1)};
  std::vector<Action> out_;
  std::set<std::pair<InterfaceIndex, IpAddress>> groups_;
  std::multiset<std::pair<IpAddress, Purpose>> sent_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Session({data, size}).run();
  return 0;
}
