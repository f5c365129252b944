#include "bgp/settings.hpp"

#include <algorithm>
#include <tuple>

namespace metallb::bgp {

bool PeerSettings::expected_internal() const {
  using Kind = PeerAs::Kind;
  return peer_as.kind == Kind::kInternal || (peer_as.kind == Kind::kFixed && peer_as.number == my_as);
}

bool PeerSettings::offers_ipv4_over_ipv6() const {
  const auto has = [&](const Family& family) {
    return std::find(families.begin(), families.end(), family) != families.end();
  };
  return transport.address && transport.address->is_v6() && has(kIpv4Unicast) && has(kIpv6Unicast);
}

bool needs_reset(const PeerSettings& before, const PeerSettings& after) {
  // A hold time, graceful restart and the host name are told with the next OPEN; no session is ended for their sake.
  const auto wire = [](const PeerSettings& s) {
    return std::tie(s.transport, s.initiative, s.my_as, s.local_as, s.router_id, s.peer_as, s.families, s.med);
  };
  return wire(before) != wire(after);
}

}  // namespace metallb::bgp
