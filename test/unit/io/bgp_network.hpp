// Test support: the far side of BGP connections, a second network to put it in, and a small router.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "net/ip_address.hpp"
#include "unit/bgp/router.hpp"

namespace metallb::io::test {

/// A network namespace beside the test's own. Vanishes with the object, and its interfaces with it.
class OtherNetwork {
 public:
  OtherNetwork();
  ~OtherNetwork();
  OtherNetwork(const OtherNetwork&) = delete;
  OtherNetwork& operator=(const OtherNetwork&) = delete;

  /// Runs `body` there. Sockets that it opens stay there.
  void run(const std::function<void()>& body) const;
  /// Moves an interface of the calling thread's network there.
  void take(const std::string& interface) const;

 private:
  int descriptor_ = -1;
};

/// "lan0" here with 192.168.1.1, fd00::1 and fe80::1; "peer0" in `other` with 192.168.1.2, fd00::2 and fe80::2.
void lay_cable_to(const OtherNetwork& other);

struct FarOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: any
  std::string interface;   ///< of a link-local address
  std::string password;    ///< of every peer
  int receive_buffer = 0;  ///< bytes; 0: the kernel's choice
};

/// Listens, and holds the last connection that came in. Nothing in it blocks: the test polls.
class FarEnd {
 public:
  explicit FarEnd(const FarOptions& options = {});
  ~FarEnd();
  FarEnd(const FarEnd&) = delete;
  FarEnd& operator=(const FarEnd&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// True while there is a connection: takes one that waits.
  [[nodiscard]] bool accept();
  /// What there is to read, at most `limit` bytes.
  Bytes read(std::size_t limit = 1 << 20);
  /// The near side has closed its direction: all it had sent was read.
  [[nodiscard]] bool at_end() const { return at_end_; }
  /// Why reading failed: "" if it did not.
  [[nodiscard]] const std::string& broken() const { return broken_; }
  void write(ByteView bytes) const;
  void close();
  /// Closes with RST.
  void abort();
  /// The IP header of the SYN of the connection.
  [[nodiscard]] Bytes first_header() const;
  [[nodiscard]] IpAddress peer_address() const;

 private:
  int listening_ = -1;
  int connection_ = -1;
  std::uint16_t port_ = 0;
  bool at_end_ = false;
  std::string broken_;
};

/// A router of AS 64513 that answers, and keeps what it is told.
class FarRouter {
 public:
  explicit FarRouter(const FarOptions& options = {}) : end_(options) {}
  /// Takes what came, and answers an OPEN. To be called again and again.
  void turn();
  [[nodiscard]] FarEnd& end() { return end_; }
  [[nodiscard]] std::uint16_t port() const { return end_.port(); }

  bgp::test::Router told;
  std::size_t opens = 0;
  std::vector<bgp::Notification> notifications;

 private:
  FarEnd end_;
  Bytes incomplete_;
};

}  // namespace metallb::io::test
