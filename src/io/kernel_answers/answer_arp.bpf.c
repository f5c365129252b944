// Answers plain ARP requests in the kernel, where frames enter an interface (tcx, Linux 6.6): what src/layer2/responder.cpp
// would answer, without waking the process that decides. RFC 826 (ARP), RFC 5227 (IPv4 Address Conflict Detection).
//
// It answers only while its lease lasts, which the process renews as long as it is well, and only requests that tell nothing
// but a question. Whatever else an ARP packet is (somebody's claim or probe of our address, an answer, a malformed one) goes
// on unchanged, as do all other frames: to the process's packet socket and to this node's own stack.
//
// Compiled for the kernel's virtual machine and embedded into the binary. It uses no function of the kernel that asks for
// the GPL. Licence: Apache-2.0, like all of this project.
#include <linux/bpf.h>
#include <linux/if_ether.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "layout.h"

#define NEXT (-1)  // TCX_NEXT, which older headers lack: as if this program were not there
#define ARP_REQUEST 1
#define ARP_REPLY 2
#define SMALLEST_FRAME 60  // IEEE 802.3, without the check sequence

#define SAME(a, b) (__builtin_memcmp(a, b, sizeof(a)) == 0)

struct arp_frame {
  __u8 destination[6];
  __u8 source[6];
  __be16 type;
  __be16 hardware;
  __be16 protocol;
  __u8 hardware_length;
  __u8 protocol_length;
  __be16 operation;
  __u8 sender_mac[6];
  __u8 sender_ip[4];
  __u8 target_mac[6];
  __u8 target_ip[4];
} __attribute__((packed));

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, METALLB_ARP_ANSWERS);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct arp_key);
  __type(value, struct arp_answer);
} answers SEC(".maps");

// Mapped into the process.
volatile __u64 lease_until;  // CLOCK_MONOTONIC, nanoseconds
volatile __u64 answered;     // requests, of all addresses

static __always_inline int lease_lasts(void) {
  // Over, or never granted, the difference is huge.
  return lease_until - bpf_ktime_get_ns() - 1 < METALLB_LONGEST_LEASE;
}

static __always_inline struct arp_answer* answer_for(__u32 interface, const __u8* address) {
  struct arp_key key = {.interface = interface};
  __builtin_memcpy(key.address, address, sizeof(key.address));
  return bpf_map_lookup_elem(&answers, &key);
}

static __always_inline int is_station(const __u8* mac) {
  return !(mac[0] & 1) && (mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]);
}

static __always_inline int is_broadcast(const __u8* mac) {
  return (mac[0] & mac[1] & mac[2] & mac[3] & mac[4] & mac[5]) == 0xff;
}

static __always_inline int is_plain_request(const struct arp_frame* frame) {
  const __u8* ip = frame->sender_ip;
  // The hardware type is not looked at (layer2 spec 3.3).
  return frame->protocol == bpf_htons(ETH_P_IP) && frame->hardware_length == 6 && frame->protocol_length == 4 &&
         frame->operation == bpf_htons(ARP_REQUEST) && is_station(frame->sender_mac) && (ip[0] | ip[1] | ip[2] | ip[3]);
}

SEC("tc")
int answer_arp(struct __sk_buff* skb) {
  // A tagged frame is for the VLAN's interface, which has this program, too, where it is to answer.
  if (skb->protocol != bpf_htons(ETH_P_ARP) || skb->vlan_present || !lease_lasts()) return NEXT;

  struct arp_frame frame;
  if (bpf_skb_load_bytes(skb, 0, &frame, sizeof(frame)) || !is_plain_request(&frame)) return NEXT;
  struct arp_answer* answer = answer_for(skb->ifindex, frame.target_ip);
  if (!answer) return NEXT;
  if (!is_broadcast(frame.destination) && !SAME(frame.destination, answer->mac)) return NEXT;
  if (SAME(frame.source, answer->mac)) return NEXT;
  // RFC 5227, Section 2.4: who sends from an address of ours claims it, and that is for the process to judge.
  if (answer_for(skb->ifindex, frame.sender_ip)) return NEXT;

  struct arp_frame reply = frame;
  __builtin_memcpy(reply.destination, frame.sender_mac, 6);
  __builtin_memcpy(reply.source, answer->mac, 6);
  reply.hardware = bpf_htons(1);
  reply.operation = bpf_htons(ARP_REPLY);
  __builtin_memcpy(reply.sender_mac, answer->mac, 6);
  __builtin_memcpy(reply.sender_ip, frame.target_ip, 4);
  __builtin_memcpy(reply.target_mac, frame.sender_mac, 6);
  __builtin_memcpy(reply.target_ip, frame.sender_ip, 4);
  // Padding is zeros, and never somebody's bytes of before.
  if (bpf_skb_change_tail(skb, sizeof(reply), 0) || bpf_skb_change_tail(skb, SMALLEST_FRAME, 0)) return NEXT;
  if (bpf_skb_store_bytes(skb, 0, &reply, sizeof(reply), 0)) return NEXT;
  __sync_fetch_and_add(&answer->answered, 1);
  __sync_fetch_and_add(&answered, 1);
  return bpf_redirect(skb->ifindex, 0);
}

char licence[] SEC("license") = "Apache-2.0";
