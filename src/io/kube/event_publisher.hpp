// Brings a component's notes to the user: runs kube::EventRecorder on the loop and carries out its writes.
#pragma once

#include <boost/asio/io_context.hpp>

#include "io/driver.hpp"
#include "io/kube/kube_client.hpp"
#include "kube/event_recorder.hpp"

namespace metallb::io {

class EventPublisher {
 public:
  /// `writer` must outlive it.
  EventPublisher(boost::asio::io_context& loop, KubeWriter& writer, kube::EventRecorder::Source source)
      : recorder_(std::move(source)), driver_(loop, recorder_, [this, &writer](kube::EventRecorder::Output& writes) {
          for (auto& write : writes) {
            writer.submit(std::move(write), [this](kube::WriteDone done) { driver_.feed(std::move(done)); });
          }
        }) {}

  void publish(kube::EventNote note) { driver_.feed(std::move(note)); }

 private:
  kube::EventRecorder recorder_;
  Driver<kube::EventRecorder, kube::EventRecorder::Input, kube::EventRecorder::Output> driver_;
};

}  // namespace metallb::io
