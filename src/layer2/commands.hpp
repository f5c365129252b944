// What the speaker tells the packets thread. Self-contained values, because they cross a thread boundary; they are changes
// with the latest state per (service, address), or per address, so a full mailbox may fold them.
#pragma once

#include <variant>

#include "base/names.hpp"
#include "layer2/interface_set.hpp"
#include "net/ip_address.hpp"

namespace metallb::layer2 {

/// Answer for `address` on `interfaces` on behalf of `service`. Repeating it with the same set changes nothing and sends
/// nothing; another set replaces the old one at once. Several services may hold one address (reference counted).
struct Announce {
  ServiceKey service;
  IpAddress address;
  InterfaceSet interfaces;
};
/// Stop answering for `address` on behalf of `service`. Sends no packet.
struct Withdraw {
  ServiceKey service;
  IpAddress address;
};
/// Make it known once more that `address` is answered here: somebody else claimed it, or may have answered for it while he
/// was out of reach, and it is ours. One round, on every interface where it is answered; nothing where it is not.
struct Reannounce {
  IpAddress address;
};
using Command = std::variant<Announce, Withdraw, Reannounce>;

}  // namespace metallb::layer2
