// The frames of neighbour discovery that the product has no use for, but a client and a kernel have: solicitations out,
// advertisements in. RFC 4861, RFC 2464.
#pragma once

#include <optional>

#include "base/bytes.hpp"
#include "net/ip_address.hpp"
#include "net/mac_address.hpp"

namespace metallb::sim {

/// "Who has `target`?", to its solicited-node group.
[[nodiscard]] Bytes solicitation(const MacAddress& from, const IpAddress& source, const IpAddress& target);

struct SeenAdvertisement {
  IpAddress target;
  MacAddress mac;  ///< target link-layer address option
  bool solicited = false;
  bool override_ = false;
};
/// Nothing when the frame is no valid advertisement.
[[nodiscard]] std::optional<SeenAdvertisement> read_advertisement(ByteView frame);

}  // namespace metallb::sim
