// Many BGP peers that only count: one listening address each, all in one process, so that what they cost is not the
// speaker's. They take the connections, but say nothing before they are told to; so a speaker can be ready to the last
// connection, and what is measured from then on is its work alone, not its waits for the next attempt.
//
//   counting_sink PREFIXES ADDRESS...      IPv4, port 179; PREFIXES distinct /32 are expected on each
//
// Standard output: "listening"; "connected" when a connection is open on every address. Standard input: "go": the peers
// answer OPENs from now on. Output: "all" when the last peer has every prefix; input "report": one line of JSON. It ends
// with its input.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace {

constexpr std::uint16_t kPort = 179;
constexpr std::uint16_t kAs = 64513;
constexpr std::size_t kHeader = 19;
constexpr std::size_t kLongest = 4096;
enum Type : std::uint8_t { kOpen = 1, kUpdate = 2, kNotification = 3, kKeepalive = 4, kRouteRefresh = 5 };

using Clock = std::chrono::steady_clock;
using Bytes = std::vector<std::uint8_t>;

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "counting_sink: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

std::uint16_t u16(const std::uint8_t* at) {
  return static_cast<std::uint16_t>(at[0] << 8 | at[1]);
}

Bytes message(Type type, std::initializer_list<std::uint8_t> body) {
  Bytes out(16, 0xFF);
  const auto size = kHeader + body.size();
  out.push_back(static_cast<std::uint8_t>(size >> 8));
  out.push_back(static_cast<std::uint8_t>(size));
  out.push_back(type);
  out.insert(out.end(), body);
  return out;
}

/// RFC 4271, Section 4.2: hold time 90 s, identifier 198.51.100.255; IPv4 unicast, route refresh, four-octet AS.
Bytes open_message() {
  constexpr std::uint8_t high = kAs >> 8;
  constexpr std::uint8_t low = kAs & 0xFF;
  return message(kOpen, {4, high, low, 0, 90, 198, 51, 100, 255, 16, 2, 14, 1, 4, 0, 1, 0, 1, 2, 0, 65, 4, 0, 0, high, low});
}

/// What is counted since the connection was made.
struct Counts {
  std::uint64_t bytes = 0;         ///< of all messages
  std::uint64_t update_bytes = 0;  ///< of UPDATEs with routes
  std::uint64_t updates = 0;       ///< with routes
  std::uint64_t ends_of_rib = 0;
  std::uint64_t withdrawn = 0;  ///< bytes of withdrawn routes: nobody should have any
  std::uint64_t reads = 0;
  std::unordered_set<std::uint32_t> prefixes;
  std::string attributes;  ///< of the first UPDATE with routes
  bool attributes_differ = false;
  double all_at = -1;  ///< milliseconds after "go"
};

struct Peer {
  std::string address;
  int listener = -1;
  int connection = -1;
  Bytes pending;  ///< the beginning of a message
  Counts counts;
};

class Sink {
 public:
  Sink(std::size_t expected, int count, char** addresses) : expected_(expected), buffer_(1U << 18U) {
    poll_ = ::epoll_create1(0);
    for (int i = 0; i < count; ++i) {
      peers_.emplace_back().address = addresses[i];
      peers_.back().listener = listen_on(addresses[i]);
      watch(peers_.back().listener, static_cast<std::uint32_t>(2 * i));
    }
    watch(STDIN_FILENO, kInput);
    say("listening");
  }

  void run() {
    std::array<epoll_event, 64> events{};
    for (;;) {
      const int count = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const auto source = events.at(static_cast<std::size_t>(i)).data.u32;
        if (source == kInput) {
          if (!command()) return;
        } else if (source % 2 == 0) {
          accept(source / 2);
        } else {
          read(peers_[source / 2]);
        }
      }
    }
  }

 private:
  static constexpr std::uint32_t kInput = ~0U;

  static void say(const std::string& text) {
    std::printf("%s\n", text.c_str());
    std::fflush(stdout);
  }

  static int listen_on(const char* address) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(kPort);
    if (::inet_pton(AF_INET, address, &at.sin_addr) != 1) die(address);
    if (::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 || ::listen(listener, 4) != 0) die(address);
    return listener;
  }

  void watch(int descriptor, std::uint32_t source) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = source;
    if (::epoll_ctl(poll_, EPOLL_CTL_ADD, descriptor, &event) != 0) die("epoll_ctl");
  }

  /// One connection per peer: a speaker that comes anew has given up the one before.
  void accept(std::size_t number) {
    auto& peer = peers_[number];
    const int accepted = ::accept4(peer.listener, nullptr, nullptr, SOCK_NONBLOCK);
    if (accepted < 0) return;
    if (peer.connection >= 0) {
      std::fprintf(stderr, "counting_sink: %s: one more connection\n", peer.address.c_str());
      ::close(peer.connection);
    }
    peer.connection = accepted;
    peer.pending.clear();
    peer.counts = {};
    if (going_) return start(number);
    for (const auto& other : peers_) {
      if (other.connection < 0) return;
    }
    if (!std::exchange(told_, true)) say("connected");
  }

  void start(std::size_t number) {
    write(peers_[number], open_message());
    watch(peers_[number].connection, static_cast<std::uint32_t>(2 * number + 1));
  }

  bool command() {
    std::array<char, 256> text{};
    const auto size = ::read(STDIN_FILENO, text.data(), text.size());
    if (size <= 0) return false;
    if (text[0] == 'r') report();
    if (text[0] != 'g') return true;
    going_ = true;
    went_ = Clock::now();
    for (std::size_t i = 0; i < peers_.size(); ++i) {
      if (peers_[i].connection >= 0) start(i);
    }
    return true;
  }

  static void write(const Peer& peer, const Bytes& bytes) {
    if (::send(peer.connection, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) {
      std::fprintf(stderr, "counting_sink: %s: cannot write: %s\n", peer.address.c_str(), std::strerror(errno));
    }
  }

  void read(Peer& peer) {
    const auto size = ::recv(peer.connection, buffer_.data(), buffer_.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) {
      std::fprintf(stderr, "counting_sink: %s: the connection ended\n", peer.address.c_str());
      ::close(peer.connection);
      peer.connection = -1;
      return;
    }
    ++peer.counts.reads;
    peer.pending.insert(peer.pending.end(), buffer_.begin(), buffer_.begin() + size);
    std::size_t at = 0;
    while (peer.pending.size() - at >= kHeader) {
      const std::size_t length = u16(&peer.pending[at + 16]);
      if (length < kHeader || length > kLongest) die(peer.address + ": not a BGP message");
      if (peer.pending.size() - at < length) break;
      take(peer, &peer.pending[at], length);
      at += length;
    }
    peer.pending.erase(peer.pending.begin(), peer.pending.begin() + static_cast<std::ptrdiff_t>(at));
  }

  void take(Peer& peer, const std::uint8_t* bytes, std::size_t length) {
    peer.counts.bytes += length;
    const auto type = bytes[kHeader - 1];
    if (type == kOpen) write(peer, message(kKeepalive, {}));
    if (type == kUpdate) update(peer, bytes, length);
    if (type == kNotification) {
      std::fprintf(stderr, "counting_sink: %s: NOTIFICATION %d/%d\n", peer.address.c_str(), bytes[19], bytes[20]);
    }
  }

  /// RFC 4271, Section 4.3
  void update(Peer& peer, const std::uint8_t* bytes, std::size_t length) {
    auto& counts = peer.counts;
    const std::size_t withdrawn = u16(bytes + kHeader);
    std::size_t at = kHeader + 2 + withdrawn;
    const std::size_t attributes = at + 2 <= length ? u16(bytes + at) : length;
    at += 2;
    if (at + attributes > length) die(peer.address + ": an UPDATE whose lengths are wrong");
    if (withdrawn == 0 && attributes == 0 && at == length) {  // RFC 4724, Section 2
      ++counts.ends_of_rib;
      return;
    }
    ++counts.updates;
    counts.update_bytes += length;
    counts.withdrawn += withdrawn;
    const std::string_view text(reinterpret_cast<const char*>(bytes + at), attributes);
    if (counts.attributes.empty()) {
      counts.attributes = text;
      counts.prefixes.reserve(expected_);
    }
    counts.attributes_differ |= counts.attributes != text;
    for (at += attributes; at + 5 <= length; at += 5) {
      if (bytes[at] != 32) die(peer.address + ": a prefix that is not a /32");
      std::uint32_t address = 0;
      std::memcpy(&address, bytes + at + 1, sizeof address);
      counts.prefixes.insert(address);
    }
    if (at != length) die(peer.address + ": an UPDATE that ends within a prefix");
    if (counts.all_at < 0 && counts.prefixes.size() == expected_) finished(counts);
  }

  void finished(Counts& counts) {
    counts.all_at = std::chrono::duration<double, std::milli>(Clock::now() - went_).count();
    for (const auto& other : peers_) {
      if (other.counts.all_at < 0) return;
    }
    say("all");
  }

  static std::string hexadecimal(const std::string& bytes) {
    constexpr auto kDigits = "0123456789abcdef";
    std::string out;
    for (const char byte : bytes) {
      out += kDigits[static_cast<std::uint8_t>(byte) >> 4];
      out += kDigits[static_cast<std::uint8_t>(byte) & 15];
    }
    return out;
  }

  void report() const {
    std::string out = "[";
    for (const auto& peer : peers_) {
      const auto& counts = peer.counts;
      if (out.size() > 1) out += ", ";
      out += R"({"address": ")" + peer.address + R"(", "bytes": )" + std::to_string(counts.bytes) + R"(, "update_bytes": )" +
             std::to_string(counts.update_bytes) + R"(, "updates": )" + std::to_string(counts.updates) +
             R"(, "ends_of_rib": )" + std::to_string(counts.ends_of_rib) + R"(, "withdrawn_bytes": )" +
             std::to_string(counts.withdrawn) + R"(, "reads": )" + std::to_string(counts.reads) + R"(, "prefixes": )" +
             std::to_string(counts.prefixes.size()) + R"(, "attributes": ")" + hexadecimal(counts.attributes) +
             R"(", "attributes_differ": )" + (counts.attributes_differ ? "true" : "false") + R"(, "all_at_ms": )" +
             std::to_string(counts.all_at) + R"(, "connected": )" + (peer.connection >= 0 ? "true" : "false") + "}";
    }
    say(out + "]");
  }

  std::size_t expected_;
  Bytes buffer_;
  int poll_ = -1;
  std::vector<Peer> peers_;
  bool told_ = false;  ///< that all are connected
  bool going_ = false;
  Clock::time_point went_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: counting_sink PREFIXES ADDRESS...\n");
    return 2;
  }
  Sink(std::strtoul(argv[1], nullptr, 10), argc - 2, argv + 2).run();
}
