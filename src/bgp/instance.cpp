#include "bgp/instance.hpp"

#include <algorithm>
#include <utility>

#include "bgp/message_codec.hpp"

namespace metallb::bgp {
namespace {

/// After so many bytes of routes a call ends, and other sessions have their turn in the next one: 2 ms.
constexpr std::size_t kBytesPerCall = 65536;
constexpr Duration kLinger = std::chrono::seconds(1);

bool comes_from(const Accepted& in, const PeerSettings& settings) {
  const auto& transport = settings.transport;
  return settings.initiative != Initiative::kActive && transport.address == in.from && transport.vrf == in.vrf &&
         (!in.from.is_link_local() || transport.interface == in.interface);
}

}  // namespace

void Instance::on_input(Now now, const Input& in, Output& out) {
  if (!speaker_.started) speaker_.started = now.steady;
  std::visit([&](const auto& input) { take(now, input, out); }, in);
}

void Instance::on_time(Now now, Output& out) {
  if (!speaker_.started) speaker_.started = now.steady;
  // Timers first, whoever's turn it is to write.
  std::vector<PeerId> waiting;
  for (const auto& [peer, session] : sessions_) {
    if (session->has_room_and_work()) {
      waiting.push_back(peer);
    } else if (session->next_deadline() <= now.steady) {
      const auto first = out.size();
      session->on_time(now, out);
      note_connections(peer, first, out);
    }
  }
  std::rotate(waiting.begin(), std::lower_bound(waiting.begin(), waiting.end(), next_to_write_), waiting.end());
  std::size_t written = 0;
  for (const auto peer : waiting) {
    if (written >= kBytesPerCall) {
      next_to_write_ = peer;
      return;
    }
    const auto first = out.size();
    sessions_.at(peer)->on_time(now, out);
    note_connections(peer, first, out);
    for (auto i = first; i < out.size(); ++i) {
      if (const auto* send = std::get_if<Send>(&out[i])) written += send->bytes.size();
    }
  }
}

SteadyPoint Instance::next_deadline() const {
  auto deadline = kIdle;
  for (const auto& [peer, session] : sessions_) deadline = std::min(deadline, session->next_deadline());
  return deadline;
}

const Session* Instance::session(PeerId peer) const {
  const auto found = sessions_.find(peer);
  return found == sessions_.end() ? nullptr : found->second.get();
}

std::vector<PeerId> Instance::peers() const {
  std::vector<PeerId> out;
  for (const auto& [peer, session] : sessions_) out.push_back(peer);
  return out;
}

/// Which peer a connection belongs to follows from the actions.
void Instance::note_connections(PeerId peer, std::size_t first, const Output& out) {
  for (auto i = first; i < out.size(); ++i) {
    if (const auto* dial = std::get_if<Dial>(&out[i])) connections_[dial->connection] = peer;
    if (const auto* close = std::get_if<Close>(&out[i])) connections_.erase(close->connection);
  }
}

void Instance::tell(Now now, PeerId peer, const SessionInput& in, Output& out) {
  const auto found = sessions_.find(peer);
  if (found == sessions_.end()) return;
  const auto first = out.size();
  found->second->on_input(now, in, out);
  note_connections(peer, first, out);
}

/// To the session whose connection it is; what comes for one that is closed already is late, and nobody's.
template <class Event>
void Instance::pass_on(Now now, const Event& event, Output& out) {
  const auto found = connections_.find(event.connection);
  if (found != connections_.end()) tell(now, found->second, event, out);
}

void Instance::take(Now now, const Connected& in, Output& out) {
  pass_on(now, in, out);
}

void Instance::take(Now now, const DialFailed& in, Output& out) {
  pass_on(now, in, out);
  connections_.erase(in.connection);
}

void Instance::take(Now now, const Received& in, Output& out) {
  pass_on(now, in, out);
}

void Instance::take(Now now, const BytesTaken& in, Output& out) {
  pass_on(now, in, out);
}

void Instance::take(Now now, const Disconnected& in, Output& out) {
  pass_on(now, in, out);
  connections_.erase(in.connection);
}

void Instance::take(Now now, const AddressesChanged& in, Output& out) {
  pass_on(now, in, out);
}

void Instance::take(Now now, const SetPeer& in, Output& out) {
  if (stopped_) return;
  const auto found = sessions_.find(in.peer);
  if (found != sessions_.end() && found->second->settings() == in.settings) return;
  if (found == sessions_.end()) {
    sessions_.emplace(in.peer, std::make_unique<Session>(in.peer, in.settings, speaker_, log_));
  }
  tell(now, in.peer, Configured{in.settings}, out);
}

void Instance::take(Now now, const RemovePeer& in, Output& out) {
  tell(now, in.peer, Shutdown{Shutdown::Reason::kRemoved}, out);
  sessions_.erase(in.peer);
}

void Instance::take(Now now, const ConnectPeer& in, Output& out) {
  tell(now, in.peer, ConnectNow{}, out);
}

void Instance::take(Now now, const PeerLiveness& in, Output& out) {
  tell(now, in.peer, Liveness{in.up}, out);
}

void Instance::take(Now now, const Accepted& in, Output& out) {
  const auto found = std::find_if(sessions_.begin(), sessions_.end(),
                                  [&](const auto& entry) { return comes_from(in, entry.second->settings()); });
  if (found == sessions_.end() || stopped_) {
    // bgp spec 4.10
    ++strangers_;
    out.push_back(Send{in.connection, encode(Notification{ErrorCode::kCease, cease::kConnectionRejected, {}})});
    out.push_back(Close{in.connection, kLinger});
    return;
  }
  connections_[in.connection] = found->first;
  tell(now, found->first, AcceptedFor{in.connection, in.addresses}, out);
}

void Instance::take(Now, const Publish& in, Output&) {
  for (const auto& change : in.changes) {
    const auto route = speaker_.routes.set(change);
    if (!route) continue;
    for (const auto& [peer, session] : sessions_) session->changed(*route);
  }
  speaker_.publishing = in.more;
}

void Instance::take(Now, const ServicesKnown&, Output&) {
  speaker_.services_known = true;
}

void Instance::take(Now now, const Drain& in, Output& out) {
  speaker_.draining = true;
  for (const auto peer : peers()) tell(now, peer, in, out);
}

bool Instance::has_routes_out() const {
  return std::any_of(sessions_.begin(), sessions_.end(), [](const auto& entry) {
    return !entry.second->keeps_routes() && entry.second->rib().advertised() > 0;
  });
}

void Instance::take(Now now, const Stop& in, Output& out) {
  stopped_ = true;
  const auto reason = in.for_good ? Shutdown::Reason::kForGood : Shutdown::Reason::kRestart;
  for (const auto peer : peers()) tell(now, peer, Shutdown{reason}, out);
}

}  // namespace metallb::bgp
