#include "virtual_network.hpp"

#include <algorithm>
#include <utility>

#include "gossip/packet.hpp"

namespace metallb::gossip::test {

void LogLines::write(const LogRecord& record) {
  std::string line;
  for (const auto& field : record.fields) {
    const auto* text = std::get_if<std::string>(&field.value);
    const auto* number = std::get_if<std::int64_t>(&field.value);
    line += (line.empty() ? "" : " ") + std::string(field.key) + "=" +
            (text != nullptr     ? *text
             : number != nullptr ? std::to_string(*number)
                                 : "?");
  }
  lines.push_back(line);
}

std::size_t LogLines::count(std::string_view part) const {
  return static_cast<std::size_t>(
      std::count_if(lines.begin(), lines.end(), [&](const auto& line) { return line.find(part) != std::string::npos; }));
}

NonceSource counting_nonces(std::uint32_t first) {
  return [next = first]() mutable {
    Nonce nonce{};
    ++next;
    for (std::size_t i = 0; i < 4; ++i) nonce[i] = static_cast<std::uint8_t>(next >> (8 * i));
    return nonce;
  };
}

Key key_of(std::string_view secret) {
  return derive_key(Bytes(secret.begin(), secret.end()));
}

Settings classical() {
  Settings settings;
  settings.ring.enabled = false;
  return settings;
}

std::optional<MemberState> VirtualNetwork::Node::state_of(const std::string& other) const {
  for (const auto& member : core->members()) {
    if (member.name == other) return member.state;
  }
  return std::nullopt;
}

std::uint32_t VirtualNetwork::Node::incarnation_of(const std::string& other) const {
  for (const auto& member : core->members()) {
    if (member.name == other) return member.incarnation;
  }
  return 0;
}

std::optional<SteadyPoint> VirtualNetwork::Node::lost(const std::string& other, SteadyPoint from) const {
  for (const auto& [when, electorate] : electorates) {
    if (when >= from && !electorate.members.contains(other)) return when;
  }
  return std::nullopt;
}

VirtualNetwork::Node& VirtualNetwork::add(const std::string& name, Settings settings, KeyRing ring) {
  const auto number = static_cast<std::uint32_t>(std::stoul(name.substr(1)));
  return add_at(name, IpAddress::v4((10U << 24) + number), settings, std::move(ring));
}

VirtualNetwork::Node& VirtualNetwork::add_at(const std::string& name, const IpAddress& address, Settings settings,
                                             KeyRing ring) {
  auto& node = *nodes_.emplace(name, std::make_unique<Node>()).first->second;
  node.name = name;
  node.address = address;
  by_address_[address] = &node;
  restart(node, settings, std::move(ring));
  return node;
}

void VirtualNetwork::restart(Node& node, Settings settings, KeyRing ring) {
  Options options;
  options.node_name = node.name;
  options.address = node.address;
  options.settings = settings;
  options.ring = std::move(ring);
  options.nonces = counting_nonces(nonces_ += 1'000'000);
  options.seed = random_.below(1U << 30);
  node.core = std::make_unique<Instance>(std::move(options), Log(node.log));
  node.paused_until.reset();
  Output out;
  node.core->on_time({now_, {}}, out);
  handle(node, out);
}

void VirtualNetwork::move(Node& node, const IpAddress& address) {
  by_address_.erase(node.address);
  node.address = address;
  by_address_[address] = &node;
}

void VirtualNetwork::add_cluster(int count, const Settings& settings, const KeyRing& ring) {
  for (int i = 1; i <= count; ++i) {
    auto& node = add("n" + std::to_string(i), settings, ring);
    join(node, i == 1 ? std::vector<IpAddress>{} : std::vector{IpAddress::v4(10, 0, 0, 1)});
    run_for(Duration(static_cast<Duration::rep>(random_.below(static_cast<std::uint64_t>(Duration(1s).count()) / count))));
  }
  const auto complete = [&] {
    return std::all_of(nodes_.begin(), nodes_.end(),
                       [&](const auto& entry) { return entry.second->electorate().size() == nodes_.size(); });
  };
  run_until_true(60s, complete);
  // What is still being passed on has come to rest.
  run_for(5s + Duration(static_cast<Duration::rep>(random_.below(1'000'000'000))));
}

void VirtualNetwork::input(Node& node, const Input& in) {
  feed(node, in);
}

void VirtualNetwork::feed(Node& node, const Input& in) {
  if (!node.core) return;
  Output out;
  node.core->on_input({now_, {}}, in, out);
  handle(node, out);
}

void VirtualNetwork::handle(Node& node, Output& out) {
  for (auto& action : out) {
    if (auto* packet = std::get_if<SendPacket>(&action)) send_packet(node, *packet);
    if (const auto* wanted = std::get_if<Dial>(&action)) dial(node, *wanted);
    if (auto* data = std::get_if<SendStream>(&action)) send_stream(node, *data);
    if (const auto* close = std::get_if<CloseStream>(&action)) close_stream(node, close->stream);
    if (auto* electorate = std::get_if<ElectorateChanged>(&action))
      node.electorates.emplace_back(now_, std::move(*electorate));
    if (auto* seen = std::get_if<MemberSeen>(&action)) node.seen.emplace_back(now_, std::move(*seen));
    if (auto* joined = std::get_if<JoinFinished>(&action)) node.joins.push_back(std::move(*joined));
    if (std::holds_alternative<LeaveFinished>(action)) node.left.push_back(now_);
    if (const auto* question = std::get_if<AskWitness>(&action)) {
      at(now_ + 1ms, [this, &node, request = question->request] { feed(node, WitnessAnswered{request, node.witness}); });
    }
  }
}

VirtualNetwork::Node* VirtualNetwork::at_address(const IpAddress& address) {
  const auto it = by_address_.find(address);
  return it == by_address_.end() ? nullptr : it->second;
}

/// A process that pauses finds what came meanwhile when it goes on.
void VirtualNetwork::deliver(Node& to, std::function<void()> task) {
  if (to.paused_until) {
    to.backlog.push_back(std::move(task));
  } else {
    task();
  }
}

void VirtualNetwork::send_packet(Node& from, SendPacket& packet) {
  Sent sent{now_, from.name, packet.to, std::move(packet.packet)};
  if (tap) tap(sent);
  if (from.mute || (loss > 0 && random_.unit() < loss) || (filter && !filter(sent))) return;
  if (const auto guest = guests.find(packet.to.address); guest != guests.end()) {
    at(now_ + kLatency, [sent, receive = guest->second] { receive(sent); });
    return;
  }
  auto* to = at_address(packet.to.address);
  if (to == nullptr || !connected(from, *to)) return;
  at(now_ + kLatency, [this, &from, to, sent = std::move(sent)] {
    if (!to->core && to->refuses) return feed(from, Unreachable{sent.to});
    if (to->deaf) return;
    deliver(*to,
            [this, to, source = from.address, bytes = sent.packet] { feed(*to, PacketReceived{{source, 7946}, bytes}); });
  });
}

void VirtualNetwork::raw_packet(const Endpoint& from, Node& to, Bytes packet) {
  feed(to, PacketReceived{from, packet});
}

void VirtualNetwork::packet(const Endpoint& from, Node& to, const std::vector<PacketMessage>& messages,
                            const KeyRing& ring) {
  static const auto kNonces = counting_nonces(0xff000000);
  for (auto& bytes : encode_packets(messages, {}, ring, kNonces)) raw_packet(from, to, std::move(bytes));
}

void VirtualNetwork::dial(Node& from, const Dial& dial) {
  if (guests.contains(dial.to.address)) {
    auto stream = std::make_shared<TestStream>();
    stream->stream = dial.stream;
    stream->to = dial.to;
    stream->since = now_;
    test_streams_[dial.stream] = stream;
    dialled.push_back(std::move(stream));
    return;
  }
  auto* to = at_address(dial.to.address);
  at(now_ + kLatency, [this, &from, to, dial] {
    if (to == nullptr || !connected(from, *to)) return;  // nobody answers: the core's own deadline has to do
    if (!to->core) {
      if (to->refuses) feed(from, StreamEnded{dial.stream, "connection refused"});
      return;
    }
    const StreamId accepted{kAcceptedStream | ++accepted_};
    peers_[{&from, dial.stream}] = {to, accepted};
    peers_[{to, accepted}] = {&from, dial.stream};
    deliver(*to, [this, to, accepted, source = from.address] { feed(*to, StreamAccepted{accepted, {source, 40000}}); });
    at(now_ + kLatency,
       [this, &from, dial] { deliver(from, [this, &from, dial] { feed(from, StreamConnected{dial.stream}); }); });
  });
}

void VirtualNetwork::send_stream(Node& from, SendStream& data) {
  if (const auto it = test_streams_.find(data.stream); it != test_streams_.end()) {
    it->second->received.insert(it->second->received.end(), data.data.begin(), data.data.end());
    it->second->ended = it->second->ended || data.last;
    return;
  }
  const auto it = peers_.find({&from, data.stream});
  if (it == peers_.end()) return;
  auto [to, stream] = it->second;
  at(now_ + kLatency, [this, &from, to, stream, data = std::move(data)] {
    if (!connected(from, *to)) return;
    deliver(*to, [this, to, stream, data] {
      if (!peers_.contains({to, stream})) return;
      feed(*to, StreamReceived{stream, data.data});
      if (data.last && peers_.contains({to, stream})) feed(*to, StreamEnded{stream, {}});
    });
  });
}

void VirtualNetwork::close_stream(Node& from, StreamId stream) {
  if (const auto it = test_streams_.find(stream); it != test_streams_.end()) {
    it->second->closed = true;
    return;
  }
  const auto it = peers_.find({&from, stream});
  if (it == peers_.end()) return;
  auto [to, theirs] = it->second;
  peers_.erase(it);
  at(now_ + kLatency, [this, to, theirs] {
    deliver(*to, [this, to, theirs] {
      if (peers_.erase({to, theirs}) > 0) feed(*to, StreamEnded{theirs, {}});
    });
  });
}

std::shared_ptr<VirtualNetwork::TestStream> VirtualNetwork::connect(const Endpoint& from, Node& to) {
  auto stream = std::make_shared<TestStream>();
  stream->stream = StreamId(kAcceptedStream | ++accepted_);
  test_streams_[stream->stream] = stream;
  feed(to, StreamAccepted{stream->stream, from});
  return stream;
}

void VirtualNetwork::send(Node& to, const TestStream& stream, Bytes data) {
  feed(to, StreamReceived{stream.stream, data});
}

bool VirtualNetwork::step(SteadyPoint end) {
  auto next = events_.empty() ? kIdle : events_.begin()->first;
  for (const auto& [name, node] : nodes_) {
    if (!node->core) continue;
    next = std::min(next, node->paused_until ? *node->paused_until : std::max(now_, node->core->next_deadline()));
  }
  if (next > end) return false;
  now_ = std::max(now_, next);
  while (!events_.empty() && events_.begin()->first <= now_) {
    const auto task = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    task();
  }
  for (const auto& [name, node] : nodes_) {
    if (node->paused_until && *node->paused_until > now_) continue;
    const auto resumes = std::exchange(node->paused_until, std::nullopt).has_value();
    if (node->core && node->core->next_deadline() <= now_) {
      Output out;
      node->core->on_time({now_, {}}, out);
      handle(*node, out);
    }
    if (!resumes) continue;
    for (auto& task : std::exchange(node->backlog, {})) task();
  }
  return true;
}

void VirtualNetwork::run_until(SteadyPoint end) {
  while (step(end)) {
  }
  now_ = end;
}

bool VirtualNetwork::run_until_true(Duration at_most, const std::function<bool()>& condition) {
  const auto end = now_ + at_most;
  while (!condition()) {
    if (step(end)) continue;
    now_ = end;
    return condition();
  }
  return true;
}

std::vector<PacketMessage> messages_of(const Bytes& packet, const KeyRing& ring) {
  return decode_packet(packet, ring).messages;
}

Alive alive_message(const std::string& name, const IpAddress& address, std::uint32_t incarnation) {
  return {incarnation, name, to_wire(address), 7946, std::nullopt, Versions(kOwnVersions.begin(), kOwnVersions.end())};
}

PushPullEntry entry_of(const std::string& name, const IpAddress& address, std::uint32_t incarnation, MemberState state) {
  return {
      name, to_wire(address), 7946, incarnation, std::nullopt, state, Versions(kOwnVersions.begin(), kOwnVersions.end())};
}

}  // namespace metallb::gossip::test
