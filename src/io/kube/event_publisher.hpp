// Brings a component's notes to the user: runs kube::EventRecorder on the loop and carries out its writes, which come a few
// at a time and behind those of other writers, so that a thousand notes (a fail-over, a start) do not stand in the way of
// status writes and lists.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <utility>

#include "io/driver.hpp"
#include "io/kube/kube_client.hpp"
#include "kube/event_recorder.hpp"

namespace metallb::io {

class EventPublisher {
 public:
  /// `writer` is for Events alone. It must outlive this, or at least call nothing back afterwards.
  EventPublisher(boost::asio::io_context& loop, KubeWriter& writer, kube::EventRecorder::Source source)
      : writer_(writer), recorder_(std::move(source)), driver_(loop, recorder_, [this](kube::EventRecorder::Output& writes) {
          for (auto& write : writes) {
            writer_.submit(std::move(write), [this](kube::WriteDone done) { driver_.feed(std::move(done)); });
          }
        }) {}

  void publish(kube::EventNote note) { driver_.feed(std::move(note)); }

  /// For a writer whose writes go first. It must not call this any more when the publisher is gone.
  [[nodiscard]] KubeWriter::Busy behind() {
    return [this](bool busy) {
      const auto before = busy_writers_;
      busy_writers_ = busy ? before + 1 : before - 1;
      if ((before > 0) != (busy_writers_ > 0)) driver_.feed(kube::OtherWrites{busy});
    };
  }

 private:
  KubeWriter& writer_;
  kube::EventRecorder recorder_;
  std::size_t busy_writers_ = 0;
  Driver<kube::EventRecorder, kube::EventRecorder::Input, kube::EventRecorder::Output> driver_;
};

}  // namespace metallb::io
