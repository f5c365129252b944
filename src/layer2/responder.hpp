// One frame in, at most one answer out: the ARP and neighbour discovery responder (layer2 spec 3.3, 3.4), and the
// gratuitous announcements of the same addresses (3.6). It keeps the counters of 3.5 and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "layer2/answer_table.hpp"
#include "layer2/inputs_and_actions.hpp"
#include "layer2/neighbours.hpp"
#include "layer2/pause_watch.hpp"

namespace metallb::layer2 {

class Responder {
 public:
  /// What a frame is judged by.
  struct View {
    const InterfaceState& interface;  ///< where it came in
    const AnswerTable& table;
    const Neighbours& neighbours;
    const PauseWatch& pause;
  };
  /// One of our addresses in somebody else's mouth (RFC 5227, Section 2.4). The MAC may belong to another interface of
  /// this node.
  struct Claim {
    enum class Kind : std::uint8_t {
      kAnnounces,  ///< tells the LAN that the address is its own
      kAnswers,    ///< tells one host so
      kUses,       ///< sends from the address
    };
    IpAddress address;
    MacAddress mac;
    Kind kind = Kind::kUses;
    bool repeats = false;  ///< the second frame of an ARP announcement (layer2 spec 3.6)
  };
  /// One announcement for IPv4: a request and a reply, because hosts differ in which one they believe; or the request only,
  /// which is all that a switch needs. For IPv6 both are one unsolicited advertisement.
  enum class Form : std::uint8_t { kFull, kShort };

  explicit Responder(Log log) : log_(log) {}

  /// Answers `frame`, or counts why not. Our own frames and frames of other protocols are ignored without being counted.
  /// Returns what it claims of our addresses, if it does.
  std::optional<Claim> on_frame(const View& view, ByteView frame, std::vector<Action>& out);

  /// Announces once. IPv6 needs the interface's link-local address. Returns the number of frames, at most 2.
  std::size_t announce(const InterfaceState& interface, const IpAddress& address, Form form, std::vector<Action>& out);

  /// Asks whether somebody else has the address, without claiming anything: RFC 5227, Section 2.1.1, and RFC 4862, Section
  /// 5.4.2.
  static void probe(const InterfaceState& interface, const IpAddress& address, std::vector<Action>& out);

  /// Takes a frame back that was counted as sent and was not.
  void not_sent(const FrameLost& lost);
  /// Counts requests that were answered ahead of it.
  void answered(const IpAddress& address, std::uint64_t requests);

  /// This node began to answer for the address, or ceased to on all interfaces.
  void taken_over(const IpAddress& address);
  void given_up(const IpAddress& address) { unheard_.erase(address); }

  [[nodiscard]] const std::map<IpAddress, AddressCounters>& address_counters() const { return address_counters_; }
  [[nodiscard]] const DropCounters& drops() const { return drops_; }
  [[nodiscard]] const TakeOverCounters& take_overs() const { return take_overs_; }

 private:
  std::optional<Claim> on_arp(const View& view, ByteView frame, std::vector<Action>& out);
  std::optional<Claim> on_ndp(const View& view, ByteView frame, std::vector<Action>& out);
  std::optional<Claim> on_advertisement(const View& view, ByteView frame);
  void count_miss(AnswerTable::Miss miss, const char* operation, const InterfaceState& interface, const IpAddress& address);

  Log log_;
  std::map<IpAddress, AddressCounters> address_counters_;
  DropCounters drops_;
  TakeOverCounters take_overs_;
  std::set<IpAddress> unheard_;  ///< taken over, and not asked for since
};

}  // namespace metallb::layer2
