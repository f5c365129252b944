// BGP sessions of this node that do not come up, or do not come back: who is to be told of, when, and with which cause. A
// wrong password, a router that is not configured and a missing route all look the same from Kubernetes otherwise.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "speaker/bgp/peers.hpp"

namespace metallb::speaker {

class BgpSessionWatch {
 public:
  /// A router that restarts is back within that time; one whose session fails for good is still down.
  static constexpr Duration kPatience = std::chrono::minutes(1);

  /// All sessions that there are to be. A new one has the same time to come up as one that was lost has to come back.
  void follow(SteadyPoint now, const BgpSessions& sessions);
  /// `problem`: why it is not established; empty: not known yet, or it is.
  void changed(SteadyPoint now, bgp::PeerId peer, bool established, const std::string& problem);

  struct Down {
    std::string name;     ///< of the BGPPeer
    std::string problem;  ///< empty: no attempt has ended yet
    friend bool operator==(const Down&, const Down&) = default;
  };
  /// Those whose time is over now. Each is told once for each cause, a few causes at most, until it is established again.
  [[nodiscard]] std::vector<Down> take_due(SteadyPoint now);
  [[nodiscard]] SteadyPoint next_deadline() const;

 private:
  struct Entry {
    std::string name;
    std::string problem;
    std::set<std::string> told;
    bool established = false;
    SteadyPoint tell_at = kIdle;
  };
  std::map<bgp::PeerId, Entry> entries_;
};

}  // namespace metallb::speaker
