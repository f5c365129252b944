// What the cores of a simulated speaker want done.
#include <utility>
#include <variant>

#include "sim/speaker_process.hpp"

namespace metallb::sim {

// ---- what the membership wants done ----

void SpeakerProcess::carry_out(gossip::Output& out) {
  for (auto& action : out) {
    std::visit([this](auto& a) { do_one(a); }, action);
  }
}

void SpeakerProcess::do_one(gossip::SendPacket& action) {
  if (options_.defects.floods) {
    for (int i = 0; i < 100; ++i) host_.send_datagram(action.to, action.packet);
  }
  host_.send_datagram(action.to, std::move(action.packet));
}

void SpeakerProcess::do_one(gossip::Dial& action) {
  network_.streams.dial(host_, *this, action.stream, action.to);
}

void SpeakerProcess::do_one(gossip::SendStream& action) {
  network_.streams.send(*this, action.stream, std::move(action.data), action.last);
}

void SpeakerProcess::do_one(gossip::CloseStream& action) {
  network_.streams.close(*this, action.stream);
}

void SpeakerProcess::do_one(gossip::AskWitness& action) {
  // Posted: an answer may be there at once, and the core is not entered while it acts.
  network_.timeline.after(std::chrono::microseconds(10), [this, request = action.request, accused = action.accused] {
    if (ended_) return;
    host_.ask_witness(accused, [this, request](std::optional<bool> heard) {
      const auto answer = !heard   ? gossip::WitnessAnswer::kNobodyToAsk
                          : *heard ? gossip::WitnessAnswer::kHeard
                                   : gossip::WitnessAnswer::kSilent;
      liveness_.run([this, request, answer] {
        membership_driven_.feed(gossip::WitnessAnswered{.request = request, .answer = answer});
      });
    });
  });
}

void SpeakerProcess::do_one(gossip::ElectorateChanged& action) {
  electorate_ = std::move(action);
  observer_.electorate_changed(*this, electorate_);
  if (options_.membership_only) return;
  main_.post([this] {
    joining_->feed(electorate_);
    tell_electorate();
  });
}

void SpeakerProcess::tell_electorate() {
  // Whom this node may count on while it goes is not asked any more.
  if (stopping_) return;
  speaker_driven_.feed(
      speaker::MembersChanged{.members = electorate_.members, .hold_takeovers = holds(), .left = electorate_.left});
}

void SpeakerProcess::first_join_ended() {
  first_join_ended_ = true;
  tell_electorate();
}

void SpeakerProcess::join(std::vector<IpAddress> addresses) {
  liveness_.post([this, addresses = std::move(addresses)] { membership_driven_.feed(gossip::Join{addresses}); });
}

void SpeakerProcess::do_one(gossip::MemberSeen& action) {
  if (action.node != name()) member_addresses_[action.node] = action.address;
  tell_neighbours();
  observer_.member_seen(*this, action);
  tell_joining(std::move(action));
}

void SpeakerProcess::do_one(gossip::JoinFinished& action) {
  tell_joining(std::move(action));
}

void SpeakerProcess::tell_joining(speaker::DiscoveryInput input) {
  if (joining_) main_.post([this, input = std::move(input)] { joining_->feed(input); });
}

void SpeakerProcess::do_one(gossip::LeaveFinished& /*action*/) {
  main_.post([this] {
    left_ = true;
    exit_when_done();
  });
}

// ---- what the others want done ----

void SpeakerProcess::carry_out(std::vector<layer2::Action>& out) {
  for (auto& action : out) {
    if (auto* send = std::get_if<layer2::SendFrame>(&action)) {
      if (send->purpose != layer2::Purpose::kProbe) observer_.frame_sent(*this, send->address);
      host_.send_frame(std::move(send->frame));
    } else if (const auto* capture = std::get_if<layer2::CaptureChanged>(&action)) {
      arp_filter_ = capture->arp ? layer2::arp_capture_filter(capture->addresses) : layer2::FilterProgram{};
      ndp_filter_ = capture->ndp ? layer2::ndp_capture_filter(capture->addresses) : layer2::FilterProgram{};
    } else if (const auto* seen = std::get_if<layer2::ConflictSeen>(&action)) {
      if (network_.trace.events()) {
        network_.trace.say(name(), "sees " + seen->mac.to_string() + " (" + seen->node.value_or("a stranger") +
                                       (seen->announced ? ") announce " : ") use ") + seen->address.to_string());
      }
      if (!is_ours() || options_.defects.ignores_conflicts) continue;
      main_.post([this, conflict = *seen] { speaker_driven_.feed(conflict); });
    }
    // Group memberships: the simulated switch floods multicast.
  }
}

void SpeakerProcess::carry_out(speaker::Output& out) {
  for (auto& action : out) {
    if (auto* command = std::get_if<layer2::Command>(&action)) {
      if (options_.defects.never_withdraws && std::holds_alternative<layer2::Withdraw>(*command)) continue;
      if (options_.defects.never_announces && std::holds_alternative<layer2::Announce>(*command)) continue;
      packets_.post([this, c = std::move(*command)] {
        layer2_driven_.feed(c);
        look_at_answers();
      });
    } else if (auto* write = std::get_if<kube::Write>(&action)) {
      api_.write(std::move(*write), options_.distance.delay,
                 [this](kube::WriteDone done) { feed_speaker(std::move(done)); });
    } else if (const auto* note = std::get_if<kube::EventNote>(&action)) {
      observer_.told(*this, *note);
    }
    // BGP: the simulated LAN has no routers.
  }
}

}  // namespace metallb::sim
