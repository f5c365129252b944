#include "sim/streams.hpp"

#include <algorithm>
#include <vector>

#include "sim/network.hpp"

namespace metallb::sim {
namespace {

constexpr Duration kFirstConnectTimeout = std::chrono::seconds(1);  // RFC 6298, Section 2
constexpr Duration kShortestTimeout = std::chrono::milliseconds(200);
constexpr int kAttempts = 12;
constexpr std::size_t kHeaders = 40;
/// So much is sent and lost together.
constexpr std::size_t kSegment = 8 * 1460;

Duration timeout(Duration first, int attempt) {
  return first * (1 << std::min(attempt, 6));
}

}  // namespace

void Streams::dial(Host& host, StreamSockets& user, gossip::StreamId stream, const gossip::Endpoint& to) {
  auto connection = std::make_shared<Connection>();
  auto& end = connection->ends[0];
  end.host = &host;
  end.user = &user;
  end.stream = stream;
  end.open = true;
  ends_[{&user, stream}] = {connection, 0};
  try_to_connect(connection, to, 0);
}

void Streams::try_to_connect(const Pointer& connection, const gossip::Endpoint& to, int attempt) {
  auto& end = connection->ends[0];
  if (!end.open || connection->established || !end.host->powered()) return;
  auto& timeline = network_.timeline;
  if (attempt == kAttempts)
    return tell(connection, 0, {.what = StreamNews::What::kEnded, .stream = end.stream, .error = "timed out"});
  timeline.after(timeout(kFirstConnectTimeout, attempt),
                 [this, connection, to, attempt] { try_to_connect(connection, to, attempt + 1); });
  auto* peer = network_.host_at(to.address);
  if (peer == nullptr) return;
  const auto there = network_.lan.carry(end.host->port(), peer->port(), kHeaders);
  if (!there) return;
  timeline.after(*there, [this, connection, to, peer] {
    auto& dialler = connection->ends[0];
    if (!peer->powered() || !dialler.open || connection->established) return;
    peer->hear(dialler.host->port());
    const auto back = network_.lan.carry(peer->port(), dialler.host->port(), kHeaders);
    if (!back) return;
    const bool listens = peer->sockets() != nullptr && peer->bound_port() == to.port;
    network_.timeline.after(*back, [this, connection, to, peer, listens] {
      connection->ends[0].host->hear(peer->port());
      if (listens) {
        establish(connection, to);
      } else {
        refuse(connection);
      }
    });
  });
}

void Streams::refuse(const Pointer& connection) {
  auto& end = connection->ends[0];
  tell(connection, 0, {.what = StreamNews::What::kEnded, .stream = end.stream, .error = "connection refused"});
}

void Streams::establish(const Pointer& connection, const gossip::Endpoint& to) {
  auto& dialler = connection->ends[0];
  if (!dialler.open || connection->established || !dialler.host->powered()) return;
  auto* peer = network_.host_at(to.address);
  auto* user = dynamic_cast<StreamSockets*>(peer->sockets());
  if (user == nullptr) return refuse(connection);
  connection->established = true;
  auto& other = connection->ends[1];
  other.host = peer;
  other.user = user;
  other.stream = gossip::StreamId(gossip::kAcceptedStream + ++accepted_);
  other.open = true;
  ends_[{user, other.stream}] = {connection, 1};
  user->on_stream({.what = StreamNews::What::kAccepted, .stream = other.stream, .from = {dialler.host->address(), 40000}});
  tell(connection, 0, {.what = StreamNews::What::kConnected, .stream = dialler.stream});
  pump(connection, 0);
}

void Streams::send(StreamSockets& user, gossip::StreamId stream, Bytes data, bool last) {
  const auto found = ends_.find({&user, stream});
  if (found == ends_.end()) return;
  const auto [connection, side] = found->second;
  auto& end = connection->ends[side];
  if (end.ending) return;
  for (std::size_t at = 0; at < data.size(); at += kSegment) {
    const auto size = std::min(kSegment, data.size() - at);
    const auto begin = data.begin() + static_cast<std::ptrdiff_t>(at);
    end.outbox.push_back({.data = Bytes(begin, begin + static_cast<std::ptrdiff_t>(size)), .end = false, .error = {}});
  }
  if (last) finish(connection, side, {});
  pump(connection, side);
}

void Streams::finish(const Pointer& connection, int side, std::string error) {
  auto& end = connection->ends[side];
  if (end.ending) return;
  end.ending = true;
  end.outbox.push_back({.data = {}, .end = true, .error = std::move(error)});
}

void Streams::close(StreamSockets& user, gossip::StreamId stream) {
  const auto found = ends_.find({&user, stream});
  if (found == ends_.end()) return;
  const auto [connection, side] = found->second;
  forget(connection, side);
  finish(connection, side, {});
  pump(connection, side);
}

void Streams::abandon(StreamSockets& user) {
  std::vector<std::pair<Pointer, int>> mine;
  for (auto it = ends_.lower_bound({&user, gossip::StreamId(0)}); it != ends_.end() && it->first.first == &user; ++it) {
    mine.push_back(it->second);
  }
  for (const auto& [connection, side] : mine) {
    forget(connection, side);
    auto& end = connection->ends[side];
    end.user = nullptr;
    end.ending = false;
    finish(connection, side, "connection reset by peer");
    pump(connection, side);
  }
}

void Streams::forget(const Pointer& connection, int side) {
  auto& end = connection->ends[side];
  end.open = false;
  end.outbox.clear();
  ends_.erase({end.user, end.stream});
}

void Streams::pump(const Pointer& connection, int side) {
  auto& end = connection->ends[side];
  if (!connection->established || end.busy || end.outbox.empty()) return;
  end.busy = true;
  transmit(connection, side, 0);
}

void Streams::transmit(const Pointer& connection, int side, int attempt) {
  auto& end = connection->ends[side];
  const auto& peer = connection->ends[1 - side];
  if (end.outbox.empty()) {  // closed meanwhile
    end.busy = false;
    return;
  }
  if (!end.host->powered()) return;
  if (attempt == kAttempts)
    return tell(connection, side, {.what = StreamNews::What::kEnded, .stream = end.stream, .error = "timed out"});
  const auto delay = network_.lan.carry(end.host->port(), peer.host->port(), end.outbox.front().data.size() + kHeaders);
  if (delay) {
    network_.timeline.after(*delay, [this, connection, side, attempt] { arrive(connection, side, attempt); });
  } else {
    network_.timeline.after(timeout(kShortestTimeout, attempt),
                            [this, connection, side, attempt] { transmit(connection, side, attempt + 1); });
  }
}

void Streams::arrive(const Pointer& connection, int side, int attempt) {
  auto& end = connection->ends[side];
  auto& peer = connection->ends[1 - side];
  if (!peer.host->powered()) {
    network_.timeline.after(timeout(kShortestTimeout, attempt),
                            [this, connection, side, attempt] { transmit(connection, side, attempt + 1); });
    return;
  }
  end.busy = false;
  peer.host->hear(end.host->port());
  if (end.outbox.empty()) return;  // closed meanwhile
  auto segment = std::move(end.outbox.front());
  end.outbox.pop_front();
  if (peer.open) {
    if (segment.end) {
      tell(connection, 1 - side, {.what = StreamNews::What::kEnded, .stream = peer.stream, .error = segment.error});
    } else {
      tell(connection, 1 - side,
           {.what = StreamNews::What::kReceived, .stream = peer.stream, .data = std::move(segment.data)});
    }
  } else if (!segment.end && end.open) {
    // Nobody wants it there any more: a reset comes back.
    tell(connection, side, {.what = StreamNews::What::kEnded, .stream = end.stream, .error = "connection reset by peer"});
  }
  pump(connection, side);
}

void Streams::tell(const Pointer& connection, int side, StreamNews news) {
  auto& end = connection->ends[side];
  if (!end.open) return;
  auto* user = end.user;
  if (news.what == StreamNews::What::kEnded) {
    end.open = false;
    ends_.erase({end.user, end.stream});
  }
  user->on_stream(std::move(news));
}

}  // namespace metallb::sim
