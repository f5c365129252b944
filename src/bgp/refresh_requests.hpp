// Which of a peer's requests for all routes of a family (RFC 2918) are answered when: one dump at a time, one more request
// remembered, and a pause in between. Without it a few bytes of the peer would be worth a dump of everything, each time.
#pragma once

#include <vector>

#include "base/time.hpp"
#include "bgp/adj_rib_out.hpp"
#include "bgp/names.hpp"

namespace metallb::bgp {

/// From the end of one requested dump of a family to the beginning of the next, at least. Routers ask after a change of
/// policy, by hand.
inline constexpr Duration kRefreshPause = std::chrono::seconds(1);

class RefreshRequests {
 public:
  /// A session came up with these families; what was asked before is void.
  void begin(const std::vector<Family>& families);
  /// RFC 2918, Section 4: a family that was not negotiated is ignored.
  void ask(const Family& family);
  /// Hands on what may be answered now.
  void pass_on(SteadyPoint now, AdjRibOut& rib);
  /// After `rib` has written: which dumps came to their end.
  void note_ends(SteadyPoint now, const AdjRibOut& rib);
  /// When pass_on() has work.
  [[nodiscard]] SteadyPoint next_deadline() const;

 private:
  struct Row {
    Family family;
    bool asked = false;
    bool running = false;
    SteadyPoint not_before = SteadyPoint::min();
  };
  std::vector<Row> rows_;
};

}  // namespace metallb::bgp
