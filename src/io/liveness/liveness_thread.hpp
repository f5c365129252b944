// The liveness thread: the loop of what must answer in time, the membership (gossip_driver.hpp), BFD (bfd_driver.hpp), or
// both. It has nothing else to do, and shares nothing with the main thread but mailboxes.
//
//     io::LivenessThread thread;
//     auto gossip = io::GossipDriver::open(thread, ...);  // drivers first: they put their sockets on the loop
//     auto bfd = io::BfdDriver::open(thread, ...);
//     thread.start();
//
// A driver is of one piece with the thread: the first one that is destroyed stops it.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

namespace metallb::io {

class LivenessThread {
 public:
  LivenessThread();
  ~LivenessThread();  ///< stops; the drivers have gone before
  LivenessThread(const LivenessThread&) = delete;
  LivenessThread& operator=(const LivenessThread&) = delete;

  /// Once; afterwards no driver can be added.
  void start();
  /// Nothing runs on the loop any more when it returns, nor ever again. Not from the thread itself.
  void stop();
  [[nodiscard]] bool started() const { return started_; }
  [[nodiscard]] boost::asio::io_context& loop() { return loop_; }

 private:
  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  bool started_ = false;
  std::thread thread_;
};

}  // namespace metallb::io
