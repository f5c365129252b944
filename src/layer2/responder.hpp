// One frame in, at most one answer out: the ARP and neighbour discovery responder (layer2 spec 3.3, 3.4), and the
// gratuitous announcements of the same addresses (3.6). It keeps the counters of 3.5 and nothing else.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "layer2/answer_table.hpp"
#include "layer2/inputs_and_actions.hpp"

namespace metallb::layer2 {

class Responder {
 public:
  struct Claim {
    IpAddress address;
    MacAddress mac;
  };

  explicit Responder(Log log) : log_(log) {}

  /// Answers `frame`, which came in on `interface`, out of `table`, or counts why not. Our own frames and frames of
  /// other protocols are ignored without being counted. Returns the sender of an announcement that claims one of the
  /// addresses for itself: it may be a former owner, or a stranger.
  std::optional<Claim> on_frame(const InterfaceState& interface, const AnswerTable& table, ByteView frame,
                                std::vector<Action>& out);

  /// One round: for IPv4 a gratuitous request and a reply, because hosts differ in which one they believe; for IPv6 an
  /// unsolicited advertisement, which needs the interface's link-local address. Returns the number of frames.
  std::size_t announce(const InterfaceState& interface, const IpAddress& address, std::vector<Action>& out);

  /// Takes a frame back that was counted as sent and was not.
  void not_sent(const FrameLost& lost);

  [[nodiscard]] const std::map<IpAddress, AddressCounters>& address_counters() const { return address_counters_; }
  [[nodiscard]] const DropCounters& drops() const { return drops_; }

 private:
  std::optional<Claim> on_arp(const InterfaceState& interface, const AnswerTable& table, ByteView frame,
                              std::vector<Action>& out);
  void on_ndp(const InterfaceState& interface, const AnswerTable& table, ByteView frame, std::vector<Action>& out);
  void count_miss(AnswerTable::Miss miss, const char* operation, const InterfaceState& interface, const IpAddress& address);

  Log log_;
  std::map<IpAddress, AddressCounters> address_counters_;
  DropCounters drops_;
};

}  // namespace metallb::layer2
