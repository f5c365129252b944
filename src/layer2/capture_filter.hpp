// Programs for the kernel's socket filter that let only frames about our addresses pass, so that foreign ARP and neighbour
// discovery traffic never wakes the process. Pure: attaching them is the driver's business.
//
// A program may let more pass than it must (a superset: the responder looks again), but never less. It reads whole
// Ethernet frames, as a SOCK_RAW packet socket delivers them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "net/ip_address.hpp"

namespace metallb::layer2 {

/// One instruction of the classic Berkeley packet filter, laid out like the kernel's `struct sock_filter`.
struct FilterInstruction {
  std::uint16_t code;
  std::uint8_t jump_true;   ///< instructions to skip when the comparison holds
  std::uint8_t jump_false;  ///< ... and when not
  std::uint32_t k;
  friend bool operator==(const FilterInstruction&, const FilterInstruction&) = default;
};
using FilterProgram = std::vector<FilterInstruction>;

/// The kernel's limit (BPF_MAXINSNS).
inline constexpr std::size_t kMaximumInstructions = 4096;

struct FilterOptions {
  /// At least 32. The kernel may refuse a program with ENOMEM long before kMaximumInstructions, because its translation,
  /// some 20 bytes per instruction, counts towards net.core.optmem_max (20 KiB until Linux 6.7), and so does the program
  /// that is being replaced: then build again with half of it.
  std::size_t max_instructions = kMaximumInstructions;
};

/// ARP that is about one of the IPv4 addresses given (others are ignored): requests for it, and whatever claims to come from
/// it. Exact, except that close addresses are taken together when the program would become too long. Truncated ARP passes,
/// to be counted. Without addresses nothing passes.
[[nodiscard]] FilterProgram arp_capture_filter(std::span<const IpAddress> addresses, const FilterOptions& options = {});

/// Neighbour solicitations whose target or source, and advertisements whose target, agrees in its low 32 bits with one of
/// the IPv6 addresses given (others are ignored). Truncated ones pass, to be counted. Without addresses nothing passes.
[[nodiscard]] FilterProgram ndp_capture_filter(std::span<const IpAddress> addresses, const FilterOptions& options = {});

}  // namespace metallb::layer2
