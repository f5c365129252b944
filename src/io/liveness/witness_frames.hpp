// What a witness is asked on the wire, what counts as its answer, and the kernel's filter for that (failover spec 4). Pure.
#pragma once

#include <linux/filter.h>

#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "io/liveness/network_table.hpp"

namespace metallb::io {

/// An ARP request or a neighbour solicitation from the uplink's own address, to everybody: an Ethernet frame. The uplink
/// must have a source of the target's family.
[[nodiscard]] Bytes encode_question(const Uplink& uplink, const IpAddress& target);

/// Whether the frame was sent by the target: from its MAC address, or ARP or neighbour discovery in its name.
[[nodiscard]] bool is_sign_of_life(ByteView frame, const WitnessTarget& target);

[[nodiscard]] bool comes_from(ByteView frame, const MacAddress& mac);

/// Lets pass what may be a sign of life of one of the targets, and not much else. Without targets: nothing.
[[nodiscard]] std::vector<sock_filter> witness_filter(std::span<const WitnessTarget> targets);

}  // namespace metallb::io
