// Ancillary data of sendmsg() and recvmsg(): what travels beside a packet (RFC 3542, Section 4).
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstring>

#include "base/contract.hpp"

namespace metallb::io {

/// What one part holds; the kernel has made it that large.
template <class T>
[[nodiscard]] T content_of(const cmsghdr& part) {
  T out{};
  std::memcpy(&out, CMSG_DATA(&part), sizeof(out));
  return out;
}

/// To send, part by part: room for the source of a packet and its time to live.
class Ancillary {
 public:
  template <class T>
  void add(int level, int type, const T& value) {
    METALLB_CONTRACT(size_ + CMSG_SPACE(sizeof(value)) <= bytes_.size(), "ancillary data has its room");
    auto* part = reinterpret_cast<cmsghdr*>(bytes_.data() + size_);
    part->cmsg_level = level;
    part->cmsg_type = type;
    part->cmsg_len = CMSG_LEN(sizeof(value));
    std::memcpy(CMSG_DATA(part), &value, sizeof(value));
    size_ += CMSG_SPACE(sizeof(value));
  }
  /// `message` must not outlive this.
  void attach_to(msghdr& message) {
    message.msg_control = bytes_.data();
    message.msg_controllen = size_;
  }

 private:
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int))> bytes_{};
  std::size_t size_ = 0;
};

}  // namespace metallb::io
