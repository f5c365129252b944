// What to do with one Service on this node, and why (layer2 spec 1.6, 1.7, 2.2). Pure: the same surroundings give the same
// decision, so it can be asked again at any time to explain what happened.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "layer2/interface_set.hpp"
#include "net/ip_address.hpp"
#include "speaker/candidates.hpp"
#include "speaker/reason.hpp"

namespace metallb::speaker {

/// What this node answers for on behalf of one Service.
struct Announcement {
  std::string uid;  ///< of the Service: another one may come to have its name
  std::string pool;
  std::vector<IpAddress> addresses;  ///< in the order of the Service's status, without repetitions
  layer2::InterfaceSet interfaces;
  friend bool operator==(const Announcement&, const Announcement&) = default;
};

struct Decision {
  enum class Action : std::uint8_t {
    kAnnounce,
    kWithdraw,
    kKeep,  ///< leave everything as it is: there is not enough to decide upon, or nothing is in force yet
  };
  Action action = Action::kWithdraw;
  Reason reason = Reason::kNotOwner;
  std::string detail;              ///< a sentence for the user
  Announcement announcement;       ///< pool and addresses as far as known; complete for kAnnounce
  std::vector<std::string> order;  ///< the best candidates, best first; at most kKeptCandidates
  std::size_t candidates = 0;      ///< how many there were

  static constexpr std::size_t kKeptCandidates = 8;
  friend bool operator==(const Decision&, const Decision&) = default;
};

/// All that a decision depends on besides the Service and its endpoints.
struct Surroundings {
  const std::string& node;
  const std::string& lb_class;   ///< flag --lb-class; empty: Services without a class
  const config::Config* config;  ///< null until one has been loaded
  const Electorate electorate;
  /// Names of this node's interfaces; nullopt until they have been reported once.
  const std::optional<std::set<std::string>>& interfaces;
};

/// Whether new Services may be taken over (failover spec 4).
enum class Hold : std::uint8_t { kNone, kFirstJoin, kAlone };

/// What keeps this node from acting upon the election alone (failover spec 4 and 6).
struct Standing {
  bool announced = false;  ///< this node announces the Service at present
  Hold hold = Hold::kNone;
  bool stopping = false;                  ///< this node is no candidate any more
  std::optional<std::string> yielded_to;  ///< a member outside the electorate that announces as well, and comes first
};

/// What every protocol asks of a Service first: whose it is, which addresses it has, which pool holds them (bgp spec 2.2).
struct Grounds {
  struct Conclusion {
    Decision::Action action = Decision::Action::kWithdraw;
    Reason reason = Reason::kServiceDeleted;
    std::string detail;
  };
  std::optional<Conclusion> conclusion;  ///< there is nothing more to ask
  std::string uid;                       ///< of the Service, as far as it is ours
  std::vector<IpAddress> addresses;      ///< as far as known, in the order of the Service's status
  const config::Pool* pool = nullptr;    ///< set unless there is a conclusion
  bool stranded = false;                 ///< no pool holds the addresses any more; `pool` is the last that did
};

/// Does this node's speaker care for the Service: type LoadBalancer and of our class (operations spec 2.10)?
[[nodiscard]] std::optional<Reason> why_not_ours(const kube::Service& service, const std::string& lb_class);

/// The addresses of the Service's status, without repetitions; nullopt when an entry is none: a hostname, a zone suffix,
/// nonsense.
[[nodiscard]] std::optional<std::vector<IpAddress>> addresses_of(const kube::Service& service);

/// `service` is null when it has been deleted; `config` until one has been loaded. `former` is the last pool that held all
/// of its addresses; null when it is not known.
[[nodiscard]] Grounds grounds_of(const kube::Service* service, const std::string& lb_class, const config::Config* config,
                                 const config::Pool* former);

/// What a decision about a stranded Service tells the user.
[[nodiscard]] std::string stranded_detail(const config::Pool& former, const std::string& detail);

/// `service` is null when it has been deleted. `former` is the last pool that held all of its addresses, for the time in
/// which none does; null when it is not known.
[[nodiscard]] Decision decide(const Surroundings& surroundings, const kube::Service* service, Slices slices,
                              const config::Pool* former, const Standing& standing = {});

}  // namespace metallb::speaker
