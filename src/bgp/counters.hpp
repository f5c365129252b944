// What a session counts, for metrics, status and tests. Totals since the peer was configured: they outlive sessions.
#pragma once

#include <array>
#include <cstdint>

namespace metallb::bgp {

struct Counters {
  struct Messages {
    std::uint64_t opens = 0;
    std::uint64_t updates = 0;
    std::uint64_t notifications = 0;
    std::uint64_t keepalives = 0;
    std::uint64_t route_refreshes = 0;
    [[nodiscard]] std::uint64_t total() const { return opens + updates + notifications + keepalives + route_refreshes; }
  };
  Messages sent;
  Messages received;  ///< that could be told by their header
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t prefixes_announced = 0;  ///< received and dropped: there is no import
  std::uint64_t prefixes_withdrawn = 0;
  std::array<std::uint64_t, 3> faulty_updates{};  ///< received, by the Treatment that RFC 7606 has for the worst of each
  std::uint64_t unwritable = 0;                   ///< times a route was passed over, its attributes being too long
  std::uint64_t dials = 0;
  std::uint64_t dials_failed = 0;
  std::uint64_t refused = 0;      ///< incoming connections
  std::uint64_t collisions = 0;   ///< connections closed for a better one
  std::uint64_t established = 0;  ///< times
  std::uint64_t drops = 0;        ///< established sessions that ended, for whatever reason
  std::uint64_t send_hold_expired = 0;
};

}  // namespace metallb::bgp
