// The TCP connections of the membership, on the loopback of a network of its own.

#include "io/liveness/streams.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "unit/io/packets_network.hpp"

namespace metallb::io::test {
namespace {

using boost::asio::ip::tcp;
using gossip::Endpoint;
using gossip::StreamId;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const Endpoint kOne{IpAddress::v4(127, 0, 0, 1), 7946};
const Endpoint kTwo{IpAddress::v4(127, 0, 0, 2), 7946};
const Endpoint kClosed{IpAddress::v4(127, 0, 0, 3), 7946};
constexpr StreamId kFirst{1};

Bytes bytes(const std::string& text) {
  return {text.begin(), text.end()};
}

/// One end, which keeps what it is told.
struct Party {
  explicit Party(boost::asio::io_context& loop, const Endpoint& own, const Streams::Limits& limits = {}) {
    auto opened = Streams::open(loop, own,
                                {.accepted =
                                     [this](StreamId id, const Endpoint& from) {
                                       expect_outside();
                                       accepted.push_back(id);
                                       peers.push_back(from.address);
                                     },
                                 .connected =
                                     [this](StreamId id) {
                                       expect_outside();
                                       connected.push_back(id);
                                     },
                                 .received =
                                     [this](StreamId id, ByteView data) {
                                       expect_outside();
                                       received[id].append(data.begin(), data.end());
                                       if (on_data) on_data(id);
                                     },
                                 .ended =
                                     [this](StreamId id, const std::string& error) {
                                       expect_outside();
                                       ended.emplace_back(id, error);
                                     }},
                                Log(log), limits);
    EXPECT_TRUE(opened) << opened.error().to_string();
    if (opened) streams = std::move(*opened);
  }
  void expect_outside() const { EXPECT_FALSE(calling) << "a handler ran from within a call"; }
  void dial(StreamId id, const Endpoint& to) {
    calling = true;
    streams->dial(id, to);
    calling = false;
  }
  void send(StreamId id, const std::string& text, bool last = false) {
    calling = true;
    streams->send(id, bytes(text), last);
    calling = false;
  }
  void close(StreamId id) {
    calling = true;
    streams->close(id);
    calling = false;
  }

  LogLines log;
  bool calling = false;
  std::vector<StreamId> accepted;
  std::vector<IpAddress> peers;
  std::vector<StreamId> connected;
  std::map<StreamId, std::string> received;
  std::vector<std::pair<StreamId, std::string>> ended;
  std::function<void(StreamId)> on_data;
  std::unique_ptr<Streams> streams;
};

/// A plain blocking client, for what a member would not do.
struct Client {
  explicit Client(boost::asio::io_context& loop, const std::string& from = "127.0.0.9") : socket(loop) {
    socket.open(tcp::v4());
    socket.bind({boost::asio::ip::make_address(from), 0});
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), 7946});
    socket.non_blocking(true);
  }
  /// What has come; "EOF" or "RST" at its end.
  std::string read() {
    std::string out;
    char buffer[4096];
    for (;;) {
      boost::system::error_code error;
      const auto size = socket.read_some(boost::asio::buffer(buffer), error);
      if (error == boost::asio::error::would_block) return out;
      if (error == boost::asio::error::eof) return out + "EOF";
      if (error) return out + "RST";
      out.append(buffer, size);
    }
  }
  tcp::socket socket;
};

TEST(Streams, CarryAMessageEachWayAndEnd) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context loop;
    Party one(loop, kOne);
    Party two(loop, kTwo);
    one.dial(kFirst, kTwo);
    ASSERT_TRUE(eventually(loop, [&] { return !one.connected.empty() && !two.accepted.empty(); }));
    EXPECT_THAT(one.connected, ElementsAre(kFirst));
    EXPECT_NE(two.accepted.front().value() & gossip::kAcceptedStream, 0U);
    EXPECT_THAT(two.peers, ElementsAre(kOne.address)) << "it dials from its own address";

    one.send(kFirst, "question");
    const auto there = two.accepted.front();
    ASSERT_TRUE(eventually(loop, [&] { return two.received[there] == "question"; }));
    two.send(there, "answer", true);
    ASSERT_TRUE(eventually(loop, [&] { return !one.ended.empty(); }));
    EXPECT_EQ(one.received[kFirst], "answer");
    EXPECT_THAT(one.ended, ElementsAre(std::pair(kFirst, std::string())));
    EXPECT_TRUE(eventually(loop, [&] { return two.ended.size() == 1; })) << "the other end follows";
    EXPECT_THAT(two.ended, ElementsAre(std::pair(there, std::string())));
    EXPECT_EQ(one.streams->size() + two.streams->size(), 0U);
  });
}

TEST(Streams, KeepWhatIsSentBeforeTheConnectionIsMade) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context loop;
    Party one(loop, kOne);
    Party two(loop, kTwo);
    one.dial(kFirst, kTwo);
    one.send(kFirst, "early", true);
    EXPECT_TRUE(eventually(loop, [&] { return !two.accepted.empty() && two.received[two.accepted.front()] == "early"; }));
  });
}

TEST(Streams, CarryMoreThanTheKernelsBuffersHold) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context loop;
    Party one(loop, kOne);
    Party two(loop, kTwo);
    one.dial(kFirst, kTwo);
    const std::string large(std::size_t{16} << 20, 'x');
    one.send(kFirst, large);
    one.send(kFirst, "end", true);
    ASSERT_TRUE(eventually(loop, [&] { return two.ended.size() == 1; }));
    EXPECT_EQ(two.received[two.accepted.front()], large + "end");
    EXPECT_EQ(two.ended.front().second, "");
  });
}

TEST(Streams, TellWhyAConnectionWasNotMade) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context loop;
    Party one(loop, kOne);
    one.dial(kFirst, kClosed);
    one.dial(StreamId(2), {address("::1"), 7946});
    one.dial(StreamId(3), {IpAddress::v4(192, 0, 2, 1), 7946});
    ASSERT_TRUE(eventually(loop, [&] { return one.ended.size() == 3; }));
    std::map<StreamId, std::string> why(one.ended.begin(), one.ended.end());
    EXPECT_THAT(why[kFirst], HasSubstr("refused"));
    EXPECT_THAT(why[StreamId(2)], HasSubstr("family"));
    EXPECT_NE(why[StreamId(3)], "");
    EXPECT_EQ(one.streams->size(), 0U);
  });
}

TEST(Streams, AnswerAPeerThatHasClosedItsDirection) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context loop;
    Party one(loop, kOne);
    // The answer is longer than what the kernel takes at once, so it is still under way when the end is read.
    const std::string answer(std::size_t{8} << 20, 'a');
    one.on_data = [&](StreamId id) { one.streams->send(id, bytes(answer), true); };
    Client client(loop);
    boost::asio::write(client.socket, boost::asio::buffer("question", 8));
    client.socket.shutdown(tcp::socket::shutdown_send);
    std::string read;
    ASSERT_TRUE(eventually(loop, [&] {
      read += client.read();
      return read.ends_with("EOF");
    }));
    EXPECT_EQ(read, answer + "EOF");
    EXPECT_TRUE(eventually(loop, [&] { return one.streams->size() == 0; }));
    EXPECT_THAT(one.ended, ElementsAre(std::pair(one.accepted.front(), std::string())));
  });
}

TEST(Streams, LetTheAnswerArriveAlsoWhenThePeerHasSentMoreThanWasRead) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context loop;
    Party one(loop, kOne);
    one.on_data = [&](StreamId id) {
      one.streams->send(id, bytes("no"), true);
      one.streams->close(id);
    };
    Client client(loop);
    boost::asio::write(client.socket, boost::asio::buffer(std::string(100'000, 'x')));
    std::string read;
    ASSERT_TRUE(eventually(loop, [&] {
      read += client.read();
      return read.size() > 2;
    }));
    EXPECT_EQ(read, "noEOF");
    client.socket.close();
    EXPECT_TRUE(eventually(loop, [&] { return one.streams->size() == 0; }));
    EXPECT_THAT(one.ended, IsEmpty()) << "the core closed it itself";
  });
}

TEST(Streams, DoNotWaitForEverForAPeerThatIsToldGoodBye) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context loop;
    Party one(loop, kOne, {.farewell = std::chrono::milliseconds(50)});
    const Client silent(loop);
    ASSERT_TRUE(eventually(loop, [&] { return one.accepted.size() == 1; }));
    one.send(one.accepted.front(), "bye", true);
    one.close(one.accepted.front());
    EXPECT_EQ(one.streams->size(), 1U);
    EXPECT_TRUE(eventually(loop, [&] { return one.streams->size() == 0; }));
  });
}

TEST(Streams, EndAtOnceWhatTheCoreClosesAndSayNoMoreAboutIt) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context loop;
    Party one(loop, kOne);
    Party two(loop, kTwo);
    one.dial(kFirst, kTwo);
    ASSERT_TRUE(eventually(loop, [&] { return two.accepted.size() == 1; }));
    one.close(kFirst);
    EXPECT_EQ(one.streams->size(), 0U);
    EXPECT_TRUE(eventually(loop, [&] { return two.ended.size() == 1; }));
    EXPECT_THAT(one.ended, IsEmpty());
    one.send(kFirst, "late");
    one.close(kFirst);
    one.close(StreamId(77));
  });
}

// gossip spec 5.
TEST(Streams, CloseConnectionsBeyondTheLimitUnansweredBeforeTheCoreHearsOfThem) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context loop;
    Party one(loop, kOne, {.accepted = 3, .accepted_from_one = 2});
    Client a(loop, "127.0.0.9");
    Client b(loop, "127.0.0.9");
    Client third_of_one(loop, "127.0.0.9");
    ASSERT_TRUE(eventually(loop, [&] { return third_of_one.read() == "EOF"; })) << "one address, too many";
    const Client other(loop, "127.0.0.8");
    ASSERT_TRUE(eventually(loop, [&] { return one.accepted.size() == 3; })) << "others still get in";
    Client too_many(loop, "127.0.0.7");
    ASSERT_TRUE(eventually(loop, [&] { return too_many.read() == "EOF"; }));
    EXPECT_THAT(one.accepted, SizeIs(3));
    EXPECT_EQ(one.streams->counters().refused, 2U);
    EXPECT_EQ(one.streams->counters().accepted, 3U);
    EXPECT_TRUE(one.log.contains("op=acceptStream from=127.0.0.9"));

    a.socket.close();
    ASSERT_TRUE(eventually(loop, [&] { return one.ended.size() == 1; }));
    const Client again(loop, "127.0.0.9");
    EXPECT_TRUE(eventually(loop, [&] { return one.accepted.size() == 4; })) << "there is room again";
  });
}

TEST(Streams, BreakAConnectionOnWhichTooMuchIsWaiting) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context loop;
    Party one(loop, kOne, {.waiting_bytes = 1000});
    const Client deaf(loop);
    ASSERT_TRUE(eventually(loop, [&] { return one.accepted.size() == 1; }));
    one.send(one.accepted.front(), std::string(1001, 'x'));
    ASSERT_TRUE(eventually(loop, [&] { return one.ended.size() == 1; }));
    EXPECT_THAT(one.ended.front().second, HasSubstr("too much"));
    EXPECT_EQ(one.streams->size(), 0U);
  });
}

TEST(Streams, BoundTheConnectionsThatAreBeingMade) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context loop;
    Party one(loop, kOne, {.dialled = 1});
    const Party two(loop, kTwo);
    one.dial(kFirst, kTwo);
    one.dial(StreamId(2), kTwo);
    ASSERT_TRUE(eventually(loop, [&] { return one.ended.size() == 1 && one.connected.size() == 1; }));
    EXPECT_EQ(one.ended.front().first, StreamId(2));
  });
}

TEST(Streams, CannotListenTwiceOrOnAnAddressThatIsNotOurs) {
  IN_OWN_NETWORK([] {
    ip("link set lo up");
    boost::asio::io_context loop;
    const Party one(loop, kOne);
    const auto twice = Streams::open(loop, kOne, {}, Log());
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().code, std::errc::address_in_use);
    EXPECT_FALSE(Streams::open(loop, {IpAddress::v4(192, 0, 2, 1), 7946}, {}, Log()));
  });
}

}  // namespace
}  // namespace metallb::io::test
