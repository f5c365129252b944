// Properties of the allocator under random sequences of operations.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "fixtures.hpp"

namespace metallb::ipam {
namespace {

/// What a random run does next.
struct Step {
  unsigned service, address, key, port, action;
};

const std::vector<IpAddress> kAddresses =
    ips({"10.0.0.0", "10.0.0.1", "10.0.1.0", "10.0.1.1", "1000::", "1000::1", "9.9.9.9"});

/// The terms in force are `claim`: a newcomer may not have its ports, and could have others under its key.
void check_terms(const Allocator& allocator, const IpAddress& address, Claim claim) {
  const auto newcomer = svc("newcomer");
  RC_ASSERT(!allocator.check(newcomer, address, claim).has_value());
  if (claim.sharing_key.empty()) return;
  claim.ports = {Port{"UDP", 9999}};
  const auto allowed = allocator.check(newcomer, address, claim);
  RC_ASSERT(allowed.has_value() || allowed.error().reason == Refusal::Reason::kShown);
}

/// The state seen from outside: who uses an address, under which terms.
void check_invariants(const Allocator& allocator, const std::map<ServiceKey, Claim>& claims) {
  std::map<IpAddress, std::vector<ServiceKey>> users;
  std::map<std::string, std::set<IpAddress>> used;
  for (const auto& [service, claim] : claims) {
    const auto* held = allocator.find(service);
    if (held == nullptr) continue;
    for (const auto& address : held->addresses) check_terms(allocator, address, claim);
    RC_ASSERT(allocator.owner(held->addresses) == held->pool);
    for (const auto& address : held->addresses) {
      users[address].push_back(service);
      used[held->pool].insert(address);
    }
  }
  for (const auto& [address, services] : users) {
    std::set<Port> ports;
    for (const auto& service : services) {
      const auto& terms = claims.at(service);
      if (services.size() > 1) {
        RC_ASSERT(!terms.sharing_key.empty());
        RC_ASSERT(terms.sharing_key == claims.at(services.front()).sharing_key);
        RC_ASSERT(terms.backend_key == claims.at(services.front()).backend_key);
      }
      for (const auto& port : terms.ports) RC_ASSERT(ports.insert(port).second);
    }
  }
  for (const auto& name : allocator.pools()) {
    // Leaving addresses count as well, so there may be more in use than are held.
    RC_ASSERT(allocator.statistics(name).in_use.total() >= static_cast<std::int64_t>(used[name].size()));
  }
}

TEST(AllocatorProperties, NoAddressIsHeldByTwoThatMayNotShareAndAllLieInTheirPool) {
  EXPECT_TRUE(rc::check([](const std::vector<std::array<std::uint8_t, 5>>& raw) {
    Allocator allocator;
    const std::vector<PoolSpec> whole = {pool("a", {"10.0.0.0/31", "1000::/127"}), pool("b", {"10.0.1.0/31"})};
    const std::vector<PoolSpec> moved = {pool("c", {"10.0.0.0/31", "10.0.1.0/31"})};
    allocator.set_pools(whole);
    std::map<ServiceKey, Claim> claims;
    for (const auto& bytes : raw) {
      const Step step{bytes[0] % 5U, bytes[1] % 7U, bytes[2] % 3U, bytes[3] % 3U, bytes[4] % 11U};
      const auto service = svc(std::to_string(step.service));
      const auto terms = claim(step.key == 0 ? "" : "key" + std::to_string(step.key),
                               {Port{"TCP", static_cast<std::int32_t>(step.port)}}, step.key == 2 ? "backend" : "");
      if (step.action < 4) {
        const auto before = allocator.find(service) == nullptr ? Assignment{} : *allocator.find(service);
        if (allocator.assign(service, {kAddresses[step.address]}, terms)) {
          claims[service] = terms;
        } else {
          const auto after = allocator.find(service) == nullptr ? Assignment{} : *allocator.find(service);
          RC_ASSERT(before == after);
        }
      } else if (step.action < 6) {
        const auto found = allocator.first_available("a", IpFamily::kIpv4, service, terms);
        if (found) {
          // What is called available can be had.
          RC_ASSERT(allocator.assign(service, {*found}, terms).has_value());
          claims[service] = terms;
        }
      } else if (step.action == 6) {
        allocator.vacate(service);
      } else if (step.action == 7) {
        allocator.settle(service);
      } else if (step.action == 8) {
        allocator.release(service);
        RC_ASSERT(!allocator.knows(service));
      } else if (step.action == 9) {
        allocator.reserve(service, kAddresses[step.address], terms);
        RC_ASSERT(allocator.knows(service));
      } else {
        allocator.set_pools(step.port == 0 ? moved : whole);
      }
      check_invariants(allocator, claims);
    }
    // Nothing is left behind once everybody has gone.
    for (unsigned i = 0; i < 5; ++i) allocator.release(svc(std::to_string(i)));
    for (const auto& name : allocator.pools()) RC_ASSERT(allocator.statistics(name).in_use == Counts{});
  }));
}

}  // namespace
}  // namespace metallb::ipam
