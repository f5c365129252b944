#include "net/ip_address.hpp"

#include <charconv>
#include <cstddef>

namespace metallb {
namespace {

constexpr Uint128 kMappedPrefix = static_cast<Uint128>(0xFFFF) << 32;

std::optional<std::uint32_t> parse_v4(std::string_view text) {
  std::uint32_t value = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (int part = 0; part < 4; ++part) {
    if (part > 0) {
      if (at == end || *at != '.') return std::nullopt;
      ++at;
    }
    unsigned octet = 0;
    const auto [stop, error] = std::from_chars(at, end, octet, 10);
    // A leading zero could mean octal to somebody else, so it is refused rather than guessed.
    if (error != std::errc{} || octet > 255 || stop - at > 3 || (stop - at > 1 && *at == '0')) return std::nullopt;
    value = (value << 8) | octet;
    at = stop;
  }
  if (at != end) return std::nullopt;
  return value;
}

/// Parses colon-separated groups into `out`; the last may be a dotted quad, which counts as two.
std::optional<std::size_t> parse_groups(std::string_view text, std::array<std::uint16_t, 8>& out) {
  std::size_t count = 0;
  while (!text.empty()) {
    const auto colon = text.find(':');
    const auto part = text.substr(0, colon);
    if (colon == std::string_view::npos && part.find('.') != std::string_view::npos) {
      const auto v4 = parse_v4(part);
      if (!v4 || count > 6) return std::nullopt;
      out[count++] = static_cast<std::uint16_t>(*v4 >> 16);
      out[count++] = static_cast<std::uint16_t>(*v4 & 0xFFFF);
      return count;
    }
    unsigned group = 0;
    const auto [stop, error] = std::from_chars(part.data(), part.data() + part.size(), group, 16);
    if (error != std::errc{} || stop != part.data() + part.size() || part.size() > 4 || count > 7) return std::nullopt;
    out[count++] = static_cast<std::uint16_t>(group);
    if (colon == std::string_view::npos) return count;
    text.remove_prefix(colon + 1);
    if (text.empty()) return std::nullopt;  // a trailing single colon
  }
  return count;
}

std::optional<Uint128> parse_v6(std::string_view text) {
  std::array<std::uint16_t, 8> head{};
  std::array<std::uint16_t, 8> tail{};
  std::array<std::uint16_t, 8> groups{};
  const auto gap = text.find("::");
  if (gap == std::string_view::npos) {
    if (parse_groups(text, groups) != 8) return std::nullopt;
  } else {
    const auto head_text = text.substr(0, gap);
    // Before "::" a dotted quad has no place.
    if (head_text.find('.') != std::string_view::npos) return std::nullopt;
    const auto before = parse_groups(head_text, head);
    const auto after = parse_groups(text.substr(gap + 2), tail);
    if (!before || !after || *before + *after > 7) return std::nullopt;
    for (std::size_t i = 0; i < *before; ++i) groups[i] = head[i];
    for (std::size_t i = 0; i < *after; ++i) groups[8 - *after + i] = tail[i];
  }
  Uint128 value = 0;
  for (const auto group : groups) value = (value << 16) | group;
  return value;
}

std::string print_v6(Uint128 number) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 8; i-- > 0; number >>= 16) groups[i] = static_cast<unsigned>(number & 0xFFFF);
  std::size_t best_start = 8;
  std::size_t best_length = 1;  // RFC 5952, Section 4.2.2: a single zero group is not compressed
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t length = 0;
    while (i + length < 8 && groups[i + length] == 0) ++length;
    if (length > best_length) {
      best_start = i;
      best_length = length;
    }
    if (length > 0) i += length - 1;
  }
  std::string out;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == best_start) {
      out += "::";
      i += best_length - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':') out += ':';
    std::array<char, 4> digits{};
    const auto [stop, error] = std::to_chars(digits.data(), digits.data() + digits.size(), groups[i], 16);
    out.append(digits.data(), stop);
  }
  return out;
}

}  // namespace

std::string_view to_string(IpFamily family) {
  return family == IpFamily::kIpv4 ? "IPv4" : "IPv6";
}

IpAddress IpAddress::v4(std::uint32_t host_order) {
  return {IpFamily::kIpv4, host_order};
}

IpAddress IpAddress::v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  return v4((static_cast<std::uint32_t>(a) << 24) | (static_cast<std::uint32_t>(b) << 16) |
            (static_cast<std::uint32_t>(c) << 8) | d);
}

IpAddress IpAddress::v6(const std::array<std::uint8_t, 16>& bytes) {
  Uint128 number = 0;
  for (const auto byte : bytes) number = (number << 8) | byte;
  return unmapped(number);
}

IpAddress IpAddress::unmapped(Uint128 number) {
  if ((number >> 32) == (kMappedPrefix >> 32)) return v4(static_cast<std::uint32_t>(number));
  return {IpFamily::kIpv6, number};
}

IpAddress IpAddress::from_number(IpFamily family, Uint128 number) {
  return family == IpFamily::kIpv4 ? v4(static_cast<std::uint32_t>(number)) : IpAddress(IpFamily::kIpv6, number);
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.find(':') == std::string_view::npos) {
    const auto value = parse_v4(text);
    return value ? std::optional(v4(*value)) : std::nullopt;
  }
  const auto value = parse_v6(text);
  return value ? std::optional(unmapped(*value)) : std::nullopt;
}

std::array<std::uint8_t, 16> IpAddress::bytes16() const {
  std::array<std::uint8_t, 16> out{};
  auto rest = number_;
  for (std::size_t i = 16; i-- > 0; rest >>= 8) out[i] = static_cast<std::uint8_t>(rest & 0xFF);
  return out;
}

Bytes IpAddress::bytes() const {
  const auto all = bytes16();
  return is_v4() ? Bytes(all.begin() + 12, all.end()) : Bytes(all.begin(), all.end());
}

std::string IpAddress::to_string() const {
  if (is_v6()) return print_v6(number_);
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) {
    if (!out.empty()) out += '.';
    out += std::to_string(static_cast<unsigned>(number_ >> shift) & 0xFFU);
  }
  return out;
}

bool IpAddress::is_link_local() const {
  return is_v4() ? (number_ >> 16) == 0xA9FE : (number_ >> 118) == 0x3FA;  // fe80::/10
}

bool IpAddress::is_multicast() const {
  return is_v4() ? (number_ >> 28) == 0xE : (number_ >> 120) == 0xFF;
}

bool IpAddress::is_loopback() const {
  return is_v4() ? (number_ >> 24) == 127 : number_ == 1;
}

IpAddress solicited_node_group(const IpAddress& address) {
  const auto prefix = (static_cast<Uint128>(0xFF02) << 112) | (static_cast<Uint128>(0x1FF) << 24);
  return IpAddress::from_number(IpFamily::kIpv6, prefix | (address.number() & 0xFFFFFF));
}

}  // namespace metallb
