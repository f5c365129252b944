#include "unit/io/packets_network.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <system_error>
#include <thread>

namespace metallb::io::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kPatience = std::chrono::seconds(5);

std::string text_of(const LogValue& value) {
  std::ostringstream out;
  std::visit(
      [&out]<class T>(const T& v) {
        if constexpr (std::is_same_v<T, std::nullptr_t>) {
          out << "null";
        } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
          for (const auto& item : v) out << item << ',';
        } else {
          out << v;
        }
      },
      value);
  return out.str();
}

}  // namespace

std::optional<std::string> in_own_network(const std::function<void()>& body) {
  std::optional<std::string> refused;
  // A thread of its own: the namespace is a thread's property, and ends with its last user.
  std::thread([&] {
    if (::unshare(CLONE_NEWNET) != 0) {
      refused = "a network namespace of its own is not permitted here: " + std::generic_category().message(errno);
      return;
    }
    body();
  }).join();
  return refused;
}

void ip(const std::string& arguments) {
  const auto status = std::system(("ip " + arguments).c_str());
  EXPECT_EQ(status, 0) << "ip " << arguments;
}

void lay_cable() {
  ip("link add lan0 type veth peer name peer0");
  ip("link set lan0 addrgenmode none");
  ip("link set peer0 addrgenmode none");
  ip("link set lan0 up");
  ip("link set peer0 up");
  ip("addr add fe80::1/64 dev lan0 nodad");
}

InterfaceIndex index_of(const std::string& interface) {
  return InterfaceIndex(static_cast<std::int32_t>(::if_nametoindex(interface.c_str())));
}

MacAddress mac_of(const std::string& interface) {
  const int descriptor = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  EXPECT_EQ(::ioctl(descriptor, SIOCGIFHWADDR, &request), 0) << interface;
  ::close(descriptor);
  std::array<std::uint8_t, 6> bytes{};
  std::memcpy(bytes.data(), request.ifr_hwaddr.sa_data, bytes.size());
  return MacAddress(bytes);
}

IpAddress address(const std::string& text) {
  const auto parsed = IpAddress::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(IpAddress());
}

bool eventually(boost::asio::io_context& main_loop, const std::function<bool()>& condition) {
  const auto end = Clock::now() + kPatience;
  do {
    main_loop.restart();
    main_loop.poll();
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  } while (Clock::now() < end);
  return false;
}

Tap::Tap(const std::string& interface) : mac_(mac_of(interface)) {
  descriptor_ = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_ll own{};
  own.sll_family = AF_PACKET;
  own.sll_protocol = htons(ETH_P_ALL);
  own.sll_ifindex = index_of(interface).value();
  EXPECT_EQ(::bind(descriptor_, reinterpret_cast<const sockaddr*>(&own), sizeof(own)), 0) << interface;
}

Tap::~Tap() {
  ::close(descriptor_);
}

void Tap::send(const Bytes& frame) const {
  EXPECT_EQ(::send(descriptor_, frame.data(), frame.size(), 0), static_cast<ssize_t>(frame.size()));
}

std::optional<Bytes> Tap::await(const Matches& matches, int milliseconds) const {
  const auto end = Clock::now() + std::chrono::milliseconds(milliseconds);
  for (;;) {
    Bytes frame(2048);
    sockaddr_ll from{};
    socklen_t size = sizeof(from);
    const auto length = ::recvfrom(descriptor_, frame.data(), frame.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (length >= 0) {
      frame.resize(static_cast<std::size_t>(length));
      if (from.sll_pkttype != PACKET_OUTGOING && matches(frame)) return frame;
      continue;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) return std::nullopt;
    pollfd waiting{descriptor_, POLLIN, 0};
    (void)::poll(&waiting, 1, static_cast<int>(left));
  }
}

Bytes Tap::arp_request(const IpAddress& target) const {
  return layer2::encode_arp({.ethernet_destination = MacAddress::broadcast(),
                             .ethernet_source = mac_,
                             .operation = layer2::ArpOperation::kRequest,
                             .sender_mac = mac_,
                             .sender_ip = IpAddress::v4(192, 168, 1, 35),
                             .target_mac = MacAddress(),
                             .target_ip = target});
}

namespace {

/// An answer addressed to `asker`: announcements do not count.
bool answers(ByteView frame, const MacAddress& asker, const IpAddress& target) {
  const auto packet = layer2::decode_arp(frame);
  return packet && packet->operation == layer2::ArpOperation::kReply && packet->ethernet_destination == asker &&
         packet->sender_ip == target;
}

}  // namespace

std::optional<layer2::ArpPacket> Tap::resolve(const IpAddress& target) const {
  for (int attempt = 0; attempt < 100; ++attempt) {
    send(arp_request(target));
    if (const auto frame = await([&](ByteView f) { return answers(f, mac_, target); }, 50)) {
      return layer2::decode_arp(*frame).value();
    }
  }
  return std::nullopt;
}

bool Tap::unanswered(const IpAddress& target) const {
  for (int attempt = 0; attempt < 3; ++attempt) {
    send(arp_request(target));
    if (await([&](ByteView f) { return answers(f, mac_, target); }, 50)) return false;
  }
  return true;
}

void LogLines::write(const LogRecord& record) {
  std::string line;
  for (const auto& field : record.fields) line += std::string(field.key) + "=" + text_of(field.value) + " ";
  const std::lock_guard lock(mutex_);
  lines_.push_back(std::move(line));
}

std::size_t LogLines::count(const std::string& text) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(lines_.begin(), lines_.end(), [&](const auto& line) { return line.find(text) != std::string::npos; }));
}

Announcer::Announcer(std::string exclude_expression, bool arp_in_kernel) {
  auto started = PacketsThread::start(
      main_, {.exclude_expression = std::move(exclude_expression), .arp_in_kernel = arp_in_kernel},
      {.interfaces_changed = [this](std::set<std::string> names) { interfaces_ = std::move(names); }}, Log(log_));
  if (!started) throw std::runtime_error(started.error().to_string());
  thread_ = std::move(*started);
}

void Announcer::announce(const std::string& ip, const layer2::InterfaceSet& interfaces) const {
  thread_->send(layer2::Announce{.service = {"default", "web"}, .address = address(ip), .interfaces = interfaces});
}

void Announcer::withdraw(const std::string& ip) const {
  thread_->send(layer2::Withdraw{.service = {"default", "web"}, .address = address(ip)});
}

}  // namespace metallb::io::test
