// What the program and the process that loaded it share in memory. C, since the program is.
#pragma once

#include <linux/types.h>

/// Which request: for this address, on this interface.
struct arp_key {
  __u32 interface;  ///< index
  __u8 address[4];  ///< as on the wire
};

struct arp_answer {
  __u8 mac[6];
  __u8 unused[2];
  __u64 answered;  ///< requests, counted by the program
};

/// Pairs of (interface, address) that the program can know. What does not fit is answered by the process.
#define METALLB_ARP_ANSWERS 16384

/// No lease is longer than this, in nanoseconds: what looks longer is no time of this clock.
#define METALLB_LONGEST_LEASE 1000000000ULL
