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
#include "net/ip_address.hpp"

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

  /// Whether a stranger's claim is to be reported: one per address and minute.
  bool may_report(SteadyPoint now, const IpAddress& address);

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
  void clean_up(SteadyPoint now);

  std::map<IpAddress, Defence> defences_;
  std::map<ServiceKey, Yield> yields_;
  std::map<IpAddress, SteadyPoint> reports_;
  SteadyPoint clean_after_ = SteadyPoint::min();
};

}  // namespace metallb::speaker
