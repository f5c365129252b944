// One TCP connection of BGP against a listener, on loopback or over a cable between two networks.

#include "io/bgp/bgp_connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>

#include "unit/io/bgp_network.hpp"
#include "unit/io/packets_network.hpp"

namespace metallb::io::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kSilence = "TCP timeout (no answer: wrong address, firewall, TTL or MD5)";

Bytes bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

/// The near side, and what it was told.
struct Near {
  boost::asio::io_context loop;
  std::array<std::uint8_t, 4096> buffer{};
  bool connected = false;
  std::optional<DialError> failed;
  Bytes received;
  std::size_t taken = 0;
  std::optional<std::string> disconnected;
  int over = 0;
  std::shared_ptr<BgpConnection> connection = std::make_shared<BgpConnection>(
      loop, buffer,
      BgpConnection::Handlers{
          .connected = [this] { connected = true; },
          .failed = [this](const DialError& error) { failed = error; },
          .received = [this](ByteView bytes) { received.insert(received.end(), bytes.begin(), bytes.end()); },
          .taken = [this](std::size_t count) { taken += count; },
          .disconnected = [this](const std::string& error) { disconnected = error; },
          .over = [this] { ++over; }});

  [[nodiscard]] bool eventually(const std::function<bool()>& condition) { return test::eventually(loop, condition); }
  /// Both ends have the connection.
  [[nodiscard]] bool meets(FarEnd& far, const bgp::Transport& transport) {
    connection->dial(transport, seconds(3));
    return eventually([&] { return failed || (far.accept() && connected); }) && connected;
  }
  /// Why there is no connection.
  [[nodiscard]] DialError why_not(const bgp::Transport& transport, milliseconds limit = seconds(3)) {
    connection->dial(transport, limit);
    EXPECT_TRUE(eventually([&] { return failed || connected; }));
    EXPECT_FALSE(connected);
    return failed.value_or(DialError{});
  }
};

bgp::Transport to(const std::string& text, std::uint16_t port) {
  bgp::Transport out;
  out.address = address(text);
  out.port = port;
  return out;
}

void only_loopback() {
  ip("link set lo up");
}

TEST(BgpConnection, CarriesBytesBothWays) {
  IN_OWN_NETWORK([] {
    only_loopback();
    for (const std::string where : {"127.0.0.1", "::1"}) {
      FarEnd far({.address = where});
      Near near;
      ASSERT_TRUE(near.meets(far, to(where, far.port())));
      EXPECT_EQ(near.connection->local_address(), address(where));
      near.connection->send(bytes_of("one "));
      near.connection->send(bytes_of("two"));
      far.write(bytes_of("three"));
      Bytes heard;
      EXPECT_TRUE(near.eventually([&] {
        const auto more = far.read();
        heard.insert(heard.end(), more.begin(), more.end());
        return heard.size() == 7 && near.received.size() == 5 && near.taken == 7;
      }));
      EXPECT_EQ(heard, bytes_of("one two"));
      EXPECT_EQ(near.received, bytes_of("three"));
      far.write(bytes_of("last"));
      far.close();
      EXPECT_TRUE(near.eventually([&] { return near.disconnected.has_value(); }));
      EXPECT_EQ(near.disconnected, "");
      EXPECT_EQ(near.received, bytes_of("threelast"));
      EXPECT_EQ(near.over, 0);
    }
  });
}

TEST(BgpConnection, TellsOfASlowReaderHowFarItGotAndKeepsTheOrder) {
  IN_OWN_NETWORK([] {
    only_loopback();
    FarEnd far({.receive_buffer = 4096});
    Near near;
    ASSERT_TRUE(near.meets(far, to("127.0.0.1", far.port())));
    constexpr std::size_t kAll = 4 << 20;
    for (std::size_t sent = 0; sent < kAll; sent += 4096) {
      Bytes piece(4096);
      for (std::size_t i = 0; i < piece.size(); ++i) piece[i] = static_cast<std::uint8_t>((sent + i) % 251);
      near.connection->send(std::move(piece));
    }
    near.loop.restart();
    near.loop.run_for(milliseconds(200));
    // 64 KiB that could be sent at once, and what the kernel rounds a segment up to.
    EXPECT_GT(near.taken, 0U);
    EXPECT_LT(near.taken, 256U * 1024);
    std::size_t heard = 0;
    std::size_t wrong = 0;
    EXPECT_TRUE(near.eventually([&] {
      for (int reads = 0; reads < 200; ++reads) {
        for (const auto byte : far.read(16384)) wrong += byte == heard++ % 251 ? 0 : 1;
        near.loop.restart();
        near.loop.poll();
      }
      EXPECT_LE(near.taken, heard + 256 * 1024);
      return heard == kAll;
    }));
    EXPECT_EQ(wrong, 0U);
    EXPECT_EQ(near.taken, kAll);
  });
}

TEST(BgpConnection, LingersUntilItsLastWordsAreReadAndThePeerClosesToo) {
  IN_OWN_NETWORK([] {
    only_loopback();
    FarEnd far;
    Near near;
    ASSERT_TRUE(near.meets(far, to("127.0.0.1", far.port())));
    // Input that nobody has read, and more to come: a close would answer it with RST.
    far.write(Bytes(50'000, 1));
    near.connection->send(Bytes(100'000, 2));
    near.connection->send(bytes_of("farewell"));
    near.connection->close(seconds(4));
    near.connection->send(bytes_of("not any more"));
    Bytes heard;
    EXPECT_TRUE(near.eventually([&] {
      const auto more = far.read();
      heard.insert(heard.end(), more.begin(), more.end());
      return far.at_end();
    }));
    EXPECT_EQ(heard.size(), 100'008U);
    EXPECT_EQ(far.broken(), "");
    far.write(Bytes(50'000, 1));
    EXPECT_EQ(near.over, 0);
    far.close();
    EXPECT_TRUE(near.eventually([&] { return near.over == 1; }));
    EXPECT_TRUE(near.received.empty());
    EXPECT_EQ(near.disconnected, std::nullopt);
  });
}

TEST(BgpConnection, LingersNoLongerThanTold) {
  IN_OWN_NETWORK([] {
    only_loopback();
    FarEnd far;  // which never closes
    Near near;
    ASSERT_TRUE(near.meets(far, to("127.0.0.1", far.port())));
    const auto before = std::chrono::steady_clock::now();
    near.connection->close(milliseconds(100));
    EXPECT_EQ(near.over, 0);
    EXPECT_TRUE(near.eventually([&] { return near.over == 1; }));
    EXPECT_GE(std::chrono::steady_clock::now() - before, milliseconds(100));

    Near abrupt;
    ASSERT_TRUE(abrupt.meets(far, to("127.0.0.1", far.port())));
    abrupt.connection->close(Duration::zero());
    EXPECT_EQ(abrupt.over, 1);
  });
}

TEST(BgpConnection, ReadsThePeersLastWordsAlsoWhereItCanNoLongerWrite) {
  IN_OWN_NETWORK([] {
    only_loopback();
    FarEnd far;
    Near near;
    ASSERT_TRUE(near.meets(far, to("127.0.0.1", far.port())));
    far.write(bytes_of("notification"));
    far.abort();
    near.connection->send(bytes_of("too late"));
    EXPECT_TRUE(near.eventually([&] { return near.disconnected.has_value(); }));
    EXPECT_EQ(near.received, bytes_of("notification"));
    EXPECT_NE(near.disconnected, "");
  });
}

TEST(BgpConnection, SendsWithTheTtlAndTheClassOfControlTraffic) {
  IN_OWN_NETWORK([] {
    only_loopback();
    for (const int ttl : {1, 255}) {
      FarEnd v4;
      Near near4;
      auto transport = to("127.0.0.1", v4.port());
      transport.ttl = static_cast<std::uint8_t>(ttl);
      ASSERT_TRUE(near4.meets(v4, transport));
      const auto header4 = v4.first_header();
      EXPECT_EQ(header4[8], ttl);
      EXPECT_EQ(header4[1], 0xC0);
      FarEnd v6({.address = "::1"});
      Near near6;
      transport.address = address("::1");
      transport.port = v6.port();
      ASSERT_TRUE(near6.meets(v6, transport));
      const auto header6 = v6.first_header();
      EXPECT_EQ(header6[7], ttl);
      EXPECT_EQ(((header6[0] & 0x0F) << 4) | (header6[1] >> 4), 0xC0);
    }
  });
}

TEST(BgpConnection, DropsWhatComesFromFurtherAwayThanAllowed) {
  // RFC 5082: a listener's TTL is 64 unless told.
  IN_OWN_NETWORK([] {
    only_loopback();
    for (const std::string where : {"127.0.0.1", "::1"}) {
      FarEnd far({.address = where});
      auto transport = to(where, far.port());
      transport.ttl = 255;
      transport.minimum_ttl = 255;
      EXPECT_THAT(Near().why_not(transport, milliseconds(300)).text, StartsWith(kSilence));
      transport.minimum_ttl = 64;
      Near near;
      EXPECT_TRUE(near.meets(far, transport));
    }
  });
}

TEST(BgpConnection, SaysWhyItCouldNotConnect) {
  IN_OWN_NETWORK([] {
    OtherNetwork other;
    lay_cable_to(other);
    EXPECT_EQ(Near().why_not(to("127.0.0.1", 179)).text, "TCP refused");
    EXPECT_EQ(Near().why_not(to("198.51.100.1", 179)).text, "TCP: no route to the peer");
    // Somebody is there, but it is nobody's address.
    ip("neigh add 192.168.1.9 lladdr 02:00:00:00:00:09 dev lan0 nud permanent");
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(Near().why_not(to("192.168.1.9", 179), milliseconds(300)).text, kSilence);
    EXPECT_GE(std::chrono::steady_clock::now() - before, milliseconds(300));

    auto transport = to("127.0.0.1", 179);
    transport.source = address("192.0.2.7");
    const auto no_source = Near().why_not(transport);
    EXPECT_EQ(no_source.text, "source address not on this host: 192.0.2.7");
    EXPECT_EQ(no_source.kind, DialError::Kind::kNoSource);
    transport.source = address("fd00::7");
    EXPECT_THAT(Near().why_not(transport).text, HasSubstr("different IP families"));
    transport.source.reset();

    transport.vrf = "red";
    const auto no_vrf = Near().why_not(transport);
    EXPECT_EQ(no_vrf.text, "VRF not found: red");
    EXPECT_EQ(no_vrf.kind, DialError::Kind::kNoDevice);
    transport.vrf = "a-name-that-no-device-can-have";
    EXPECT_EQ(Near().why_not(transport).kind, DialError::Kind::kNoDevice);
    transport.vrf.clear();
    transport.interface = "eth7";
    EXPECT_EQ(Near().why_not(transport).text, "interface not found: eth7");
    EXPECT_THAT(Near().why_not(to("fe80::2", 179)).text, HasSubstr("needs an interface"));
  });
}

TEST(BgpConnection, ConnectsFromTheSourceAddressAndTheDeviceItIsTold) {
  IN_OWN_NETWORK([] {
    OtherNetwork other;
    lay_cable_to(other);
    ip("addr add 192.168.1.77/24 dev lan0");
    std::unique_ptr<FarEnd> far;
    other.run([&] { far = std::make_unique<FarEnd>(FarOptions{.address = "192.168.1.2"}); });
    auto transport = to("192.168.1.2", far->port());
    transport.source = address("192.168.1.77");
    transport.interface = "lan0";
    Near near;
    ASSERT_TRUE(near.meets(*far, transport));
    EXPECT_EQ(far->peer_address(), address("192.168.1.77"));
    EXPECT_EQ(near.connection->local_address(), address("192.168.1.77"));
    transport.source.reset();
    transport.interface = "lo";  // from which nothing leads there
    EXPECT_NE(Near().why_not(transport, milliseconds(300)).text, "");
  });
}

TEST(BgpConnection, FindsALinkLocalPeerOnItsInterface) {
  IN_OWN_NETWORK([] {
    OtherNetwork other;
    lay_cable_to(other);
    for (const std::string password : {"", "secret"}) {
      std::unique_ptr<FarEnd> far;
      other.run([&] {
        far = std::make_unique<FarEnd>(FarOptions{.address = "fe80::2", .interface = "peer0", .password = password});
      });
      auto transport = to("fe80::2", far->port());
      transport.interface = "lan0";
      transport.password = password;
      Near near;
      ASSERT_TRUE(near.meets(*far, transport)) << password;
      EXPECT_EQ(near.connection->local_address(), address("fe80::1"));
      EXPECT_EQ(far->peer_address(), address("fe80::1"));
      transport.source = address("fe80::1");
      Near bound;
      EXPECT_TRUE(bound.meets(*far, transport));
    }
  });
}

TEST(BgpConnection, SignsWithThePasswordAndSaysWhatIsWrongWithIt) {
  IN_OWN_NETWORK([] {
    only_loopback();
    for (const std::string where : {"127.0.0.1", "::1"}) {
      FarEnd far({.address = where, .password = std::string(80, 'k')});
      auto transport = to(where, far.port());
      transport.password = std::string(80, 'k');
      Near near;
      ASSERT_TRUE(near.meets(far, transport));
      near.connection->send(bytes_of("signed"));
      EXPECT_TRUE(near.eventually([&] { return far.read() == bytes_of("signed"); }));
      // The counters are those of both ends, here.
      transport.password = "another";
      EXPECT_THAT(Near().why_not(transport, milliseconds(300)).text,
                  testing::AllOf(StartsWith(kSilence), HasSubstr("another password")));
      transport.password.clear();
      EXPECT_THAT(Near().why_not(transport, milliseconds(300)).text, StartsWith(kSilence));
      transport.password = std::string(81, 'k');
      EXPECT_THAT(Near().why_not(transport).text, HasSubstr("longer than 80 bytes"));

      FarEnd open({.address = where});
      transport = to(where, open.port());
      transport.password = "secret";
      EXPECT_THAT(Near().why_not(transport, milliseconds(300)).text,
                  testing::AllOf(StartsWith(kSilence), HasSubstr("has the same password")));
      transport.port = 9;
      EXPECT_THAT(Near().why_not(transport, milliseconds(300)).text,
                  testing::AllOf(StartsWith(kSilence), HasSubstr("peer listens")));
    }
  });
}

TEST(BgpConnection, IsSilentAfterItsEnd) {
  IN_OWN_NETWORK([] {
    only_loopback();
    FarEnd far;
    Near dialling;
    dialling.connection->dial(to("127.0.0.1", far.port()), seconds(3));
    dialling.connection->close(seconds(1));
    EXPECT_EQ(dialling.over, 1);
    Near refused;
    refused.connection->dial(to("fe80::1", 179), seconds(3));
    refused.connection->detach();
    for (auto* near : {&dialling, &refused}) {
      near->loop.run_for(milliseconds(50));
      EXPECT_FALSE(near->connected);
      EXPECT_FALSE(near->failed);
    }
    EXPECT_EQ(dialling.over, 1);
    EXPECT_EQ(refused.over, 0);
  });
}

}  // namespace
}  // namespace metallb::io::test
