// Pings for others: a member that gets no answer from another one asks us to try (gossip spec 4.2).
#pragma once

#include <cstdint>
#include <list>
#include <map>

#include "base/time.hpp"
#include "gossip/counters.hpp"
#include "gossip/numbers.hpp"
#include "gossip/postman.hpp"
#include "gossip/settings.hpp"

namespace metallb::gossip {

class Relay {
 public:
  Relay(const Settings& settings, Numbers& numbers, Postman& postman, Counters& counters)
      : timeout_(settings.probe_timeout), numbers_(numbers), postman_(postman), counters_(counters) {}

  /// Pings `target`; `requester` is told the outcome.
  void ask(SteadyPoint now, const IndirectPing& request, const Endpoint& target, const Endpoint& requester, Output& out);
  /// True when the number belongs to one of these pings.
  bool acknowledged(std::uint32_t seq_no, Output& out);

  void on_time(SteadyPoint now, Output& out);
  [[nodiscard]] SteadyPoint next_deadline() const { return pending_.empty() ? kIdle : pending_.front().deadline; }

  /// Under way at a time. A cluster of a thousand members with a tenth of them silent asks a node for a few per second.
  static constexpr std::size_t kMost = 4096;

 private:
  struct Pending {
    std::uint32_t seq_no = 0;  ///< ours
    Endpoint requester;
    std::uint32_t requested = 0;  ///< the requester's number
    bool nack = false;
    SteadyPoint deadline;
  };
  Duration timeout_;
  Numbers& numbers_;
  Postman& postman_;
  Counters& counters_;
  std::list<Pending> pending_;  ///< all wait equally long: in the order of their deadlines
  std::map<std::uint32_t, std::list<Pending>::iterator> by_seq_no_;
};

}  // namespace metallb::gossip
