// What a peer says, and what it is told; the rest of the state machine is in session.cpp.
#include <algorithm>
#include <utility>

#include "bgp/session.hpp"
#include "bgp/update_codec.hpp"

namespace metallb::bgp {
namespace {

/// So many bytes are handed to the socket ahead of what it takes; what is behind them still follows the newest wish. Enough
/// for ten thousand prefixes, so that their batch is mostly over, and its memory free, before another session begins its
/// own.
constexpr std::size_t kAhead = 65536;
/// RFC 9687, Section 3.4
constexpr Duration kSendHoldTime = std::chrono::minutes(8);

/// Without any capability there is IPv4 only.
CapabilitySet fewest_capabilities(const PeerSettings& settings) {
  const auto& families = settings.families;
  const bool ipv4 = std::find(families.begin(), families.end(), kIpv4Unicast) != families.end();
  return ipv4 ? CapabilitySet::kNone : CapabilitySet::kMinimal;
}

/// RFC 9384, also inside a hard reset (RFC 8538).
bool says_bfd_down(const Notification& notification) {
  const auto& [code, subcode, data] = notification;
  if (code != ErrorCode::kCease) return false;
  if (subcode == cease::kBfdDown) return true;
  return subcode == cease::kHardReset && data.size() >= 2 && data[0] == static_cast<std::uint8_t>(ErrorCode::kCease) &&
         data[1] == cease::kBfdDown;
}

Bytes copied(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace

void Session::take(SteadyPoint now, const Received& in, Output& out) {
  auto* connection = find(in.connection);
  if (connection == nullptr || connection->state == ConnectionState::kDialling) return;
  counters_.bytes_received += in.bytes.size();
  connection->stream.receive(in.bytes);
  // Every message may end the connection.
  for (; connection != nullptr; connection = find(in.connection)) {
    const auto framed = connection->stream.next(connection->decode_context());
    if (!framed) return fail(now, *connection, framed.error().notification, framed.error().reason, Retry::kLater, out);
    if (!framed->has_value()) return;
    count(counters_.received, (*framed)->type);
    handle(now, *connection, **framed, out);
  }
}

void Session::handle(SteadyPoint now, Connection& connection, const MessageStream::Framed& framed, Output& out) {
  const bool running = connection.state == ConnectionState::kEstablished;
  switch (framed.type) {
    case MessageType::kNotification: {
      const auto body = framed.message.subspan(kHeaderSize);
      return handle_notification(now, connection, {static_cast<ErrorCode>(body[0]), body[1], copied(body.subspan(2))}, out);
    }
    case MessageType::kOpen:
      return connection.state == ConnectionState::kOpenSent ? handle_open(now, connection, framed.message, out)
                                                            : unexpected(now, connection, out);
    case MessageType::kKeepalive:
      if (connection.state == ConnectionState::kOpenSent) return unexpected(now, connection, out);
      restart_hold_timer(now, connection);
      if (connection.state == ConnectionState::kOpenConfirm) establish(now, connection, out);
      return;
    case MessageType::kUpdate:
      return running ? handle_update(now, connection, framed.message, out) : unexpected(now, connection, out);
    case MessageType::kRouteRefresh:
      return running ? handle_route_refresh(now, connection, framed.message, out) : unexpected(now, connection, out);
  }
}

/// RFC 6608
void Session::unexpected(SteadyPoint now, Connection& connection, Output& out) {
  const auto subcode = connection.state == ConnectionState::kOpenSent      ? state_error::kInOpenSent
                       : connection.state == ConnectionState::kOpenConfirm ? state_error::kInOpenConfirm
                                                                           : state_error::kInEstablished;
  fail(now, connection, {ErrorCode::kFiniteStateMachine, subcode, {}}, "", Retry::kLater, out);
}

void Session::handle_open(SteadyPoint now, Connection& connection, ByteView message, Output& out) {
  const auto open = decode_open(message.subspan(kHeaderSize));
  if (!open) return fail(now, connection, open.error().notification, open.error().reason, Retry::kLater, out);
  auto agreed = negotiate(settings_, connection.sent, *open);
  if (!agreed) return fail(now, connection, agreed.error().notification, agreed.error().reason, Retry::kLater, out);
  connection.agreed = std::move(*agreed);
  if (!survives_collision(now, connection, *open, out)) return;
  connection.state = ConnectionState::kOpenConfirm;
  send(now, connection, Keepalive{}, out);
  // Without a hold time the long one of OpenSent still limits the wait for the peer's KEEPALIVE.
  if (connection.agreed.hold_time > Duration::zero()) restart_hold_timer(now, connection);
}

/// RFC 4271, Section 6.8, with RFC 6286, Section 2.3: of two connections one stays.
bool Session::survives_collision(SteadyPoint now, Connection& connection, const Open& open, Output& out) {
  const auto found = std::find_if(connections_.begin(), connections_.end(), [&](const auto& other) {
    return other.get() != &connection && other->state != ConnectionState::kDialling;
  });
  if (found == connections_.end()) return true;
  auto& other = **found;
  const Notification collision{ErrorCode::kCease, cease::kCollision, {}};
  bool stays = false;
  if (other.state == ConnectionState::kEstablished) {
    // RFC 4724, Section 5: a peer that restarts may be back before we saw its old connection end.
    stays = other.agreed.graceful_restart;
    if (stays) {
      note_error(now, "the peer restarted and connected anew");
      ++counters_.collisions;
      close(now, other, Duration::zero(), out);
      // The KEEPALIVE that makes the new session may follow in the same bytes.
      end(now, out);
      return true;
    }
  } else {
    const auto ours = std::pair(connection.sent.identifier, settings_.local_as);
    const auto theirs = std::pair(open.identifier, open.asn());
    stays = connection.dialled == (ours > theirs);
  }
  ++counters_.collisions;
  notify(now, stays ? other : connection, collision, out);
  return stays;
}

void Session::handle_notification(SteadyPoint now, Connection& connection, const Notification& notification, Output& out) {
  note_error(now, "received " + to_string(notification));
  log_.error({{"op", "bgp"}, {"event", "peerNotification"}, {"peer", settings_.name}, {"error", last_error_}});
  const bool established = connection.state == ConnectionState::kEstablished;
  auto retry = Retry::kLater;
  if (!established && refuses_capabilities(notification, connection.sent) &&
      capabilities_ != fewest_capabilities(settings_)) {
    // bgp spec 4.4: old routers refuse capabilities instead of ignoring them.
    capabilities_ = capabilities_ == CapabilitySet::kFull ? CapabilitySet::kMinimal : CapabilitySet::kNone;
    log_.warn({{"op", "bgp"},
               {"peer", settings_.name},
               {"error", last_error_},
               {"msg", "the peer refuses capabilities: the next attempt announces fewer"}});
    retry = Retry::kSoon;
  } else if (notification.code == ErrorCode::kOpenMessage && notification.subcode == open_error::kUnsupportedVersion) {
    retry = Retry::kSoon;
  } else if (established && connection.agreed.notification_restart &&
             !(notification.code == ErrorCode::kCease && notification.subcode == cease::kHardReset)) {
    // RFC 8538, Section 4: as if the connection had been lost.
    retry = Retry::kOnceNow;
  }
  // BFD's pace, as after our own verdict; it may have found the path again before this came.
  if (established && says_bfd_down(notification)) retry = Retry::kSoon;
  close(now, connection, Duration::zero(), out);
  rest(now, retry);
}

/// bgp spec 4.9: nothing is imported, so all that could be wrong with a route is only counted.
void Session::handle_update(SteadyPoint now, Connection& connection, ByteView message, Output& out) {
  restart_hold_timer(now, connection);
  const auto counts = count_update(message.subspan(kHeaderSize), connection.decode_context());
  if (!counts) return fail(now, connection, counts.error().notification, counts.error().reason, Retry::kLater, out);
  counters_.prefixes_announced += counts->announced;
  counters_.prefixes_withdrawn += counts->withdrawn;
  if (const auto& worst = counts->faults.worst) ++counters_.faulty_updates[static_cast<std::size_t>(worst->treatment)];
}

void Session::handle_route_refresh(SteadyPoint now, Connection& connection, ByteView message, Output& out) {
  restart_hold_timer(now, connection);
  const auto decoded = decode(message, connection.decode_context());
  if (!decoded) return fail(now, connection, decoded.error().notification, decoded.error().reason, Retry::kLater, out);
  const auto& refresh = std::get<RouteRefresh>(*decoded);
  // RFC 7313: begin and end of the peer's own dump mean nothing to who keeps no routes.
  if (refresh.kind != RouteRefresh::Kind::kRequest) return;
  refreshes_.ask(refresh.family);
  refreshes_.pass_on(now, rib_);
}

void Session::establish(SteadyPoint now, Connection& connection, Output& out) {
  const auto id = connection.id;
  // A second connection that has got less far, or a dial that is no longer needed.
  for (std::size_t i = connections_.size(); i-- > 0;) {
    if (connections_[i]->id == id) continue;
    ++counters_.collisions;
    notify(now, *connections_[i], {ErrorCode::kCease, cease::kCollision, {}}, out);
  }
  connection.state = ConnectionState::kEstablished;
  connect_at_ = kIdle;
  const auto& agreed = connection.agreed;
  SessionTerms terms;
  terms.families = agreed.families;
  terms.next_hops = next_hops(connection.addresses, agreed.ipv4_over_ipv6);
  terms.ipv4_over_ipv6 = agreed.ipv4_over_ipv6;
  terms.internal = agreed.internal;
  terms.local_as = settings_.local_as;
  terms.four_octet_as = agreed.four_octet_as;
  terms.maximum_message = agreed.extended_message ? kMaximumExtendedMessage : kMaximumMessage;
  terms.med = settings_.med;
  terms.end_of_rib = agreed.graceful_restart;
  terms.enhanced_route_refresh = agreed.enhanced_route_refresh;
  rib_.begin(std::move(terms));
  refreshes_.begin(agreed.families);
  if (speaker_.draining && !keeps_routes()) rib_.drain();
  restart_keepalive_timer(now, connection);
  // Nothing is imported, but dashboards that know the original look for these (bgp spec 3.6).
  if (!agreed.route_refresh) return;
  for (const auto& family : agreed.families) send(now, connection, RouteRefresh{family, RouteRefresh::Kind::kRequest}, out);
}

void Session::take(SteadyPoint, const AddressesChanged& in, Output&) {
  auto* connection = find(in.connection);
  if (connection == nullptr) return;
  connection->addresses = in.addresses;
  if (connection->state == ConnectionState::kEstablished) {
    rib_.set_next_hops(next_hops(in.addresses, connection->agreed.ipv4_over_ipv6));
    warn_of_missing_next_hops(*connection);
  }
}

// ---- timers of a connection ----

void Session::restart_hold_timer(SteadyPoint now, Connection& connection) {
  connection.hold_until = connection.agreed.hold_time > Duration::zero() ? now + connection.agreed.hold_time : kIdle;
}

void Session::restart_keepalive_timer(SteadyPoint now, Connection& connection) {
  const auto time = connection.agreed.keepalive_time;
  connection.keepalive_at = time > Duration::zero() ? now + std::max(kFastestKeepalive, spread(time)) : kIdle;
}

/// One at a time: while the last one waits for the peer to read, another would tell it nothing and only take memory.
void Session::send_keepalive(SteadyPoint now, Connection& connection, Output& out) {
  if (connection.queued_to_keepalive > 0) return restart_keepalive_timer(now, connection);
  send(now, connection, Keepalive{}, out);
}

// ---- sending ----

void Session::count(Counters::Messages& messages, MessageType type) {
  switch (type) {
    case MessageType::kOpen:
      ++messages.opens;
      return;
    case MessageType::kUpdate:
      ++messages.updates;
      return;
    case MessageType::kNotification:
      ++messages.notifications;
      return;
    case MessageType::kKeepalive:
      ++messages.keepalives;
      return;
    case MessageType::kRouteRefresh:
      ++messages.route_refreshes;
      return;
  }
}

void Session::send(SteadyPoint now, Connection& connection, const Message& message, Output& out) {
  auto bytes = encode(message);
  count(counters_.sent, static_cast<MessageType>(bytes[kHeaderSize - 1]));
  send(now, connection, std::move(bytes), out);
  if (!std::holds_alternative<Keepalive>(message)) return;
  restart_keepalive_timer(now, connection);
  connection.queued_to_keepalive = connection.queued;
}

void Session::send(SteadyPoint now, Connection& connection, Bytes bytes, Output& out) {
  counters_.bytes_sent += bytes.size();
  if (connection.queued == 0)
    connection.send_hold_until = now + std::max<Duration>(kSendHoldTime, 2 * connection.agreed.hold_time);
  connection.queued += bytes.size();
  out.push_back(Send{connection.id, std::move(bytes)});
}

void Session::take(SteadyPoint now, const BytesTaken& in, Output&) {
  auto* connection = find(in.connection);
  if (connection == nullptr || in.count == 0) return;
  connection->queued -= std::min(connection->queued, in.count);
  connection->queued_to_keepalive -= std::min(connection->queued_to_keepalive, in.count);
  connection->send_hold_until =
      connection->queued == 0 ? kIdle : now + std::max<Duration>(kSendHoldTime, 2 * connection->agreed.hold_time);
}

bool Session::has_room_and_work() const {
  const auto* connection = established();
  return connection != nullptr && connection->queued < kAhead && may_tell() && rib_.has_work();
}

/// What is withdrawn ahead of the end does not wait for a publisher who will not come to his end.
bool Session::may_tell() const {
  return rib_.draining() || speaker_.may_tell();
}

void Session::write_routes(SteadyPoint now, Output& out) {
  auto& connection = *established();
  const auto before = rib_.counters();
  Bytes bytes;
  rib_.write(kAhead - connection.queued, bytes);
  const auto& after = rib_.counters();
  counters_.sent.updates += after.updates - before.updates;
  counters_.sent.route_refreshes += after.route_refreshes - before.route_refreshes;
  counters_.unwritable += after.unwritable - before.unwritable;
  if (after.unwritable != before.unwritable && !std::exchange(warned_of_size_, true)) {
    log_.warn({{"op", "bgp"},
               {"event", "attributesTooLong"},
               {"peer", settings_.name},
               {"msg", "routes are not announced: their communities do not fit into one message; use fewer"}});
  }
  dumped_once_ |= rib_.initial_dump_done();
  refreshes_.note_ends(now, rib_);
  if (bytes.empty()) return;
  // RFC 4271, Section 4.4: an UPDATE says as much as a KEEPALIVE.
  if (connection.keepalive_at != kIdle) restart_keepalive_timer(now, connection);
  send(now, connection, std::move(bytes), out);
}

}  // namespace metallb::bgp
