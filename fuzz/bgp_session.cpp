// The whole BGP core with one peer: the bytes are a sequence of outcomes, messages and steps of time. Whatever comes, a
// connection is closed once and nothing is sent on it afterwards, at most one NOTIFICATION is said on each, what is sent is
// whole messages, and the work of a call ends.
#include <map>
#include <set>
#include <variant>
#include <vector>

#include "base/contract.hpp"
#include "bgp/instance.hpp"
#include "bgp/message_codec.hpp"

namespace {

using namespace metallb;
using namespace metallb::bgp;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr PeerId kPeer{1};

PeerSettings settings(std::uint8_t choice) {
  PeerSettings out;
  out.transport.address = IpAddress::v4(192, 0, 2, 254);
  out.initiative = static_cast<Initiative>(choice % 3);
  out.my_as = out.local_as = Asn(64512);
  out.peer_as = {(choice & 4U) != 0 ? PeerAs::Kind::kExternal : PeerAs::Kind::kInternal, {}};
  out.router_id = RouterId((choice & 64U) != 0 ? 0xFFFFFFFF : 1);
  out.families = {kIpv4Unicast};
  if ((choice & 8U) != 0) out.families.push_back(kIpv6Unicast);
  out.graceful_restart = (choice & 16U) != 0;
  if ((choice & 32U) != 0) out.held = "held";
  if ((choice & 128U) != 0) out.connect_time = seconds(5);
  return out;
}

Open good_open(std::uint8_t choice) {
  Open out;
  out.my_as = (choice & 1U) != 0 ? 64512 : 64513;
  out.hold_time = (choice & 2U) != 0 ? 9 : 0;
  out.identifier = RouterId(77);
  auto& capabilities = out.capabilities;
  capabilities.families = {kIpv4Unicast};
  if ((choice & 4U) != 0) capabilities.families.push_back(kIpv6Unicast);
  capabilities.route_refresh = (choice & 8U) != 0;
  capabilities.enhanced_route_refresh = (choice & 16U) != 0;
  capabilities.extended_message = (choice & 32U) != 0;
  if ((choice & 64U) != 0) capabilities.graceful_restart = GracefulRestart{false, true, 120, {}};
  if ((choice & 128U) != 0) capabilities.four_octet_as = Asn(out.my_as);
  return out;
}

class World {
 public:
  explicit World(ByteView data) : in_(data) {}

  void run() {
    input(SetPeer{kPeer, settings(in_.u8())});
    while (in_.remaining() > 0) step(in_.u8());
    input(Stop{});
    METALLB_CONTRACT(core_.next_deadline() == kIdle, "after the stop nothing is left to do");
  }

 private:
  void step(std::uint8_t kind) {
    const auto argument = in_.u8();
    switch (kind % 16) {
      case 0:
        return input(Connected{pick(argument), addresses()});
      case 1:
        return input(DialFailed{pick(argument), "refused"});
      case 2:
        return end(pick(argument));
      case 3:
        return accept();
      case 4:
        return say(argument, encode(good_open(in_.u8())));
      case 5:
        return say(argument, encode(Keepalive{}));
      case 6:
        return say(argument, encode(RouteRefresh{kIpv4Unicast, static_cast<RouteRefresh::Kind>(in_.u8() % 4)}));
      case 7:
        return say_message(argument);
      case 8: {
        const auto size = std::min<std::size_t>(in_.u8(), in_.remaining());
        return say(argument, in_.take(size));
      }
      case 9:
        return input(SetPeer{kPeer, settings(argument)});
      case 10:
        return input(PeerLiveness{kPeer, (argument & 1U) != 0});
      case 11:
        return input(ConnectPeer{kPeer});
      case 12:
        if ((argument & 1U) != 0) return input(ServicesKnown{});
        return input(BytesTaken{pick(argument), std::size_t{argument} * 64});
      case 13:
        return publish(argument);
      case 14:
        now_.steady += milliseconds(argument) * 10;
        return pump();
      default:
        now_.steady += seconds(argument);
        return pump();
    }
  }

  static LocalAddresses addresses() {
    LocalAddresses out;
    out.session = IpAddress::v4(192, 0, 2, 1);
    return out;
  }
  /// One of those that the core knows; an unknown one if there are none.
  ConnectionId pick(std::uint8_t choice) {
    if (open_.empty()) return ConnectionId(999);
    auto found = open_.begin();
    std::advance(found, choice % open_.size());
    return *found;
  }
  void accept() {
    const ConnectionId id(kAcceptedConnection + ++accepted_);
    open_.insert(id);
    input(Accepted{id, IpAddress::v4(192, 0, 2, 254), "", "", addresses()});
  }
  void end(ConnectionId id) {
    open_.erase(id);
    input(Disconnected{id, ""});
  }
  void say(std::uint8_t choice, ByteView bytes) { input(Received{pick(choice), bytes}); }
  /// A whole message with any body.
  void say_message(std::uint8_t choice) {
    Bytes message;
    begin_message(static_cast<MessageType>(1 + in_.u8() % 5), message);
    const auto size = std::min<std::size_t>(in_.u8(), in_.remaining());
    ByteWriter(message).bytes(in_.take(size));
    end_message(0, message);
    say(choice, message);
  }
  void publish(std::uint8_t argument) {
    std::vector<Offer> offers;
    if ((argument & 1U) != 0) offers.push_back({{argument, {}, {}}, {}});
    const auto address =
        (argument & 2U) != 0 ? IpAddress::v4(10, 0, 0, argument) : IpAddress::from_number(IpFamily::kIpv6, argument);
    input(Publish{{{IpPrefix(address, address_bits(address.family())), offers}}, (argument & 4U) != 0});
  }

  void input(const Input& in) {
    Output out;
    core_.on_input(now_, in, out);
    check(out);
    pump();
  }
  void pump() {
    for (int calls = 0; core_.next_deadline() <= now_.steady; ++calls) {
      METALLB_CONTRACT(calls < 1000, "work that is due ends");
      Output out;
      core_.on_time(now_, out);
      check(out);
    }
  }
  void check(const Output& out) {
    for (const auto& action : out) {
      if (const auto* dial = std::get_if<Dial>(&action)) open_.insert(dial->connection);
      if (const auto* close = std::get_if<Close>(&action)) {
        METALLB_CONTRACT(closed_.insert(close->connection).second, "a connection is closed once");
        open_.erase(close->connection);
      }
      if (const auto* send = std::get_if<Send>(&action)) check(*send);
    }
  }
  void check(const Send& send) {
    METALLB_CONTRACT(!closed_.contains(send.connection), "nothing is sent after the close");
    const DecodeContext context{.extended_message = true};
    for (ByteView left = send.bytes; !left.empty();) {
      METALLB_CONTRACT(left.size() >= kHeaderSize, "whole messages are sent");
      const auto header = read_header(left, context);
      METALLB_CONTRACT(header.has_value() && header->length <= left.size(), "what is sent can be read");
      METALLB_CONTRACT(!notified_.contains(send.connection), "a NOTIFICATION is the last message");
      if (header->type == MessageType::kNotification) notified_.insert(send.connection);
      left = left.subspan(header->length);
    }
  }

  ByteReader in_;
  Now now_{SteadyPoint(std::chrono::hours(1)), {}};
  Instance core_{1};
  std::set<ConnectionId> open_;
  std::set<ConnectionId> closed_;
  std::set<ConnectionId> notified_;
  std::uint64_t accepted_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  World({data, size}).run();
  return 0;
}
