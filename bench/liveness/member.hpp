// The member that is pinged: on a thread of its own, as in the speaker, or on a loop that does other work as well.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>

#include "gossip/instance.hpp"
#include "io/driver.hpp"
#include "io/entropy.hpp"
#include "io/liveness/gossip_driver.hpp"
#include "io/liveness/udp_socket.hpp"

namespace metallb::bench {

using Milliseconds = std::chrono::duration<double, std::milli>;

inline constexpr std::string_view kNode = "node-0";
inline const gossip::Endpoint kMember{IpAddress::v4(127, 0, 80, 1), 7946};

/// Ends the program.
[[noreturn]] inline void fail(const std::string& what) {
  std::cerr << "bench_liveness_latency: " << what << "\n";
  std::exit(1);
}

inline gossip::KeyRing ring() {
  constexpr std::string_view kSecret = "a secret of the cluster";
  return {.keys = {gossip::derive_key(Bytes(kSecret.begin(), kSecret.end()))}};
}

inline gossip::Nonce nonce() {
  gossip::Nonce out{};
  io::fill_random(out);
  return out;
}

/// Runs when it is returned.
struct MemberThread {
  io::LivenessThread thread;
  std::unique_ptr<io::GossipDriver> gossip;
};
inline std::unique_ptr<MemberThread> start_thread(boost::asio::io_context& loop) {
  auto out = std::make_unique<MemberThread>();
  auto opened = io::GossipDriver::open(out->thread, loop,
                                       {.node_name = std::string(kNode),
                                        .address = kMember.address,
                                        .port = kMember.port,
                                        .settings = gossip::lan_settings(),
                                        .ring = ring()},
                                       {.electorate_changed = [](const gossip::ElectorateChanged&) {},
                                        .member_seen = [](const gossip::MemberSeen&) {},
                                        .join_finished = [](const gossip::JoinFinished&) {},
                                        .left = [] {},
                                        .neighbours_changed = [](const std::map<MacAddress, std::string>&) {}},
                                       Log());
  if (!opened) fail(opened.error().to_string());
  out->gossip = std::move(*opened);
  out->thread.start();
  // It reports as soon as it runs.
  while (out->gossip->report().members.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return out;
}

/// The kernel's number of the liveness thread.
inline pid_t thread_number() {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(entry.path() / "comm"), name);
    if (name == "liveness") return std::stoi(entry.path().filename().string());
  }
  fail("no thread is called liveness");
}

/// The same core and socket, driven on a loop that does other work as well.
class InOneLoop {
 public:
  explicit InOneLoop(boost::asio::io_context& loop)
      : core_({.node_name = std::string(kNode),
               .address = kMember.address,
               .port = kMember.port,
               .settings = gossip::lan_settings(),
               .ring = ring(),
               .nonces = nonce,
               .seed = 1}),
        driver_(loop, core_, [this](gossip::Output& actions) {
          for (const auto& action : actions) {
            if (const auto* send = std::get_if<gossip::SendPacket>(&action)) socket_->send(send->to, send->packet);
          }
        }) {
    auto opened =
        io::UdpSocket::open(loop, kMember,
                            {.received = [this](const gossip::Endpoint& from,
                                                ByteView packet) { driver_.feed(gossip::PacketReceived{from, packet}); },
                             .unreachable = [this](const gossip::Endpoint& to) { driver_.feed(gossip::Unreachable{to}); }},
                            Log());
    if (!opened) fail(opened.error().to_string());
    socket_ = std::move(*opened);
    driver_.wake();
  }

 private:
  std::unique_ptr<io::UdpSocket> socket_;
  gossip::Instance core_;
  io::Driver<gossip::Instance, gossip::Input, gossip::Output> driver_;
};

}  // namespace metallb::bench
