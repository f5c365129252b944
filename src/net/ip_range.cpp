#include "net/ip_range.hpp"

#include <charconv>

#include "base/contract.hpp"

namespace metallb {
namespace {

/// Mask of the host bits of a prefix; all ones for length 0 of IPv6.
Uint128 host_mask(IpFamily family, int length) {
  const int bits = address_bits(family) - length;
  return bits >= 128 ? ~static_cast<Uint128>(0) : (static_cast<Uint128>(1) << bits) - 1;
}

}  // namespace

IpPrefix::IpPrefix(const IpAddress& address, int length) : length_(length) {
  METALLB_CONTRACT(length >= 0 && length <= address_bits(address.family()), "prefix length out of range");
  network_ = IpAddress::from_number(address.family(), address.number() & ~host_mask(address.family(), length));
}

std::optional<IpPrefix> IpPrefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const auto length_text = text.substr(slash + 1);
  int length = 0;
  const auto* end = length_text.data() + length_text.size();
  const auto [stop, error] = std::from_chars(length_text.data(), end, length, 10);
  if (error != std::errc{} || stop != end || length_text.front() == '-' || length < 0) return std::nullopt;
  // A prefix of IPv4-mapped text counts its mask in 128 bits (controller spec 4.2 asks to reject or normalise it).
  if (address->is_v4() && text.find(':') != std::string_view::npos) length -= 96;
  if (length < 0 || length > address_bits(address->family())) return std::nullopt;
  return IpPrefix(*address, length);
}

IpAddress IpPrefix::last() const {
  return IpAddress::from_number(family(), network_.number() | host_mask(family(), length_));
}

bool IpPrefix::contains(const IpAddress& address) const {
  return address.family() == family() && (address.number() & ~host_mask(family(), length_)) == network_.number();
}

bool IpPrefix::overlaps(const IpPrefix& other) const {
  return contains(other.network_) || other.contains(network_);
}

std::string IpPrefix::to_string() const {
  return network_.to_string() + "/" + std::to_string(length_);
}

std::vector<IpPrefix> IpRange::prefixes() const {
  METALLB_CONTRACT(first.family() == last.family(), "a range lies in one family");
  std::vector<IpPrefix> out;
  const int bits = address_bits(first.family());
  auto at = first.number();
  const auto end = last.number();
  while (at <= end) {
    int length = bits;
    // Grow the block while it stays aligned and inside the range.
    while (length > 0) {
      const auto mask = host_mask(first.family(), length - 1);
      if ((at & mask) != 0 || (at | mask) > end) break;
      --length;
    }
    out.emplace_back(IpAddress::from_number(first.family(), at), length);
    const auto block_end = at | host_mask(first.family(), length);
    if (block_end >= end) break;  // also keeps the addition below from wrapping at the last address
    at = block_end + 1;
  }
  return out;
}

}  // namespace metallb
