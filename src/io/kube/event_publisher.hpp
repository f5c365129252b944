// Brings a component's notes to the user: runs kube::EventRecorder on the loop and carries out its writes, a few at a time,
// so that a thousand notes (a fail-over, a start) do not stand in the way of status writes and lists.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <deque>
#include <utility>

#include "io/driver.hpp"
#include "io/kube/kube_client.hpp"
#include "kube/event_recorder.hpp"

namespace metallb::io {

class EventPublisher {
 public:
  /// `writer` must outlive it, or at least call nothing back afterwards.
  EventPublisher(boost::asio::io_context& loop, KubeWriter& writer, kube::EventRecorder::Source source)
      : writer_(writer), recorder_(std::move(source)), driver_(loop, recorder_, [this](kube::EventRecorder::Output& writes) {
          for (auto& write : writes) waiting_.push_back(std::move(write));
          submit();
        }) {}

  void publish(kube::EventNote note) { driver_.feed(std::move(note)); }

 private:
  static constexpr std::size_t kAtOnce = 3;

  /// The recorder bounds how many can be waiting.
  void submit() {
    while (under_way_ < kAtOnce && !waiting_.empty()) {
      ++under_way_;
      auto write = std::move(waiting_.front());
      waiting_.pop_front();
      writer_.submit(std::move(write), [this](kube::WriteDone done) {
        --under_way_;
        driver_.feed(std::move(done));
        submit();
      });
    }
  }

  KubeWriter& writer_;
  kube::EventRecorder recorder_;
  std::deque<kube::Write> waiting_;
  std::size_t under_way_ = 0;
  Driver<kube::EventRecorder, kube::EventRecorder::Input, kube::EventRecorder::Output> driver_;
};

}  // namespace metallb::io
