// Runs kube::LeaderElection: asks the API server for the Lease, and tells the component whether it leads, once that is true
// of its writes as well.
//
// A write that was begun while leading may still be on its way when the leadership ends. So it is not begun anew before the
// last one of an earlier time has its answer, and the Lease is not given back before.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "app/component.hpp"
#include "io/driver.hpp"
#include "kube/leader_election.hpp"
#include "kube/objects/core.hpp"

namespace metallb::app {

class LeaderElectionRuntime {
 public:
  using OnChange = std::function<void(bool leads)>;
  /// Begins at once. `pod` is this replica's, if it knows it (else its metadata is empty): events are about it, and its name
  /// (else the host's) stands in the Lease. `component` must outlive it.
  LeaderElectionRuntime(Component& component, ObjectKey lease, kube::Pod pod, OnChange on_change);

  /// At this very moment.
  [[nodiscard]] bool may_write() const;
  void write_begins() { ++writing_; }
  void write_ended();

  /// Stops working, waits for the writes (a second at most), gives the Lease back (likewise), then calls `done`.
  void resign(std::function<void()> done);

 private:
  void carry_out(kube::LeaderElection::Output& out);
  void ask(const kube::LeaseRequest& request);
  void tell(const kube::LeaseRefused& refused);
  /// Tells of a change, if nothing stands in the way.
  void settle();
  void finish();

  Component& component_;
  kube::Pod pod_;
  OnChange on_change_;
  kube::LeaderElection core_;
  io::Driver<kube::LeaderElection, kube::LeaderElection::Input, kube::LeaderElection::Output> driver_;
  boost::asio::steady_timer patience_;
  std::function<void()> resigned_;  ///< empty until resign()
  bool finished_ = false;
  int writing_ = 0;
  bool elected_ = false;                                  ///< as the core says
  bool told_ = false;                                     ///< as the component has been told
  std::shared_ptr<int> alive_ = std::make_shared<int>();  ///< answers may come later than this ends
};

}  // namespace metallb::app
