#include "io/liveness/liveness_thread.hpp"

#include "base/contract.hpp"
#include "io/thread.hpp"

namespace metallb::io {

LivenessThread::LivenessThread() : loop_(1), work_(loop_.get_executor()) {}

LivenessThread::~LivenessThread() {
  stop();
}

void LivenessThread::start() {
  METALLB_CONTRACT(!started_, "the liveness thread was started twice");
  started_ = true;
  thread_ = start_quick_thread("liveness", [this] { loop_.run(); });
}

void LivenessThread::stop() {
  loop_.stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace metallb::io
