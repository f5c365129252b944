#include "unit/io/far_network.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "unit/io/packets_network.hpp"

namespace metallb::io::test {

FarNetwork::FarNetwork() {
  std::thread([this] {
    EXPECT_EQ(::unshare(CLONE_NEWNET), 0);
    namespace_ = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  }).join();
  lay_cable();
  ip("link set peer0 netns /proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(namespace_));
  ip("addr add 192.168.1.101/24 dev lan0");
  ip("addr add fd00::101/64 dev lan0 nodad");
  run([] {
    ip("link set peer0 addrgenmode none up");
    ip("addr add 192.168.1.102/24 dev peer0");
    ip("addr add fd00::102/64 dev peer0 nodad");
    ip("addr add fe80::2/64 dev peer0 nodad");
  });
}

FarNetwork::~FarNetwork() {
  ::close(namespace_);
}

void FarNetwork::run(const std::function<void()>& body) const {
  std::thread([&] {
    ASSERT_EQ(::setns(namespace_, CLONE_NEWNET), 0);
    body();
  }).join();
}

}  // namespace metallb::io::test
