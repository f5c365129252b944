#include "io/netlink/address_message.hpp"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace metallb::io {

std::optional<IpAddress> parse_ip(const nlattr* attribute) {
  if (attribute == nullptr) return std::nullopt;
  std::array<std::uint8_t, 16> bytes{};
  const auto size = static_cast<std::size_t>(nla_len(attribute));
  if (size != 4 && size != bytes.size()) return std::nullopt;
  std::memcpy(bytes.data(), nla_data(attribute), size);
  return size == 4 ? IpAddress::v4(bytes[0], bytes[1], bytes[2], bytes[3]) : IpAddress::v6(bytes);
}

std::optional<AddressFacts> parse_address(nlmsghdr& header) {
  std::array<nlattr*, IFA_MAX + 1> attributes{};
  if (nlmsg_parse(&header, sizeof(ifaddrmsg), attributes.data(), IFA_MAX, nullptr) < 0) return std::nullopt;
  const auto* message = static_cast<const ifaddrmsg*>(nlmsg_data(&header));
  const auto there = parse_ip(attributes[IFA_ADDRESS]);
  // IFA_LOCAL is the own end; where it is missing (IPv6 without a peer), IFA_ADDRESS is.
  const auto own = attributes[IFA_LOCAL] != nullptr ? parse_ip(attributes[IFA_LOCAL]) : there;
  if (!own) return std::nullopt;
  const std::uint32_t flags = attributes[IFA_FLAGS] != nullptr ? nla_get_u32(attributes[IFA_FLAGS]) : message->ifa_flags;
  AddressFacts facts;
  facts.index = InterfaceIndex(static_cast<std::int32_t>(message->ifa_index));
  facts.address = *own;
  facts.prefix_length = message->ifa_prefixlen;
  if (facts.prefix_length > address_bits(own->family())) return std::nullopt;
  // With another address at the far end the length is that of the far end's subnet.
  if (there && *there != *own && there->family() == own->family()) {
    facts.far = IpPrefix(*there, facts.prefix_length);
    facts.prefix_length = address_bits(own->family());
  }
  facts.secondary = (flags & IFA_F_SECONDARY) != 0;
  facts.unique = (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == 0;
  facts.deprecated = (flags & IFA_F_DEPRECATED) != 0;
  return facts;
}

}  // namespace metallb::io
