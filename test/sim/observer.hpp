// What the simulated processes tell whoever watches over the invariants (invariants.hpp) or measures.
#pragma once

#include "base/bytes.hpp"
#include "gossip/inputs_and_actions.hpp"
#include "kube/write.hpp"
#include "net/ip_address.hpp"

namespace metallb::sim {

class SpeakerProcess;

class Observer {
 public:
  virtual ~Observer() = default;
  /// It began, or ceased, to answer for the address.
  virtual void answers_changed(SpeakerProcess& who, const IpAddress& address, bool answers) = 0;
  /// A frame came to its attention, whether or not its socket's filter lets it pass.
  virtual void frame_seen(SpeakerProcess& who, ByteView frame) = 0;
  /// It sends a frame about the address.
  virtual void frame_sent(SpeakerProcess& who, const IpAddress& address) = 0;
  virtual void electorate_changed(SpeakerProcess& who, const gossip::ElectorateChanged& electorate) = 0;
  virtual void member_seen(SpeakerProcess& who, const gossip::MemberSeen& seen) = 0;
  virtual void told(SpeakerProcess& who, const kube::EventNote& note) = 0;
  /// It has come to its end after a clean stop.
  virtual void exited(SpeakerProcess& who) = 0;
};

}  // namespace metallb::sim
