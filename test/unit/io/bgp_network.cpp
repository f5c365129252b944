#include "unit/io/bgp_network.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "io/sockets/address.hpp"
#include "unit/io/packets_network.hpp"

namespace metallb::io::test {

OtherNetwork::OtherNetwork() {
  std::thread([this] {
    EXPECT_EQ(::unshare(CLONE_NEWNET), 0);
    descriptor_ = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  }).join();
  EXPECT_GE(descriptor_, 0);
}

OtherNetwork::~OtherNetwork() {
  ::close(descriptor_);
}

void OtherNetwork::run(const std::function<void()>& body) const {
  std::thread([&] {
    ASSERT_EQ(::setns(descriptor_, CLONE_NEWNET), 0);
    body();
  }).join();
}

void OtherNetwork::take(const std::string& interface) const {
  ip("link set " + interface + " netns /proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(descriptor_));
}

void lay_cable_to(const OtherNetwork& other) {
  lay_cable();
  other.take("peer0");
  ip("link set lo up");
  ip("addr add 192.168.1.1/24 dev lan0");
  ip("addr add fd00::1/64 dev lan0 nodad");
  other.run([] {
    ip("link set lo up");
    ip("link set peer0 up");
    ip("addr add 192.168.1.2/24 dev peer0");
    ip("addr add fd00::2/64 dev peer0 nodad");
    ip("addr add fe80::2/64 dev peer0 nodad");
  });
}

FarEnd::FarEnd(const FarOptions& options) {
  const auto own_address = address(options.address);
  auto own = to_socket_address(own_address, options.port);
  const int on = 1;
  listening_ = ::socket(own.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  (void)::setsockopt(listening_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (!options.interface.empty()) {
    reinterpret_cast<sockaddr_in6*>(&own.storage)->sin6_scope_id = ::if_nametoindex(options.interface.c_str());
  }
  if (options.receive_buffer > 0) {
    (void)::setsockopt(listening_, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer, sizeof(options.receive_buffer));
  }
  if (!options.password.empty()) {  // for every address
    tcp_md5sig key{};
    key.tcpm_addr.ss_family = static_cast<sa_family_t>(own.family());
    key.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX;
    key.tcpm_keylen = static_cast<std::uint16_t>(options.password.size());
    std::memcpy(key.tcpm_key, options.password.data(), options.password.size());
    EXPECT_EQ(::setsockopt(listening_, IPPROTO_TCP, TCP_MD5SIG_EXT, &key, sizeof(key)), 0) << std::strerror(errno);
  }
  (void)::setsockopt(listening_, IPPROTO_TCP, TCP_SAVE_SYN, &on, sizeof(on));
  EXPECT_EQ(::bind(listening_, own.get(), own.size), 0) << options.address << ": " << std::strerror(errno);
  EXPECT_EQ(::listen(listening_, 5), 0);
  own.size = sizeof(own.storage);
  EXPECT_EQ(::getsockname(listening_, own.get(), &own.size), 0);
  port_ = port_of(own);
}

FarEnd::~FarEnd() {
  close();
  ::close(listening_);
}

bool FarEnd::accept() {
  const int next = ::accept4(listening_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (next < 0) return connection_ >= 0;
  close();
  connection_ = next;
  at_end_ = false;
  broken_.clear();
  return true;
}

Bytes FarEnd::read(std::size_t limit) {
  Bytes out;
  while (connection_ >= 0 && !at_end_ && out.size() < limit) {
    std::uint8_t piece[16384];
    const auto size = ::recv(connection_, piece, std::min(sizeof(piece), limit - out.size()), 0);
    if (size == 0) at_end_ = true;
    if (size < 0 && errno != EAGAIN) broken_ = std::strerror(errno);
    if (size <= 0) break;
    out.insert(out.end(), piece, piece + size);
  }
  return out;
}

void FarEnd::write(ByteView bytes) const {
  EXPECT_EQ(::send(connection_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
}

void FarEnd::close() {
  if (connection_ >= 0) ::close(std::exchange(connection_, -1));
}

void FarEnd::abort() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  EXPECT_EQ(::setsockopt(connection_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
  close();
}

Bytes FarEnd::first_header() const {
  Bytes out(256);
  socklen_t size = static_cast<socklen_t>(out.size());
  EXPECT_EQ(::getsockopt(connection_, IPPROTO_TCP, TCP_SAVED_SYN, out.data(), &size), 0);
  out.resize(size);
  return out;
}

IpAddress FarEnd::peer_address() const {
  SocketAddress from;
  from.size = sizeof(from.storage);
  EXPECT_EQ(::getpeername(connection_, from.get(), &from.size), 0);
  return host_of(from).value();
}

void FarRouter::turn() {
  if (!end_.accept()) return;
  const auto more = end_.read();
  incomplete_.insert(incomplete_.end(), more.begin(), more.end());
  told.internal = false;
  const bgp::DecodeContext context{.extended_message = true, .internal = false};
  while (incomplete_.size() >= bgp::kHeaderSize) {
    const auto header = bgp::read_header(incomplete_, context);
    ASSERT_TRUE(header) << "the stream is broken";
    if (header->length > incomplete_.size()) return;
    const Bytes whole(incomplete_.begin(), incomplete_.begin() + header->length);
    incomplete_.erase(incomplete_.begin(), incomplete_.begin() + header->length);
    for (const auto& message : bgp::test::split(whole, context)) {
      if (const auto* open = std::get_if<bgp::Open>(&message)) {
        ++opens;
        told.routes.clear();
        bgp::Open own;
        own.my_as = 64513;
        own.hold_time = 90;
        own.identifier = bgp::RouterId(0xc00002fe);
        own.capabilities.families = open->capabilities.families;
        own.capabilities.four_octet_as = bgp::Asn(64513);
        end_.write(bgp::encode(own));
        end_.write(bgp::encode(bgp::Keepalive{}));
      } else if (const auto* notification = std::get_if<bgp::Notification>(&message)) {
        notifications.push_back(*notification);
      } else {
        told.take(whole);
      }
    }
  }
}

}  // namespace metallb::io::test
