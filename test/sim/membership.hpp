// Who takes part in the membership protocol: the core of the product, or something else that speaks it.
#pragma once

#include <memory>
#include <vector>

#include "gossip/instance.hpp"

namespace metallb::sim {

class Membership {
 public:
  virtual ~Membership() = default;
  virtual void on_input(Now now, const gossip::Input& in, gossip::Output& out) = 0;
  virtual void on_time(Now now, gossip::Output& out) = 0;
  [[nodiscard]] virtual SteadyPoint next_deadline() const = 0;
  [[nodiscard]] virtual std::vector<gossip::Member> members() const = 0;
};

/// The core of the product.
[[nodiscard]] std::unique_ptr<Membership> make_core(gossip::Options options, Log log);
/// The smallest member that gossip.md allows: see minimal_member.hpp.
[[nodiscard]] std::unique_ptr<Membership> make_minimal(gossip::Options options, Log log);

}  // namespace metallb::sim
