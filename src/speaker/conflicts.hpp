// What others claimed of the addresses that this node announces, and what may be said and done about it how often (failover
// spec 6). The decisions themselves are the instance's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/names.hpp"
#include "base/time.hpp"
#include "kube/work_queue.hpp"
#include "layer2/inputs_and_actions.hpp"

namespace metallb::speaker {

/// An address that was taken over within this time may still be claimed by its former owner without ill will: frames on
/// their way, an original that answers until it has ended.
inline constexpr Duration kSettled = std::chrono::seconds(2);

class Conflicts {
 public:
  /// Whether this node may announce the address once more against a member's claim: six times in ten seconds, so that two
  /// nodes that both believe to come first do not shout at each other, and one that tries again in vain is answered.
  bool may_defend(SteadyPoint now, const IpAddress& address);
  /// A claim that comes so soon after our defence is the answer to it: the other one is alive, and thinks it comes first.
  [[nodiscard]] bool insists(SteadyPoint now, const IpAddress& address) const;

  /// The Service is left to `other`, for a second; for twice as long each time, up to eight, while they follow each other.
  /// Returns for how long.
  Duration yield(SteadyPoint now, const ServiceKey& service, const std::string& other);
  /// To whom the Service is left at present.
  [[nodiscard]] std::optional<std::string> yielded_to(SteadyPoint now, const ServiceKey& service) const;
  /// It was left to that very node within the last minute: no late frame then, but the same node again.
  [[nodiscard]] bool knows(SteadyPoint now, const ServiceKey& service, const std::string& other) const;
  void forget(const ServiceKey& service) { yields_.erase(service); }

  /// A stranger's claim. It is judged a second later: an owner whose MAC is not known looks the same, and then the address
  /// has been withdrawn here by that time.
  void stranger(SteadyPoint now, const layer2::ConflictSeen& seen);
  /// A claim whose second is over, at most one per address and minute.
  std::optional<layer2::ConflictSeen> take_stranger(SteadyPoint now);
  /// It was none: the address is not announced here any more.
  void dismiss(const IpAddress& address) { strangers_.erase(address); }
  [[nodiscard]] SteadyPoint next_deadline() const { return judgements_.next_deadline(); }

 private:
  struct Defence {
    SteadyPoint since;
    SteadyPoint last;
    std::size_t count = 0;
  };
  struct Yield {
    std::string to;
    SteadyPoint until;
    Duration pause;
  };
  struct Stranger {
    layer2::ConflictSeen seen;
    std::optional<SteadyPoint> told;
  };
  void clean_up(SteadyPoint now);

  std::map<IpAddress, Defence> defences_;
  std::map<ServiceKey, Yield> yields_;
  std::map<IpAddress, Stranger> strangers_;
  kube::WorkQueue<IpAddress> judgements_;
  SteadyPoint clean_after_ = SteadyPoint::min();
};

}  // namespace metallb::speaker
