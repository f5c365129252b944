// Pings at fixed times, whether or not answers are outstanding, and how long each waited for its ack. The end is the
// kernel's stamp of the ack's arrival: how late the pinging thread wakes does not count.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gossip/packet.hpp"
#include "io/liveness/endpoint.hpp"
#include "member.hpp"

namespace metallb::bench {

inline constexpr auto kPingInterval = std::chrono::milliseconds(2);
inline constexpr auto kPatience = std::chrono::seconds(2);  ///< for acks that are still out at the end
inline const gossip::Endpoint kPinger{IpAddress::v4(127, 0, 80, 2), 0};

inline std::chrono::nanoseconds clock_of(clockid_t clock) {
  timespec at{};
  clock_gettime(clock, &at);
  return std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec);
}

/// Sent and read on one thread.
class Pings {
 public:
  explicit Pings(std::size_t count) : sent_(count), waits_(count) {
    const auto own = io::to_socket_address(kPinger);
    const auto to = io::to_socket_address(kMember);
    const int on = 1;
    if (socket_ < 0 || bind(socket_, own.get(), own.size) != 0 || connect(socket_, to.get(), to.size) != 0 ||
        setsockopt(socket_, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) != 0) {
      fail("the pinging socket cannot be opened: " + std::string(std::strerror(errno)));
    }
  }
  Pings(const Pings&) = delete;
  Pings& operator=(const Pings&) = delete;
  ~Pings() { close(socket_); }

  /// Sends them all and waits for the acks.
  void run() {
    auto next = clock_of(CLOCK_MONOTONIC);
    for (std::size_t i = 0; i < sent_.size(); ++i, next += kPingInterval) {
      const gossip::PacketMessage ping =
          gossip::Ping{.seq_no = static_cast<std::uint32_t>(i), .node = std::string(kNode), .source = {}};
      const auto packets = gossip::encode_packets({&ping, 1}, {}, ring_, nonce);
      read_until(next);
      sent_[i] = clock_of(CLOCK_REALTIME);  // the clock of the kernel's stamps
      (void)::send(socket_, packets.front().data(), packets.front().size(), 0);
    }
    const auto end = next + kPatience;
    while (answered_ < sent_.size() && clock_of(CLOCK_MONOTONIC) < end) {
      read_until(clock_of(CLOCK_MONOTONIC) + kPingInterval);
    }
  }

  /// Of the acks that came, sorted.
  [[nodiscard]] std::vector<Milliseconds> waits() const {
    std::vector<Milliseconds> out;
    for (const auto& wait : waits_) {
      if (wait) out.emplace_back(*wait);
    }
    std::ranges::sort(out);
    return out;
  }

 private:
  void read_until(std::chrono::nanoseconds end) {
    for (;;) {
      const auto left = std::max(end - clock_of(CLOCK_MONOTONIC), std::chrono::nanoseconds(0));
      pollfd readable{.fd = socket_, .events = POLLIN, .revents = 0};
      const timespec timeout{.tv_sec = left / std::chrono::seconds(1), .tv_nsec = (left % std::chrono::seconds(1)).count()};
      if (ppoll(&readable, 1, &timeout, nullptr) <= 0) return;
      read();
    }
  }
  void read() {
    std::array<std::uint8_t, 2048> packet{};
    alignas(cmsghdr) std::array<char, 128> control{};
    iovec part{packet.data(), packet.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const auto size = recvmsg(socket_, &message, MSG_DONTWAIT);
    const auto* stamp = size < 0 ? nullptr : CMSG_FIRSTHDR(&message);
    if (stamp == nullptr || stamp->cmsg_type != SO_TIMESTAMPNS) return;
    timespec at{};
    std::memcpy(&at, CMSG_DATA(stamp), sizeof(at));
    for (const auto& each : gossip::decode_packet({packet.data(), static_cast<std::size_t>(size)}, ring_).messages) {
      const auto* ack = std::get_if<gossip::Ack>(&each);
      if (ack == nullptr || ack->seq_no >= sent_.size() || waits_[ack->seq_no]) continue;
      waits_[ack->seq_no] = std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec) - sent_[ack->seq_no];
      ++answered_;
    }
  }

  int socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  gossip::KeyRing ring_ = ring();
  std::vector<std::chrono::nanoseconds> sent_;
  std::vector<std::optional<std::chrono::nanoseconds>> waits_;
  std::size_t answered_ = 0;
};

}  // namespace metallb::bench
